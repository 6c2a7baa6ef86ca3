"""The mailbox: every mail that the local cloud sent, as a page at /mailbox and as JSON at /mailbox/messages.

| Request | Response |
|---|---|
| `GET /mailbox` | The page, from web/. |
| `GET /mailbox/summaries` | Id, recipient, subject and time of every mail, newest first. Takes `If-None-Match`. |
| `GET /mailbox/messages?to=` | Every mail, or those to one recipient, newest first. |
| `GET /mailbox/messages/{id}`, `…/{id}/html` | One mail; its HTML as a page. |
| `DELETE /mailbox/messages` | Deletes all mails. |

Reads the file that the emulator's process appends to (`patches.keep_mail`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import parse_qs

from .mail import Message

WEB = Path(__file__).with_name("web")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_FILES = {
    "/mailbox": "mailbox.html",
    "/mailbox/": "mailbox.html",
    "/mailbox/page.css": "mailbox.css",
    "/mailbox/page.js": "mailbox.js",
}
# The page runs only its own script; the HTML of a mail runs no script, but may show pictures.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src data:; base-uri 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data: http: https:; form-action 'none'"
)
# The number of mails that are kept when the file is read; older ones are dropped.
NEWEST = 1000
# A page whose name resolves to this machine (DNS rebinding) sends its own name as the host.
_HOSTS = {"localhost", "127.0.0.1", "[::1]"}
_SUMMARY = ("id", "to", "subject", "sentAt")


@dataclass(frozen=True)
class Answer:
    """A complete HTTP response."""

    status: int
    content_type: str
    body: bytes
    policy: str = "default-src 'none'"
    headers: dict[str, str] = field(default_factory=dict)


class Mailbox:
    """The mails in a file, newest first. It detects when the file grows and when it is replaced."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self._messages: list[Message] = []

    def messages(self) -> list[Message]:
        self._refresh()
        return self._messages[::-1]

    def _refresh(self) -> None:
        try:
            size = self._file.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < self._read:
            self._read, self._messages = 0, []
        if size == self._read:
            return
        with open(self._file, "rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                try:
                    self._messages.append(json.loads(line))
                except ValueError:
                    # A line that a kill cut off; the next one is complete.
                    continue
        del self._messages[:-NEWEST]

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        """Answers a request for /mailbox or below. The names of `headers` are in lower case."""
        if headers.get("host", "").rpartition(":")[0] not in _HOSTS and headers.get("host") not in _HOSTS:
            return _json(421, {"message": "The mailbox is served on localhost only"})
        if (method, path) == ("DELETE", "/mailbox/messages"):
            return self._delete(headers)
        if method not in ("GET", "HEAD"):
            return _json(405, {"message": "Mails can be read, and deleted all at once"})
        name = _FILES.get(path)
        if name:
            file = WEB / name
            return Answer(200, _TYPES[file.suffix], file.read_bytes(), _PAGE_POLICY)
        if path == "/mailbox/summaries":
            return self._summaries(headers.get("if-none-match"))
        if path == "/mailbox/messages":
            return _json(200, self._addressed_to(parse_qs(query).get("to", [""])[0]))
        identifier, _, part = path.removeprefix("/mailbox/messages/").partition("/")
        message = next((message for message in self.messages() if message["id"] == identifier), None)
        if message is None or part not in ("", "html"):
            return _json(404, {"message": "There is no such mail"})
        if part == "html":
            page = f'<!doctype html><meta charset="utf-8"><base target="_blank">{message["html"]}'
            return Answer(200, _TYPES[".html"], page.encode(), _MAIL_POLICY)
        return _json(200, message)

    def _summaries(self, known: str | None) -> Answer:
        summaries = [{name: message.get(name, "") for name in _SUMMARY} for message in self.messages()]
        answer = _json(200, summaries)
        tag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
        if known == tag:
            return Answer(304, answer.content_type, b"", headers={"ETag": tag})
        return Answer(200, answer.content_type, answer.body, headers={"ETag": tag})

    def _delete(self, headers: Mapping[str, str]) -> Answer:
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return _json(403, {"message": "Only the mailbox's own page may delete its mails"})
        if self._file.exists():
            self._file.write_bytes(b"")
        return Answer(204, "application/json", b"")

    def _addressed_to(self, recipient: str) -> list[Message]:
        messages = self.messages()
        wanted = recipient.strip().lower()
        if not wanted:
            return messages
        return [message for message in messages if wanted in _addresses(message)]


def _addresses(message: Message) -> set[str]:
    return {address.lower() for _, address in getaddresses([message["to"], message.get("cc", "")])}


def _json(status: int, value: object) -> Answer:
    return Answer(status, "application/json", json.dumps(value).encode())
