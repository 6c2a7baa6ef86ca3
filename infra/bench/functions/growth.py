"""What the same calls cost a user with 10, 1,000 and 10,000 tasks, each with ten reminders.

The rows are copies of one task and of one reminder that the API created, written into the local table.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local import deploy
from infra.local.instance import STACK, Instance
from infra.local.progress import step
from infra.local.samples import Person

from . import cases
from .cases import Case

TASKS = (10, 1_000, 10_000)
REMINDERS = 10
_TIME = "2031-02-01T08:30:00.000Z"
# What BatchWriteItem takes.
_BATCH = 25
Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """A user with so many tasks, and the calls."""

    tasks: int
    cases: list[Case]


def sizes(instance: Instance) -> Iterator[Size]:
    """A new user of each size."""
    for tasks in TASKS:
        person = Person(instance)
        with step(f"making a user with {tasks * REMINDERS:,} reminders") as running:
            for written, rows in enumerate(_batches(_rows(instance, person, tasks)), 1):
                _write(instance, rows)
                running.note = f"{written * _BATCH * _AT_ONCE:,} rows"
        yield Size(tasks, cases.of_user(instance, person))


_AT_ONCE = 4


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH * _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(instance: Instance, rows: Sequence[Row]) -> None:
    table = deploy.client(instance, "dynamodb")

    def put(part: Sequence[Row]) -> None:
        wanted = {STACK: [{"PutRequest": {"Item": row}} for row in part]}
        while wanted:
            wanted = table.batch_write_item(RequestItems=wanted)["UnprocessedItems"]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(put, [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]))


def _rows(instance: Instance, person: Person, tasks: int) -> Iterator[Row]:
    fields = {"title": "Water the ferns", "description": "Row by row.", "category": "garden", "dueDate": "2031-03-04T09:00:00Z"}
    task = person.send("tasks-create", cases.body(person.event("tasks-create"), **fields))["task"]["id"]
    fields = {"taskId": task, "scheduledAt": _TIME, "type": "both", "status": "completed"}
    reminder = person.send("reminders-create", cases.body(person.event("reminders-create"), **fields))["reminder"]["id"]
    table = deploy.client(instance, "dynamodb")

    def text(kind: str, identifier: str) -> str:
        key = {"PK": {"S": f"USER#{person.user}"}, "SK": {"S": f"{kind}#{identifier}"}}
        return json.dumps(table.get_item(TableName=STACK, Key=key, ConsistentRead=True)["Item"])

    parent, child = text("TASK", task), text("REM", reminder)
    card = json.loads(parent)["reminders"]["M"][reminder]
    first = datetime(2021, 1, 1, tzinfo=UTC)
    for number in range(tasks):
        identifier = str(uuid.uuid4())
        children = [str(uuid.uuid4()) for _ in range(REMINDERS)]
        row = json.loads(parent.replace(task, identifier))
        row["reminders"] = {"M": dict.fromkeys(children, card)}
        # It is not due for years, and the index of what is due stays as it is.
        row.pop("dueAt"), row.pop("dueShard")
        yield row
        for place, child_id in enumerate(children):
            at = f"{first + timedelta(minutes=7 * (number * REMINDERS + place)):%Y-%m-%dT%H:%M:%S.000Z}"
            yield json.loads(child.replace(task, identifier).replace(reminder, child_id).replace(_TIME, at))
