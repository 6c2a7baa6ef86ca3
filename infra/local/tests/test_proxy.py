"""The proxy against a server of its own, and the mailbox behind it. No sleeps: servers say when they listen."""

from __future__ import annotations

import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.instance import CLIENT_ADDRESS_HEADER, Instance
from infra.local.proxy import MAX_BODY, ProxyServer


class Upstream(BaseHTTPRequestHandler):
    """Answers every method with what it got; two cookies, and a body that /chunks sends in pieces."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self._read()
        seen = {
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "size": len(body),
        }
        payload = json.dumps(seen).encode()
        self.send_response(418, "Teapot")
        self.send_header("Set-Cookie", "a=1; Path=/")
        self.send_header("Set-Cookie", "b=2; Path=/")
        self.send_header("ETag", '"7"')
        if self.path.endswith("/chunks"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (payload[:10], payload[10:]):
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Setting:
    """A proxy in front of a server."""

    def __init__(self, base: Path, name: str) -> None:
        self.upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
        self.upstream.daemon_threads = True
        threading.Thread(target=self.upstream.serve_forever, args=(0.01,), daemon=True).start()
        self.instance = Instance(name, base, free_port(), self.upstream.server_address[1], 1)
        self.instance.make_directories()
        self.requests: queue.Queue[tuple[str, str, int]] = queue.Queue()
        self.proxy = ProxyServer(self.instance, lambda method, path, status, _: self.requests.put((method, path, status)))
        assert self.proxy.start()

    def close(self) -> None:
        self.proxy.stop()
        self.upstream.shutdown()
        self.upstream.server_close()

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.instance.port, timeout=10)
        chunked = body is not None and not isinstance(body, bytes)
        connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        response = connection.getresponse()
        response.text = response.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return response


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    made = Setting(tmp_path, "local")
    yield made
    made.close()


def headers_seen(response: Any) -> dict[str, str]:
    return dict(json.loads(response.text)["headers"])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROBNICATE"])
def test_any_method_passes(setting: Setting, method: str) -> None:
    response = setting.ask(method, "/api/tasks")
    assert response.status == 418
    assert json.loads(response.text)["method"] == method
    assert setting.requests.get(timeout=10) == (method, "/api/tasks", 418)


def test_head_has_headers_and_no_body(setting: Setting) -> None:
    response = setting.ask("HEAD", "/api/tasks")
    assert (response.status, response.text) == (418, "")
    assert int(response.headers["Content-Length"]) > 0


def test_every_cookie_and_header_comes_through_and_none_is_added(setting: Setting) -> None:
    response = setting.ask("GET", "/")
    assert response.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert {name.lower() for name in response.headers} == {"server", "date", "set-cookie", "etag", "content-length"}


def test_path_and_query_arrive_as_they_were_sent(setting: Setting) -> None:
    seen = json.loads(setting.ask("GET", "/api/a%2Fb%20c?x=%C3%BC&x=2&y=a+b").text)
    assert seen["path"].endswith("/$default/api/a%2Fb%20c?x=%C3%BC&x=2&y=a+b")


def test_headers_of_proxies_do_not_change_the_client_address(setting: Setting) -> None:
    forged = {CLIENT_ADDRESS_HEADER: "6.6.6.6", "X-Forwarded-For": "6.6.6.6"}
    seen = headers_seen(setting.ask("GET", "/", headers=forged))
    assert seen[CLIENT_ADDRESS_HEADER] == "127.0.0.1"
    assert seen["x-forwarded-for"] == "6.6.6.6, 127.0.0.1"


def test_a_test_chooses_its_client_address(setting: Setting) -> None:
    seen = headers_seen(setting.ask("GET", "/", headers={"X-Test-Client-Address": "198.51.100.7"}))
    assert seen[CLIENT_ADDRESS_HEADER] == "198.51.100.7"
    assert "x-test-client-address" not in seen


def test_headers_of_the_connection_stay_on_it(setting: Setting) -> None:
    seen = headers_seen(setting.ask("GET", "/", headers={"Connection": "close", "TE": "trailers", "Accept": "text/plain"}))
    assert seen["accept"] == "text/plain"
    assert not {"te", "connection"} & seen.keys()


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_of_every_size_pass_up_to_the_gateways_limit(setting: Setting, chunked: bool) -> None:
    for size, status in ((0, 418), (1, 418), (300_000, 418), (MAX_BODY, 418), (MAX_BODY + 1, 413)):
        body: Any = b"x" * size
        if chunked:
            body = iter([body[start : start + 65_536] for start in range(0, size, 65_536)])
        response = setting.ask("POST", "/api", body)
        assert response.status == status, size
        if status == 418:
            assert json.loads(response.text)["size"] == size
        else:
            assert json.loads(response.text) == {"message": "Request Entity Too Large"}


def test_an_answer_in_pieces_arrives_whole(setting: Setting) -> None:
    assert json.loads(setting.ask("GET", "/chunks").text)["method"] == "GET"


def test_a_head_beyond_the_gateways_limit_is_refused(setting: Setting) -> None:
    assert setting.ask("GET", "/", headers={"X-Long": "x" * 11_000}).status == 431


def test_a_header_with_a_control_character_is_a_bad_request(setting: Setting) -> None:
    for value in ("a\x7fb", "a\x01b"):
        assert setting.ask("GET", "/", headers={"X-Odd": value}).status == 400


def test_many_requests_share_one_connection(setting: Setting) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", setting.instance.port, timeout=10)
    for _ in range(50):
        connection.request("GET", "/api/tasks")
        assert connection.getresponse().read()
    connection.close()


def test_a_cloud_that_is_down_is_a_502_in_the_apis_shape(setting: Setting) -> None:
    setting.upstream.shutdown()
    setting.upstream.server_close()
    response = setting.ask("POST", "/api/tasks", b"{}")
    assert response.status == 502
    answer = json.loads(response.text)
    assert (answer["success"], answer["code"]) == (False, "BAD_GATEWAY")
    assert answer["message"]


def test_a_taken_port_is_told(setting: Setting, tmp_path: Path) -> None:
    assert not ProxyServer(Instance("local", tmp_path, setting.instance.port, 1, 1), lambda *_: None).start()


def mail(number: int, to: str = "ada@example.com") -> dict[str, Any]:
    texts = {"text": "text", "html": "<script>alert(1)</script><p>Hi</p>", "subject": f"Mail {number}"}
    return {
        "id": f"m{number}",
        "to": to,
        "from": "s@example.com",
        "cc": "",
        "headers": [],
        "sentAt": "2027-01-15T08:00:00Z",
        **texts,
    }


def put(setting: Setting, *messages: dict[str, Any]) -> None:
    with open(setting.instance.mailbox, "a") as file:
        file.writelines(json.dumps(message) + "\n" for message in messages)


def test_mails_are_listed_newest_first_and_by_recipient(setting: Setting) -> None:
    assert json.loads(setting.ask("GET", "/mailbox/messages").text) == []
    put(setting, mail(1), mail(2, "Bob <BOB@example.com>, ada@example.com"))
    listed = json.loads(setting.ask("GET", "/mailbox/messages").text)
    assert [message["id"] for message in listed] == ["m2", "m1"]
    put(setting, mail(3))
    found = json.loads(setting.ask("GET", "/mailbox/messages?to=bob%40example.com").text)
    assert [message["id"] for message in found] == ["m2"]
    assert json.loads(setting.ask("GET", "/mailbox/messages?to=example.com").text) == []
    assert json.loads(setting.ask("GET", "/mailbox/messages/m3").text)["subject"] == "Mail 3"


def test_summaries_have_no_bodies_and_are_sent_once(setting: Setting) -> None:
    put(setting, mail(1), mail(2))
    first = setting.ask("GET", "/mailbox/summaries")
    expected = {"id": "m2", "to": "ada@example.com", "subject": "Mail 2", "sentAt": "2027-01-15T08:00:00Z"}
    assert json.loads(first.text)[0] == expected
    tag = {"If-None-Match": first.headers["ETag"]}
    again = setting.ask("GET", "/mailbox/summaries", headers=tag)
    assert (again.status, again.text) == (304, "")
    put(setting, mail(3))
    assert setting.ask("GET", "/mailbox/summaries", headers=tag).status == 200


def test_mails_are_deleted_by_the_page_itself_only(setting: Setting) -> None:
    put(setting, mail(1))
    assert setting.ask("DELETE", "/mailbox/messages", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert len(json.loads(setting.ask("GET", "/mailbox/messages").text)) == 1
    assert setting.ask("DELETE", "/mailbox/messages", headers={"Sec-Fetch-Site": "same-origin"}).status == 204
    assert json.loads(setting.ask("GET", "/mailbox/messages").text) == []
    put(setting, mail(2))
    assert len(json.loads(setting.ask("GET", "/mailbox/messages").text)) == 1


@pytest.mark.parametrize("host", ["localhost:3000", "[::1]:3000", "localhost"])
def test_the_mailbox_is_served_on_localhost(setting: Setting, host: str) -> None:
    assert setting.ask("GET", "/mailbox/messages", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example:3000", "evil.example", "localhost.evil.example:3000", ""])
def test_a_page_whose_name_was_rebound_to_this_machine_reads_no_mail(setting: Setting, host: str) -> None:
    put(setting, mail(1))
    for path in ("/mailbox", "/mailbox/messages", "/mailbox/summaries", "/mailbox/messages/m1"):
        response = setting.ask("GET", path, headers={"Host": host})
        assert (response.status, "Mail 1" in response.text) == (421, False)


def test_a_line_that_is_not_yet_whole_waits(setting: Setting) -> None:
    with open(setting.instance.mailbox, "w") as file:
        file.write(json.dumps(mail(1)))
        file.flush()
        assert json.loads(setting.ask("GET", "/mailbox/messages").text) == []
        file.write("\n{cut off by a kill\n")
    assert [message["id"] for message in json.loads(setting.ask("GET", "/mailbox/messages").text)] == ["m1"]


def test_a_mails_html_runs_nothing(setting: Setting) -> None:
    put(setting, mail(1))
    response = setting.ask("GET", "/mailbox/messages/m1/html")
    assert "<p>Hi</p>" in response.text
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_the_page_needs_nothing_from_elsewhere(setting: Setting) -> None:
    for path in ("/mailbox", "/mailbox/page.js", "/mailbox/page.css"):
        response = setting.ask("GET", path)
        assert response.status == 200
        assert "http://" not in response.text
        assert "https://" not in response.text
        assert "'unsafe" not in response.headers["Content-Security-Policy"]


def test_a_browser_gets_its_icons(setting: Setting) -> None:
    response = setting.ask("GET", "/mailbox")
    assert 'rel="icon" href="data:' in response.text
    assert "img-src data:" in response.headers["Content-Security-Policy"]
    assert (setting.ask("GET", "/favicon.ico").status, setting.requests.empty()) == (204, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/mailbox", 405), ("GET", "/mailbox/messages/none", 404), ("GET", "/mailbox/../x", 404)],
)
def test_the_mailbox_refuses_the_rest(setting: Setting, method: str, path: str, status: int) -> None:
    assert setting.ask(method, path).status == status
