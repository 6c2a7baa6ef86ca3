"""How long login codes take while verification mails flood the queue beside theirs, on the running local cloud.

It writes the rows of N verification mails, as N registrations would, and in the meantime signs in again and again with an
account that has two-factor login. `python -m infra.bench.mail_flood [N]` prints the codes' delays before and during the flood.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

from infra.local.instance import local_instance
from infra.operate.stack import Stack
from infra.operate.trigger import new_identifier

PASSWORD = "Meadow-42-lark"  # noqa: S105 - of accounts that exist for the measurement only
ROWS = 25
# Budgets and limits end a series of logins after ten; each account signs in so often.
LOGINS = 8
PATIENCE = 60.0


@dataclass
class Api:
    """The local API and its mailbox."""

    url: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"content-type": "application/json", "x-token-delivery": "body"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def mails(self, address: str) -> list[dict[str, Any]]:
        return self.call("GET", f"/mailbox/messages?to={address}")


@dataclass
class Person:
    """An account with two-factor login."""

    api: Api
    address: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:12]}@example.com")

    @classmethod
    def new(cls, url: str) -> Person:
        person = cls(Api(url))
        api = person.api
        api.call("POST", "/api/auth/register", {"name": "Bench", "email": person.address, "password": PASSWORD})
        api.token = person.sign_in()["tokens"]["accessToken"]
        api.call("POST", "/api/user/enabled-2fa", {"is_Enabled": True})
        return person

    def sign_in(self) -> Any:
        return self.api.call("POST", "/api/auth/login", {"email": self.address, "password": PASSWORD})["data"]

    def codes(self) -> int:
        return sum(mail["subject"] == "Your Login OTP" for mail in self.api.mails(self.address))

    def delay(self) -> float:
        """Seconds from the login's answer to the arrival of its code."""
        known = self.codes()
        self.sign_in()
        started = time.monotonic()
        while self.codes() == known:
            if time.monotonic() - started > PATIENCE:
                raise TimeoutError(f"no code within {PATIENCE:.0f} s")
            time.sleep(0.02)
        return time.monotonic() - started


def verification(user: str) -> dict[str, Any]:
    """The row of a verification mail, as a registration writes it."""
    mail = new_identifier()
    content = {"kind": {"S": "verification"}, "seed": {"S": str(uuid.uuid4())}, "kid": {"S": "1"}}
    return {
        "PK": {"S": f"USER#{user}"},
        "SK": {"S": f"MAIL#{mail}"},
        "id": {"S": mail},
        "userId": {"S": user},
        "content": {"M": content},
        "state": {"S": "queued"},
        "attempts": {"N": "0"},
        "createdAt": {"S": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())},
        "expiresAt": {"N": str(int(time.time()) + 3600)},
    }


def flood(stack: Stack, user: str, mails: int) -> None:
    """Writes the rows of so many mails."""
    table, name = stack.client("dynamodb"), stack.output("TableName")
    for first in range(0, mails, ROWS):
        rows = [{"PutRequest": {"Item": verification(user)}} for _ in range(min(ROWS, mails - first))]
        while rows:
            rows = table.batch_write_item(RequestItems={name: rows}).get("UnprocessedItems", {}).get(name, [])


def shown(delays: list[float]) -> str:
    ordered = sorted(delays)
    return f"{len(ordered)} codes: median {ordered[len(ordered) // 2]:.2f} s, longest {ordered[-1]:.2f} s"


def main(mails: int) -> None:
    instance = local_instance()
    stack = Stack("local", instance.cloud_url)
    url = instance.public_url
    people = [Person.new(url) for _ in range(3)]
    idle = [people[0].delay() for _ in range(LOGINS)]
    victim = Person(Api(url))
    user = victim.api.call("POST", "/api/auth/register", {"name": "Flood", "email": victim.address, "password": PASSWORD})
    writing = threading.Thread(target=flood, args=(stack, user["data"]["user"]["id"], mails))
    started = time.monotonic()
    writing.start()
    busy, left = [], 0
    for person in people[1:]:
        for _ in range(LOGINS):
            time.sleep(1)
            busy.append(person.delay())
    left = mails + 1 - len(victim.api.mails(victim.address))
    writing.join()
    lines = [
        f"before: {shown(idle)}",
        f"during: {shown(busy)}, over {time.monotonic() - started:.0f} s",
        f"of {mails} verification mails {left} had not left when the last code came",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
