"""The page at the API's own address for browsers, with links to the app, the mailbox and the API reference.

Only the local proxy has it; on AWS the address returns the health of the service, as it does here for programs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

from .instance import Instance

_FILE = Path(__file__).with_name("web") / "start.html"
_POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def is_wanted(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the client is a browser that requests a page."""
    return any(name == b"accept" and b"text/html" in value.lower() for name, value in headers)


def render(instance: Instance) -> bytes:
    """The page with this instance's addresses."""
    text = _FILE.read_text(encoding="utf-8")
    return text.replace("{web}", escape(instance.web_url)).replace("{oidc}", escape(instance.oidc_url)).encode()


async def answer(page: bytes, method: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        (b"content-security-policy", _POLICY.encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else page})
