"""Stops all work behind queues and the stream, and starts it again.

For a restore of the table: what would act on rows that are about to be replaced waits. Requests are not stopped, and schedules go
on to send to their queues, which keep messages for 14 days (the tick's for 15 minutes). The stream keeps records for 24 hours.
"""

from __future__ import annotations

import time
from typing import Any

from .stack import Problem, Stack

# Seconds that Lambda may take to switch a mapping.
PATIENCE = 180.0


def mappings(stack: Stack) -> dict[str, tuple[str, str]]:
    """Source and function → id and state of their event source mapping. A function may have several."""
    pages = stack.client("lambda").get_paginator("list_event_source_mappings").paginate()
    found = {}
    for page in pages:
        for mapping in page["EventSourceMappings"]:
            function = mapping["FunctionArn"].split(":function:")[-1].split(":")[0]
            if function.startswith(f"{stack.name}-"):
                arn = mapping["EventSourceArn"]
                source = "stream" if ":dynamodb:" in arn else arn.split(":")[-1].removeprefix(f"{stack.name}-")
                found[f"{source} to {function.removeprefix(f'{stack.name}-')}"] = (mapping["UUID"], mapping["State"])
    if not found:
        raise Problem(f"{stack.name} has no functions behind queues.")
    return found


def switch(stack: Stack, *, on: bool, dry_run: bool = False, patience: float = PATIENCE) -> dict[str, str]:
    """Starts or stops every function behind a queue or the stream; returns the state of each source when all have switched."""
    wanted = "Enabled" if on else "Disabled"
    if not dry_run:
        client = stack.client("lambda")
        for uuid, state in mappings(stack).values():
            if state != wanted:
                client.update_event_source_mapping(UUID=uuid, Enabled=on)
        _wait(stack, wanted, patience)
    return {name: state for name, (_, state) in sorted(mappings(stack).items())}


def _wait(stack: Stack, wanted: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while others := [name for name, (_, state) in mappings(stack).items() if state != wanted]:
        if time.monotonic() > deadline:
            raise Problem(f"Not {wanted} after {patience:.0f} s: {', '.join(others)}.")
        time.sleep(1)


def stop(stack: Stack, given: Any) -> dict[str, str]:
    return switch(stack, on=False, dry_run=given.dry_run)


def start(stack: Stack, given: Any) -> dict[str, str]:
    return switch(stack, on=True, dry_run=given.dry_run)
