"""The lines that `make run` prints to try: a shell runs them, against a server that answers as the API does."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.supervisor import try_it

TASK = "019c9414-8a20-711e-88d1-16ec1738f7d9"
USER = "019c1355-8e20-752e-b651-3270269e0d37"


class Api(BaseHTTPRequestHandler):
    """Notes each request; a login sets a cookie, a task has an id among other ids."""

    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append({"path": self.path, "cookie": self.headers["Cookie"], "body": json.loads(body)})
        assert self.headers["Content-Type"] == "application/json"
        data = {"task": {"id": TASK, "userId": USER, "title": "Try Spacedly"}} if self.path == "/api/tasks" else {}
        self._answer(data)

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, "cookie": self.headers["Cookie"]})
        self._answer({"tasks": []})

    def _answer(self, data: dict[str, Any]) -> None:
        payload = json.dumps({"success": True, "message": "ok", "data": data}, separators=(",", ":")).encode()
        self.send_response(200)
        if self.path.endswith("/login"):
            self.send_header("Set-Cookie", "accessToken=abc; Path=/; HttpOnly")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api() -> Iterator[ThreadingHTTPServer]:
    Api.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not shutil.which("curl"), reason="the lines are for curl")
def test_the_printed_lines_work_as_they_stand(api: ThreadingHTTPServer, tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    script = "\n".join(try_it(f"http://127.0.0.1:{api.server_address[1]}"))
    done = subprocess.run(["sh", "-e"], input=script, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    register, login, task, reminder, listed = Api.seen
    assert register["path"] == "/api/auth/register"
    assert login["body"].items() <= register["body"].items()
    assert login["cookie"] is None
    assert task["body"] == {"title": "Try Spacedly"}
    assert reminder["body"]["taskId"] == TASK
    ahead = datetime.fromisoformat(reminder["body"]["scheduledAt"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < ahead <= timedelta(minutes=10)
    assert listed["path"] == "/api/tasks"
    assert all(request["cookie"] == "accessToken=abc" for request in (task, reminder, listed))
