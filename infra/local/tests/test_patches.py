"""The launcher's corrections: what they do, and that they notice an emulator that changed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import queue
import socket
import socketserver
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import patches
from infra.local.cloud import MARKER, forget_half_saved, move_state
from infra.local.instance import CLIENT_ADDRESS_HEADER
from infra.local.mail import read_request
from infra.local.patches import PatchError


def test_the_pinned_emulator_still_has_every_name_that_is_corrected(tmp_path: Path) -> None:
    # In a process of its own: the corrections are for good.
    code = "import sys; from infra.local import launcher; from pathlib import Path; launcher.correct(*map(Path, sys.argv[1:]))"
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "log"), "unused", "unused"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "correct",
    [
        patches.real_events,
        lambda module: patches.keep_function_logs(module, Path("unused")),
        lambda module: patches.keep_mail(module, Path("unused")),
        patches.restart_streams,
        lambda module: patches.mark_saves(module, Path("unused"), "1"),
        patches.count_as_encrypted,
        lambda module: patches.rest_when_idle(module, module),
        lambda module: patches.speed_up(SimpleNamespace(StreamRequestHandler=module), module, module, module),
    ],
)
def test_a_renamed_part_is_a_sentence_that_names_it(correct: Any) -> None:
    with pytest.raises(PatchError, match=r"no emulator\._?\w+.*requirements\.txt"):
        correct(types.ModuleType("emulator"))


def test_a_replaced_part_of_another_kind_is_refused() -> None:
    with pytest.raises(PatchError, match="kind"):
        patches.replace(SimpleNamespace(limit=10), "limit", lambda: 10)


class Greeter(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"hello")


def waiting_server() -> Any:
    """A server as the emulator starts them, with the correction."""
    modules = SimpleNamespace(ThreadingTCPServer=socketserver.ThreadingTCPServer)
    worker = SimpleNamespace(_build_handler_class=lambda _self, _generation, pending: pending)
    patches.rest_when_idle(modules, SimpleNamespace(ProvidedWorker=worker, _PROVIDED_POLL=0.05))
    server = modules.ThreadingTCPServer(("127.0.0.1", 0), Greeter)
    server.daemon_threads = True
    server.serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    server.serving.start()
    return server


def test_an_idle_environments_server_sleeps_answers_and_ends_at_once() -> None:
    server = waiting_server()
    for _ in range(3):
        with socket.create_connection(server.server_address, timeout=5) as client:
            assert client.recv(100) == b"hello"
    before = time.monotonic()
    server.shutdown()
    server.server_close()
    server.serving.join(timeout=5)
    assert not server.serving.is_alive()
    assert time.monotonic() - before < 1


def test_a_server_that_was_only_closed_ends_with_the_next_caller() -> None:
    server = waiting_server()
    with socket.create_connection(server.server_address, timeout=5) as client:
        server.server_close()
        # The kernel resets the connection when the server has not accepted it yet.
        with contextlib.suppress(ConnectionResetError):
            client.recv(100)
    server.shutdown()
    server.serving.join(timeout=5)
    assert not server.serving.is_alive()


def test_an_idle_reader_wakes_for_work_at_once_and_seldom_without() -> None:
    inner: queue.Queue[str] = queue.Queue()
    reader = patches._Patient(inner)
    threading.Timer(0.05, inner.put, ["work"]).start()
    started = time.monotonic()
    assert reader.get(timeout=0.1) == "work"
    assert time.monotonic() - started < 1
    with pytest.raises(queue.Empty):
        reader.get(timeout=0.01)


def event(**headers: str) -> dict[str, Any]:
    return {"version": "2.0", "headers": headers, "requestContext": {"http": {"sourceIp": "127.0.0.1"}}}


def test_an_event_has_the_clients_address_and_its_cookies_as_a_list() -> None:
    shaped = event(**{CLIENT_ADDRESS_HEADER: "203.0.113.9", "cookie": 'a=1;  b="x=y"; ', "accept": "*/*"})
    patches.shape_event(shaped)
    assert shaped["requestContext"]["http"]["sourceIp"] == "203.0.113.9"
    assert shaped["cookies"] == ["a=1", 'b="x=y"']
    assert shaped["headers"] == {"accept": "*/*"}


def test_other_events_stay_as_they_are() -> None:
    for other in ({"Records": [{"body": "{}"}]}, {"version": "2.0"}, event()):
        before = json.dumps(other)
        patches.shape_event(other)
        assert json.dumps(other) == before


def test_a_functions_lines_reach_the_file_and_the_queue_once(tmp_path: Path) -> None:
    class ProvidedWorker:
        func_name = "tasks-get"

        def _pump_output(self, stream: list[str], log_queue: Any) -> None:
            for line in stream:
                try:
                    log_queue.put_nowait(line)
                except queue.Full:
                    log_queue.get_nowait()
                    log_queue.put_nowait(line)

    runtime = SimpleNamespace(ProvidedWorker=ProvidedWorker)
    patches.keep_function_logs(runtime, tmp_path / "log")
    lines: queue.Queue[str] = queue.Queue(maxsize=1)
    ProvidedWorker()._pump_output(["one", "two"], lines)
    assert lines.get_nowait() == "two"
    assert [line.split(" ", 1)[1] for line in (tmp_path / "log").read_text().splitlines()] == ["tasks-get one", "tasks-get two"]


SIMPLE = {
    "FromEmailAddress": "Spacedly <no-reply@spacedly.example>",
    "Destination": {"ToAddresses": ["ada@example.com"], "CcAddresses": ["c@example.com"]},
    "ConfigurationSetName": "spacedly",
    "EmailTags": [{"Name": "kind", "Value": "reminder"}],
    "Content": {
        "Simple": {
            "Subject": {"Data": "Grüße"},
            "Body": {"Text": {"Data": "text"}, "Html": {"Data": "<p>html</p>"}},
            "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://x>"}],
        }
    },
}


def test_a_mail_is_kept_whole() -> None:
    message = read_request(SIMPLE, 1_800_000_000.5)
    assert message["to"] == "ada@example.com"
    assert message["subject"] == "Grüße"
    assert (message["text"], message["html"]) == ("text", "<p>html</p>")
    assert message["headers"] == [{"name": "List-Unsubscribe", "value": "<https://x>"}]
    assert message["tags"] == {"kind": "reminder"}
    assert message["sentAt"] == "2027-01-15T08:00:00.500Z"


def test_a_raw_mail_is_read_too() -> None:
    raw = (
        "From: a@example.com\r\nTo: b@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nplain\r\n'
        "--x\r\nContent-Type: text/html\r\n\r\n<b>rich</b>\r\n--x--\r\n"
    )
    message = read_request({"Content": {"Raw": {"Data": base64.b64encode(raw.encode()).decode()}}}, 0)
    assert (message["to"], message["from"], message["subject"]) == ("b@example.com", "a@example.com", "Grüße")
    assert (message["text"].strip(), message["html"].strip()) == ("plain", "<b>rich</b>")


@pytest.mark.parametrize(("status", "kept"), [(200, 1), (400, 0)])
def test_only_accepted_mails_are_kept(tmp_path: Path, status: int, kept: int) -> None:
    async def handle_request(*_: Any) -> Any:
        return status, {}, b"{}"

    ses = SimpleNamespace(handle_request=handle_request)
    patches.keep_mail(ses, tmp_path / "mailbox")
    answer = asyncio.run(ses.handle_request("POST", "/v2/email/outbound-emails", {}, json.dumps(SIMPLE).encode(), {}))
    assert answer[0] == status
    file = tmp_path / "mailbox"
    assert len(file.read_text().splitlines() if file.exists() else []) == kept


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"Destination": {"ToAddresses": ["ada@xn--bcher-kva.example"]}}, None),
        ({"Destination": {"ToAddresses": ["\u00fcnal@example.com"]}}, "Local address contains control or whitespace"),
        ({"Destination": {"ToAddresses": ["ada@b\u00fccher.example"]}}, "Domain contains illegal character"),
        ({"Destination": {"ToAddresses": ["ada"]}}, "Missing final '@domain'"),
        ({"Destination": {"BccAddresses": ["ada@b\u00fccher.example"]}}, "Domain contains illegal character"),
        ({"FromEmailAddress": "Spacedly <no-reply@b\u00fccher.example>"}, "Domain contains illegal character"),
        ({"FromEmailAddress": ""}, "Missing final '@domain'"),
        ({"ReplyToAddresses": ["\u00fcnal@example.com"]}, "Local address contains control or whitespace"),
    ],
)
def test_mail_is_refused_where_ses_refuses_it(tmp_path: Path, changes: dict[str, Any], refusal: str | None) -> None:
    async def handle_request(*_: Any) -> Any:
        return 200, {}, b"{}"

    ses = SimpleNamespace(handle_request=handle_request, _json_err=lambda code, message: (400, {}, f"{code}: {message}"))
    patches.refuse_mail(ses)
    patches.keep_mail(ses, tmp_path / "mailbox")
    body = json.dumps({**SIMPLE, **changes}).encode()
    answer = asyncio.run(ses.handle_request("POST", "/v2/email/outbound-emails", {}, body, {}))
    assert answer == ((200, {}, b"{}") if refusal is None else (400, {}, f"BadRequestException: {refusal}"))
    assert (tmp_path / "mailbox").exists() == (refusal is None)


def test_a_restored_stream_is_read_from_its_start() -> None:
    streams, others = SimpleNamespace(_data={}), SimpleNamespace(_data={})
    lambda_svc = SimpleNamespace(
        _dynamodb_stream_positions=streams, _restore_esm_positions=lambda store, positions: store._data.update(positions)
    )
    patches.restart_streams(lambda_svc)
    lambda_svc._restore_esm_positions(streams, {"mapping": 41})
    lambda_svc._restore_esm_positions(others, {"mapping": 41})
    assert (streams._data, others._data) == ({"mapping": 0}, {"mapping": 41})


def test_state_of_an_interrupted_save_is_dropped_and_whole_state_kept(tmp_path: Path) -> None:
    state, marker = tmp_path / "cloud", tmp_path / "cloud" / MARKER
    state.mkdir()
    assert not forget_half_saved(state), "there is nothing yet"

    def save_all(_services: Any) -> None:
        assert not marker.exists(), "while saving, the state does not count as whole"
        (state / "dynamodb.json").write_text("{}")

    app = SimpleNamespace(save_all=save_all)
    patches.mark_saves(app, marker, "4566")
    app.save_all({})
    assert not forget_half_saved(state)
    assert (state / "dynamodb.json").exists()
    marker.unlink()
    assert forget_half_saved(state)
    assert list(state.iterdir()) == []


def test_state_moves_to_another_port_but_users_texts_stay(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("4566")
    text = '"http://localhost:4566/q http://127.0.0.1:4566 http://127.0.0.1:45660 4566"'
    for name in ("sqs.json", "dynamodb.json"):
        (tmp_path / name).write_text(text)
    move_state(tmp_path, 4567)
    assert (tmp_path / "sqs.json").read_text() == text.replace("4566/", "4567/").replace("127.0.0.1:4566 ", "127.0.0.1:4567 ")
    assert (tmp_path / "dynamodb.json").read_text() == text
    assert (tmp_path / MARKER).read_text() == "4567"
