"""The reverse proxy that presents the emulated HTTP API as clients see it on AWS: http://localhost:3000/api.

It streams requests and responses unchanged. Like API Gateway, it adds the client's address and the forwarding headers,
and returns the gateway's own errors beyond its limits. It does not change security headers, which the functions set, or
CORS, which the emulated gateway handles. It serves the mailbox below /mailbox, a page of links for browsers at /, and
returns 204 for /favicon.ico.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import aiohttp
import yarl

from . import start_page
from .instance import CLIENT_ADDRESS_HEADER, TEST_CLIENT_HEADER, Instance
from .mailbox import Mailbox
from .serving import Server

Headers = list[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# Called for each finished request: method, path, status, milliseconds.
OnRequest = Callable[[str, str, int, float], None]

# API Gateway's quotas: the request body, the request line with the headers, and the time for a response.
MAX_BODY = 10 * 1024 * 1024
MAX_HEAD = 10_240
TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)

# The gateway refuses a header with a control character other than a tab (RFC 9110, 5.5).
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

_HOP_BY_HOP = {
    b"connection",
    b"expect",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}


class BodyTooLarge(Exception):
    """The body exceeds the gateway's limit."""


def request_headers(headers: Iterable[tuple[bytes, bytes]], client: str, port: int) -> list[tuple[str, str]]:
    """The headers for the API. A client may set its own address, as the API tests do."""
    kept: list[tuple[str, str]] = []
    address, forwarded = client, ""
    for name, value in headers:
        lower = name.lower()
        text = value.decode("latin-1")
        if lower == TEST_CLIENT_HEADER.encode():
            address = text.strip()
        elif lower == b"x-forwarded-for":
            forwarded += text + ", "
        elif lower not in _HOP_BY_HOP and lower not in _OURS:
            kept.append((name.decode("latin-1"), text))
    kept.append((CLIENT_ADDRESS_HEADER, address))
    kept.append(("x-forwarded-for", forwarded + address))
    kept.append(("x-forwarded-port", str(port)))
    kept.append(("x-forwarded-proto", "http"))
    return kept


_OURS = {CLIENT_ADDRESS_HEADER.encode(), b"x-forwarded-port", b"x-forwarded-proto"}


def response_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers for the client: all, including repeated ones, except those of the connection."""
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


class Body:
    """The body of a request for aiohttp: nothing, bytes that arrived in one piece, or a stream."""

    def __init__(self, headers: Headers, receive: Receive) -> None:
        self._receive = receive
        self._length = next((value for name, value in headers if name == b"content-length"), None)
        # The client library turns an exception inside the stream into its own; this attribute distinguishes them.
        self.too_large = self._length is not None and self._length.isdigit() and int(self._length) > MAX_BODY

    async def content(self) -> bytes | AsyncIterator[bytes] | None:
        if self.too_large:
            raise BodyTooLarge
        first = await self._receive()
        if first.get("more_body"):
            return self._stream(first["body"])
        return first.get("body") or (None if self._length is None else b"")

    async def _stream(self, chunk: bytes) -> AsyncIterator[bytes]:
        total, more = len(chunk), True
        yield chunk
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client went away")
            chunk, more = message.get("body", b""), message.get("more_body", False)
            total += len(chunk)
            if total > MAX_BODY:
                self.too_large = True
                raise BodyTooLarge
            yield chunk


class Proxy:
    """The ASGI application."""

    def __init__(self, instance: Instance, mailbox: Mailbox, on_request: OnRequest) -> None:
        self._upstream = instance.upstream
        self._port = instance.port
        self._start_page = start_page.render(instance)
        self._mailbox = mailbox
        self._on_request = on_request
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=TIMEOUT,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _request(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def send_and_note(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        path = scope["path"]
        if path == "/mailbox" or path.startswith("/mailbox/"):
            await self._serve_mailbox(scope, send)
            return
        if path == "/" and scope["method"] in ("GET", "HEAD") and start_page.is_wanted(scope["headers"]):
            await start_page.answer(self._start_page, scope["method"], send)
            return
        if path == "/favicon.ico":
            # Browsers request it automatically; on AWS this host serves no pages.
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        body = Body(scope["headers"], receive)
        try:
            await self._forward(scope, body, send_and_note)
        except TimeoutError:
            await _answer(send_and_note, status, 503, {"message": "Service Unavailable"})
        except (BodyTooLarge, aiohttp.ClientError, OSError):
            if body.too_large:
                await _answer(send_and_note, status, 413, {"message": "Request Entity Too Large"})
            else:
                failure = {"success": False, "message": "The local cloud does not answer", "code": "BAD_GATEWAY"}
                await _answer(send_and_note, status, 502, failure)
        self._on_request(scope["method"], path, status, (time.perf_counter() - started) * 1000)

    async def _serve_mailbox(self, scope: dict[str, Any], send: Send) -> None:
        received = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._mailbox.answer(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), received)
        headers = [
            *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"content-security-policy", answer.policy.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _forward(self, scope: dict[str, Any], body: Body, send: Send) -> None:
        if self._session is None:
            raise RuntimeError("the proxy was not started")
        headers = scope["headers"]
        size = sum(len(name) + len(value) + 4 for name, value in headers) + len(scope["raw_path"])
        if size + len(scope["query_string"]) > MAX_HEAD:
            await _answer(send, 0, 431, {"message": "Request Header Fields Too Large"})
            return
        if any(_CONTROL.search(value) for _, value in headers):
            await _answer(send, 0, 400, {"message": "Bad Request"})
            return
        client = scope["client"][0] if scope.get("client") else "127.0.0.1"
        query = "?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""
        # Encoded as the client sent it, since decoding and encoding again would change paths such as /a%2Fb.
        url = yarl.URL(self._upstream + scope["raw_path"].decode("latin-1") + query, encoded=True)
        content = await body.content()
        async with self._session.request(
            scope["method"],
            url,
            headers=request_headers(headers, client, self._port),
            data=content,
            allow_redirects=False,
        ) as response:
            start = {
                "type": "http.response.start",
                "status": response.status,
                "headers": response_headers(response.raw_headers),
            }
            await send(start)
            async for chunk in response.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def _answer(send: Send, already: int, status: int, content: dict[str, Any]) -> None:
    """Sends a response of the proxy itself, unless one has already begun."""
    if already:
        return
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class ProxyServer(Server):
    """The proxy of an instance, in its own thread."""

    def __init__(self, instance: Instance, on_request: OnRequest) -> None:
        mailbox = Mailbox(instance.mailbox)
        super().__init__(Proxy(instance, mailbox, on_request), instance.port)
