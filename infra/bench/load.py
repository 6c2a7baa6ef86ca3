"""The load that the running local system takes, and what limits it: `python -m infra.bench.load [SECONDS] [CLIENTS]`.

Each client has an account of its own and sends the ten requests of a visit again and again, one after the other. The report
has the requests a second, how long they take, and the CPU time of each part of the system. The functions are debug builds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.instance import TEST_CLIENT_HEADER, local_instance
from infra.local.progress import say, step

# At most; the limits of an account end a longer series.
_MOST_SECONDS, _MOST_CLIENTS = 60, 64
_PASSWORD = "Meadow-42-lark"  # noqa: S105 - of accounts that exist for the measurement only
_TICKS = os.sysconf("SC_CLK_TCK")


class Client:
    """An account with a few tasks, and its connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=60)
        name = uuid.uuid4().hex
        self._headers = {
            "content-type": "application/json",
            "x-token-delivery": "body",
            TEST_CLIENT_HEADER: f"2001:db8:{name[:4]}:{name[4:8]}::1",
        }
        account = {"email": f"load-{name[:12]}@example.com", "password": _PASSWORD}
        self.send("POST", "/api/auth/register", {"name": "Load", **account})
        answer = self.send("POST", "/api/auth/login", account)
        self._headers["authorization"] = f"Bearer {answer['data']['tokens']['accessToken']}"
        self.tasks = [self.create() for _ in range(5)]

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the answer, which must be a success."""
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path} answered {response.status}: {text[:200].decode(errors='replace')}")
        return json.loads(text)

    def create(self) -> str:
        """Creates a task; returns its id."""
        return self.send("POST", "/api/tasks", {"title": "Water the ferns", "dueDate": "2031-03-04T09:00:00Z"})["data"]["task"][
            "id"
        ]

    def visit(self) -> list[Callable[[], Any]]:
        """The requests of a visit, most of which read."""
        task = f"/api/tasks/{self.tasks[0]}"
        return [
            lambda: self.send("GET", "/api/user/me"),
            lambda: self.send("GET", "/api/tasks?limit=50"),
            lambda: self.send("GET", "/api/notifications/count"),
            lambda: self.send("GET", "/api/tasks?limit=50&status=todo"),
            lambda: self.send("GET", task),
            self.create,
            lambda: self.send("PUT", task, {"title": f"Water the ferns, {uuid.uuid4().hex[:4]}"}),
            lambda: self.send("GET", "/api/reminders?limit=50"),
            lambda: self.send("GET", "/api/notifications"),
            lambda: self.send("GET", "/api/analytics"),
        ]


def _cpu() -> Counter[str]:
    """Seconds of CPU so far by part of the system; what belongs to none is left out."""
    spent: Counter[str] = Counter()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parts = {"infra.local.launcher": "local cloud", "infra.local run": "proxy", "provided-code": "functions"}
        part = next((part for text, part in parts.items() if text in command), None)
        if folder.name == str(os.getpid()):
            part = "this client"
        if part:
            spent[part] += (int(fields[11]) + int(fields[12])) / _TICKS
    return spent


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m infra.bench.load", description=__doc__)
    words.add_argument("seconds", nargs="?", type=int, default=20)
    words.add_argument("clients", nargs="?", type=int, default=16)
    given = words.parse_args()
    seconds, number = min(given.seconds, _MOST_SECONDS), min(given.clients, _MOST_CLIENTS)
    address = urllib.parse.urlsplit(local_instance().public_url).netloc
    with step(f"making {number} accounts"):
        clients = [Client(address) for _ in range(number)]
    walls: list[float] = []
    failures: list[str] = []
    end = time.monotonic() + seconds

    def work(client: Client) -> None:
        requests = client.visit()
        try:
            while time.monotonic() < end:
                for request in requests:
                    began = time.perf_counter()
                    request()
                    walls.append(time.perf_counter() - began)
        except (RuntimeError, OSError) as error:
            failures.append(str(error))

    with step(f"sending requests for {seconds} s"):
        before, began = _cpu(), time.monotonic()
        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed, spent = time.monotonic() - began, _cpu() - before
    cuts = statistics.quantiles(walls, n=100)
    say(f"{len(walls)} requests in {passed:.1f} s: {len(walls) / passed:.0f} a second, {len(failures)} failed")
    say(f"median {cuts[49] * 1000:.0f} ms, 99 % below {cuts[98] * 1000:.0f} ms")
    for part, cpu in spent.most_common():
        say(f"{part}: {cpu:.1f} s of CPU, {cpu / passed * 100:.0f} % of a core, {cpu / len(walls) * 1000:.2f} ms a request")
    for failure in failures[:5]:
        say(failure)


if __name__ == "__main__":
    main()
