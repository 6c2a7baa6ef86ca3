"""The mailbox: every mail the local cloud sent, as a page at /mailbox and as JSON at /mailbox/messages.

Reads the file that the emulator's process appends to (`patches.keep_mail`). The page's three files lie in web/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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
# The page runs its own script only; a mail's HTML runs none, and may show pictures.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src data:; base-uri 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data: http: https:; form-action 'none'"
)
# Kept when the file is read; older mails are forgotten.
NEWEST = 1000


@dataclass(frozen=True)
class Answer:
    """A finished HTTP answer."""

    status: int
    content_type: str
    body: bytes
    policy: str = "default-src 'none'"


class Mailbox:
    """The mails in a file, newest first. Notices when the file grows, and when it starts anew."""

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
                    # A line cut off by a kill; the next one is whole again.
                    continue
        del self._messages[:-NEWEST]

    def answer(self, method: str, path: str, query: str) -> Answer:
        """Answers a request for /mailbox or below."""
        if method not in ("GET", "HEAD"):
            return _json(405, {"message": "The mailbox is read only"})
        name = _FILES.get(path)
        if name:
            file = WEB / name
            return Answer(200, _TYPES[file.suffix], file.read_bytes(), _PAGE_POLICY)
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
