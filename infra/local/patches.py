"""Corrections to the emulator (MiniStack) where it differs from AWS or is slow; the launcher applies them.

Each correction replaces one name inside the emulator, after a check that the name still exists as in the version that
requirements.txt pins. After an upgrade that renames something, the start fails with a message instead of running
without the correction.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .instance import CLIENT_ADDRESS_HEADER
from .mail import read_request


class PatchError(Exception):
    """The emulator no longer has what a correction replaces."""


def require(owner: Any, name: str) -> Any:
    """The attribute `name` of `owner`; raises a PatchError that names both if it does not exist."""
    try:
        return getattr(owner, name)
    except AttributeError:
        where = getattr(owner, "__name__", repr(owner))
        raise PatchError(
            f"This MiniStack has no {where}.{name}. infra/local/patches.py was written for the version in "
            "requirements.txt: pin that one again, or adapt the correction."
        ) from None


def replace(owner: Any, name: str, value: Any) -> Any:
    """Sets an attribute that must exist; returns its previous value."""
    before = require(owner, name)
    if callable(before) != callable(value):
        raise PatchError(f"MiniStack's {name} is no longer of the kind that infra/local/patches.py replaces.")
    setattr(owner, name, value)
    return before


def speed_up(socketserver: Any, runtime: Any, scheduler: Any, hypercorn_config: Any) -> None:
    """Makes a warm call take 12 ms instead of 100, and a schedule fire within 0.3 s instead of 10.

    The runtime API sends small responses without waiting for an acknowledgement (Nagle's algorithm), the collector of log
    lines waits 4 ms for the first line instead of 50, and connections are not closed after 1,000 requests.
    """
    replace(socketserver.StreamRequestHandler, "disable_nagle_algorithm", True)
    drain = require(require(runtime, "Worker"), "_drain_stderr_bounded")
    if len(drain.__defaults__ or ()) != 3:
        raise PatchError("MiniStack's Worker._drain_stderr_bounded no longer takes three waiting times.")
    drain.__defaults__ = (0.004, 0.002, 0.25)
    replace(scheduler, "_SCHEDULE_TICK_INTERVAL", 0.25)
    replace(hypercorn_config, "keep_alive_max_requests", 10**9)
    # A stop does not wait for the functions' idle connections.
    replace(hypercorn_config, "graceful_timeout", 0.5)
    # API Gateway sends no `Server` header.
    replace(hypercorn_config, "include_server_header", False)


class _Patient:
    """A queue whose reader blocks until an item arrives, instead of polling ten times per second."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def get(self, timeout: float) -> Any:
        # `Empty` makes the reader check whether its function is still needed.
        return self._inner.get(timeout=50 * timeout)


def rest_when_idle(socketserver: Any, runtime: Any) -> None:
    """Lets the idle environment of a function sleep until it has work.

    The emulator has two threads for each environment, a server and a reader, which poll ten times per second. After the
    machine has paused, hundreds of environments wake at the same moment, stay in step, and compete for the
    interpreter's lock: repeatedly, no request was answered for 13 to 45 seconds.
    """
    worker = require(runtime, "ProvidedWorker")
    build = require(worker, "_build_handler_class")
    replace(worker, "_build_handler_class", lambda self, generation, pending: build(self, generation, _Patient(pending)))
    # How often a running call checks whether its process died; its response wakes it anyway.
    replace(runtime, "_PROVIDED_POLL", 0.5)

    class WaitingServer(require(socketserver, "ThreadingTCPServer")):  # type: ignore[misc]
        """Sleeps in `accept`; `shutdown` wakes it by connecting."""

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)
            self._ending, self._ended = threading.Event(), threading.Event()

        def serve_forever(self, **_polling: Any) -> None:
            try:
                while not self._ending.is_set() and self.fileno() >= 0:
                    self._serve_one()
            finally:
                self._ended.set()

        def _serve_one(self) -> None:
            try:
                request, address = self.get_request()
            except OSError:
                # The caller disconnected before it was accepted, or the server was closed.
                return
            if self._ending.is_set():
                self.shutdown_request(request)
                return
            try:
                self.process_request(request, address)
            except Exception:
                self.handle_error(request, address)
                self.shutdown_request(request)

        def shutdown(self) -> None:
            self._ending.set()
            with contextlib.suppress(OSError):
                socket.create_connection(self.server_address, timeout=1).close()
            self._ended.wait(2)

    replace(socketserver, "ThreadingTCPServer", WaitingServer)


def shape_event(event: dict[str, Any]) -> None:
    """Converts the emulator's HTTP event to API Gateway's: the client's address, and the cookies in a separate list."""
    headers = event.get("headers")
    http = event.get("requestContext", {}).get("http")
    if event.get("version") != "2.0" or not isinstance(headers, dict) or not isinstance(http, dict):
        return
    address = headers.pop(CLIENT_ADDRESS_HEADER, None)
    if address:
        http["sourceIp"] = address
    cookies = headers.pop("cookie", None)
    if cookies:
        event["cookies"] = [cookie for cookie in (part.strip() for part in cookies.split(";")) if cookie]


def real_events(lambda_svc: Any) -> None:
    """Passes every HTTP event through `shape_event` on its way to a function."""
    execute = require(lambda_svc, "_execute_function_with_config_scope")

    @functools.wraps(execute)
    def shaped(function: Any, event: Any, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(event, dict):
            shape_event(event)
        return execute(function, event, *arguments, **keywords)

    replace(lambda_svc, "_execute_function_with_config_scope", shaped)


class _Tee:
    """The queue of a function's log lines, which also writes each to a file."""

    def __init__(self, inner: Any, write: Callable[[str], None]) -> None:
        self._inner = inner
        self._write = write

    def put_nowait(self, line: str) -> None:
        self._write(line)
        self._inner.put_nowait(line)

    def get_nowait(self) -> str:
        return self._inner.get_nowait()


def keep_function_logs(runtime: Any, file: Path) -> None:
    """Writes the output of the functions to one file as well, each line with the function's name."""
    worker = require(runtime, "ProvidedWorker")
    pump = require(worker, "_pump_output")
    output = open(file, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - open as long as the process lives

    def pump_and_keep(self: Any, stream: Any, log_queue: Any) -> None:
        def write(line: str) -> None:
            # A put that finds the queue full is repeated; the line must be written only once.
            if line is not write.last:  # type: ignore[attr-defined]
                write.last = line  # type: ignore[attr-defined]
                output.write(f"{time.strftime('%H:%M:%S')} {self.func_name} {line}\n")

        write.last = None  # type: ignore[attr-defined]
        pump(self, stream, _Tee(log_queue, write))

    replace(worker, "_pump_output", pump_and_keep)


def keep_mail(ses_v2: Any, file: Path) -> None:
    """Stores every accepted mail completely, with its headers, as one line of JSON; it survives a restart."""
    handle = require(ses_v2, "handle_request")

    @functools.wraps(handle)
    async def handle_and_keep(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        response = await handle(method, path, headers, body, query)
        if method == "POST" and path.rstrip("/").endswith("/outbound-emails") and response[0] == 200:
            message = {"id": str(uuid.uuid4()), **read_request(json.loads(body), time.time())}
            with open(file, "a", encoding="utf-8") as mailbox:
                mailbox.write(json.dumps(message) + "\n")
        return response

    replace(ses_v2, "handle_request", handle_and_keep)


def _refusal(address: str) -> str | None:
    """SES's error for an address that it does not accept: it takes ASCII only, internationalized domains as `xn--…`."""
    local, at, domain = address.rpartition("<")[2].rstrip("> ").rpartition("@")
    if not at or not local or not domain:
        return "Missing final '@domain'"
    if not local.isascii():
        return "Local address contains control or whitespace"
    if not domain.isascii():
        return "Domain contains illegal character"
    return None


def refuse_mail(ses_v2: Any) -> None:
    """Rejects mail from or to an address that SES rejects, and does not store it."""
    handle = require(ses_v2, "handle_request")
    error = require(ses_v2, "_json_err")

    @functools.wraps(handle)
    async def handle_deliverable(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/outbound-emails"):
            request = json.loads(body)
            recipients = request.get("Destination") or {}
            lists = [recipients.get(name) or [] for name in ("ToAddresses", "CcAddresses", "BccAddresses")]
            senders = [request.get("FromEmailAddress") or "", *(request.get("ReplyToAddresses") or [])]
            for address in [*senders, *(address for addresses in lists for address in addresses)]:
                refusal = _refusal(address)
                if refusal:
                    return error("BadRequestException", refusal)
        return await handle(method, path, headers, body, query)

    replace(ses_v2, "handle_request", handle_deliverable)


def restart_streams(lambda_svc: Any) -> None:
    """Lets a restored event source mapping of a stream read from the start.

    The emulator saves the position of a mapping, but not the stream: the mapping would wait for record number N of a
    stream that begins again at zero.
    """
    restore = require(lambda_svc, "_restore_esm_positions")
    streams = require(lambda_svc, "_dynamodb_stream_positions")

    def restore_at_start(store: Any, positions: Any) -> None:
        restore(store, positions)
        if store is streams:
            for key in list(store._data):
                store._data[key] = 0

    require(streams, "_data")
    replace(lambda_svc, "_restore_esm_positions", restore_at_start)


def mark_saves(app: Any, marker: Path, port: str) -> None:
    """Marks completed saves: the marker file exists only if the saved state is complete.

    It contains the port that the saved addresses have.
    """
    save = require(app, "save_all")

    def save_and_mark(services: Any) -> None:
        marker.unlink(missing_ok=True)
        save(services)
        partial = marker.with_suffix(".new")
        partial.write_text(port)
        os.replace(partial, marker)

    replace(app, "save_all", save_and_mark)


def count_as_encrypted(app: Any) -> None:
    """Treats requests as made over TLS, as they are on AWS, so that the policies which require TLS stay in force."""
    pin = require(app, "pin_request_origin")
    replace(app, "pin_request_origin", lambda address, _encrypted: pin(address, True))
