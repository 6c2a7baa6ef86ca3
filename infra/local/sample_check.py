"""The check of `make test` that every sample event works: its function must return a documented success.

python -m infra.local.sample_check     sends every sample to the functions of the test instance
"""

from __future__ import annotations

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from . import samples
from .checks import Check
from .instance import ROOT, Instance, test_instance
from .progress import Problem
from .samples import Event

# A failed message is delivered again, as its queue does, since the running system may be processing the same row.
DELIVERIES = 3


def check(instance: Instance) -> Check:
    """The check of `make test`, against the system that it has started."""
    environment = {
        "TEST_PORT": str(instance.port),
        "TEST_CLOUD_PORT": str(instance.cloud_port),
        "TEST_OIDC_PORT": str(instance.oidc_port),
    }
    return Check("sample events", [sys.executable, "-m", "infra.local.sample_check"], _count, environment)


def _count(output: str) -> tuple[int, int]:
    lines = re.findall(r"^(ok|failed): ", output, re.MULTILINE)
    return lines.count("ok"), lines.count("failed")


def documented() -> dict[str, set[int]]:
    """The success statuses of every route, by route key."""
    contract = json.loads((ROOT / "docs" / "openapi.json").read_text())
    found = {}
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            statuses = {int(status) for status in operation["responses"] if status.isdecimal() and int(status) < 400}
            found[f"{method.upper()} {path}"] = statuses
    # The sample's path is not a route.
    return {**found, "$default": {404}}


def wrong(event: Event, answer: Any, success: dict[str, set[int]]) -> str:
    """The deviation of a sample's response from the documentation; empty if there is none."""
    if "routeKey" not in event:
        failures = (answer or {}).get("batchItemFailures")
        return f"it failed for {failures}" if failures else ""
    key, status = event["routeKey"], answer["statusCode"]
    if status not in success.get(key, set()):
        return f"{key} answered {status} instead of {sorted(success.get(key, set()))}: {answer['body'][:300]}"
    failed = status == 302 and "error=" in answer["headers"].get("location", "")
    return f"{key} leads to {answer['headers']['location']}" if failed else ""


def main() -> int:
    """Sends every sample; prints `ok:` or `failed:` for each. Returns the exit status."""
    instance, success = test_instance(), documented()

    def attempt(function: str) -> str:
        try:
            event = samples.prepared(instance, function)
            complaint = ""
            for _ in range(DELIVERIES if "routeKey" not in event else 1):
                complaint = wrong(event, samples.invoke(instance, function, event), success)
                if not complaint:
                    break
                time.sleep(1)
            return complaint
        except (Problem, requests.RequestException, KeyError, IndexError) as error:
            return f"{type(error).__name__}: {error}"

    names = samples.functions()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(zip(names, pool.map(attempt, names), strict=True))
    for function, complaint in outcomes:
        print(f"failed: {function}: {complaint}" if complaint else f"ok: {function}", flush=True)
    return 1 if any(complaint for _, complaint in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
