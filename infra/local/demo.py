"""`make demo`: the main flow as a client sees it, with the standard library only.

Registers a fresh user, logs in, creates a task and a reminder ten minutes ahead, waits for the mail and prints it with
the notification. Exits with 0 when both have arrived, otherwise with 1 and the reason. BASE_URL or PORT sets the address; the
default is the running system.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# The record that `make run` writes about itself.
RUNNING = Path(__file__).resolve().parents[2] / ".local" / "run" / "running.json"


def running_port() -> int:
    """The port of the running system, or the default port."""
    try:
        return int(json.loads(RUNNING.read_text())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return 3000


BASE_URL = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or running_port()}").rstrip("/")
# Seconds. The reminder is due in less than an hour, so its mail goes out at once.
PATIENCE = 30.0


class DemoError(Exception):
    """The reason why the demo failed."""


class Client:
    """An HTTP client that keeps its cookies."""

    def __init__(self, base_url: str = BASE_URL, headers: dict[str, str] | None = None) -> None:
        self._base_url = base_url
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self._opener.addheaders += (headers or {}).items()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Returns the response's JSON; raises a DemoError for any failure."""
        data = None if body is None else json.dumps(body).encode()
        return self.send(path, data, "application/json", method)

    def send(self, path: str, data: bytes | None, content_type: str, method: str = "POST") -> Any:
        """Like `call`, with a body of any content type."""
        headers = {} if data is None else {"Content-Type": content_type}
        body = self._send(urllib.request.Request(self._base_url + path, data, headers, method=method))
        try:
            return json.loads(body)
        except ValueError as error:
            raise DemoError(f"{method} {path} did not answer with JSON") from error

    def fetch(self, path: str) -> bytes:
        """The bytes that a GET returns, after redirects."""
        return self._send(urllib.request.Request(self._base_url + path))

    def _send(self, request: urllib.request.Request) -> bytes:
        method, path = request.get_method(), request.selector
        try:
            with self._opener.open(request, timeout=30) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise DemoError(f"{method} {path} answered {error.code}: {error.read(500).decode(errors='replace')}") from error
        except OSError as error:
            raise DemoError(f"{self._base_url} does not answer ({error}). Is the system up? Say: make run") from error


def multipart(file: Path) -> tuple[bytes, str]:
    """A body that uploads one picture or PDF, and its boundary."""
    boundary = uuid.uuid4().hex
    kind = "application/pdf" if file.suffix == ".pdf" else "image/jpeg"
    disposition = f'Content-Disposition: form-data; name="files"; filename="{file.name}"'
    head = f"--{boundary}\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n"
    return head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode(), boundary


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(title: str, text: str) -> None:
    say(f"\n── {title} " + "─" * max(4, 70 - len(title)))
    say(text.strip())


def wait_for(what: str, look: Any, deadline: float) -> Any:
    """Polls until there is a result or the deadline (of time.monotonic) has passed."""
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DemoError(f"No {what} within {PATIENCE:.0f} s. See: make logs")
        time.sleep(0.1)


def run() -> None:
    client = Client()
    address = f"demo-{uuid.uuid4().hex[:12]}@example.com"
    password = "Demo-" + uuid.uuid4().hex[:12] + "-Aa1"
    client.call("POST", "/api/auth/register", {"name": "Demo", "email": address, "password": password})
    say(f"registered {address}")
    client.call("POST", "/api/auth/login", {"email": address, "password": password})
    say("logged in")
    due = datetime.now(UTC) + timedelta(minutes=10)
    moment = due.isoformat(timespec="seconds").replace("+00:00", "Z")
    title = "Repeat chapter 3"
    task = client.call("POST", "/api/tasks", {"title": title, "description": "Cards 20 to 45", "dueDate": moment})["data"]["task"]
    say(f"created the task {task['id']}")
    started, deadline = time.monotonic(), time.monotonic() + PATIENCE
    wanted = {"taskId": task["id"], "scheduledAt": moment, "message": "Ten minutes are enough."}
    reminder = client.call("POST", "/api/reminders", wanted)["data"]["reminder"]
    say(f"created the reminder {reminder['id']} for {moment}, waiting for its mail …")

    # Registration sends a mail too; the reminder's mail is the one that contains the task's title.
    inbox = "/mailbox/messages?" + urllib.parse.urlencode({"to": address})
    mail = wait_for(
        "mail", lambda: next((mail for mail in client.call("GET", inbox) if title in mail["subject"]), None), deadline
    )
    elapsed = time.monotonic() - started
    notification = wait_for(
        "notification",
        lambda: next(
            (it for it in client.call("GET", "/api/notifications")["data"]["notifications"] if it["relatedTaskId"] == task["id"]),
            None,
        ),
        deadline,
    )
    show("the mail", f"From:    {mail['from']}\nTo:      {mail['to']}\nSubject: {mail['subject']}\n\n{mail['text']}")
    show("the notification", json.dumps(notification, indent=2, ensure_ascii=False))
    say(f"\nFrom the reminder's creation to its mail: {elapsed:.2f} s. It is in {BASE_URL}/mailbox#{mail['id']}")


def main() -> int:
    try:
        run()
    except DemoError as error:
        sys.stderr.write(f"\nThe demo failed: {error}\n")
        return 1
    except (KeyError, TypeError) as error:
        sys.stderr.write(f"\nThe demo failed: an answer is not of the documented shape ({error!r} is missing)\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
