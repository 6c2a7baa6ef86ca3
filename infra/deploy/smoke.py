"""Sends a few requests, which create nothing, to a stage that was just deployed."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from infra.local.progress import Problem


@dataclass(frozen=True)
class Answer:
    """A response. `body` is its JSON, or nothing if it is not JSON."""

    status: int
    body: Any


class Unreachable(Exception):
    """There was no response."""


def request(url: str, body: dict[str, Any] | None = None) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=30) as response:
            status, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    except (OSError, ValueError) as error:
        raise Unreachable(str(error)) from error
    try:
        return Answer(status, json.loads(text))
    except ValueError:
        return Answer(status, None)


def complaints(url: str, version: str) -> list[str]:
    """The problems of the API at `url`, which should run `version`."""
    health = request(f"{url}/health")
    if health.status != 200 or health.body["status"] != "healthy":
        return [f"/health answers {health.status}: {health.body}"]
    found = []
    if health.body["version"] != version:
        found.append(f"/health says version {health.body['version']}, not {version}")
    for path, body, status, code in (
        ("/api/openapi.json", None, 200, None),
        ("/api/tasks", None, 401, "UNAUTHORIZED"),
        ("/api/auth/login", {}, 400, "VALIDATION_FAILED"),
        ("/api/no-such-route", None, 404, "ROUTE_NOT_FOUND"),
    ):
        answer = request(url + path, body)
        if answer.status != status:
            found.append(f"{path} answers {answer.status}, not {status}")
        elif code and (answer.body or {}).get("code") != code:
            found.append(f"{path} answers the code {(answer.body or {}).get('code')}, not {code}")
    return found


def check(url: str, version: str, patience: float = 60) -> None:
    """Repeats the requests until all succeed or `patience` seconds have passed, since a new domain takes a while to resolve."""
    deadline = time.monotonic() + patience
    while True:
        try:
            found = complaints(url, version)
        except Unreachable as error:
            found = [f"{url} is out of reach: {error}"]
        if not found:
            return
        if time.monotonic() > deadline:
            raise Problem(
                f"{url} does not work: {'; '.join(found)}.", "Roll back: `make deploy AT_ONCE=1` with the previous bundle."
            )
        time.sleep(2)
