"""Has a digest or a reminder go out by hand, or says what would."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from .stack import Problem, Stack

# How long before its time reminders-fire fires a reminder.
EARLY = timedelta(minutes=6)


def identifier(text: str) -> str:
    """An id as keys have it."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Problem(f"{text} is no id.") from None


def new_identifier() -> str:
    """A UUID of version 7 (RFC 9562 §5.7), which ids of the product are."""
    milliseconds, chance = time.time_ns() // 1_000_000, secrets.randbits(80)
    return str(uuid.UUID(int=(milliseconds << 80 | chance) & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def digest(stack: Stack, user: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Today's digest of a user, whether or not it went out before; with `dry_run` what it would tell."""
    user = identifier(user)
    if not dry_run:
        # The mail's name makes one mail of a message that comes twice.
        body = json.dumps({"userId": user, "cause": "operator", "mailId": new_identifier()})
        stack.client("sqs").send_message(QueueUrl=stack.output("DigestQueueUrl"), MessageBody=body)
        return {"queued": "digest", "user": user}
    # The function itself says what it would do: there is no second opinion to keep in step.
    record = {"messageId": "dry-run", "body": json.dumps({"userId": user, "cause": "dry-run"}), "eventSource": "aws:sqs"}
    answer = stack.client("lambda").invoke(
        FunctionName=f"{stack.name}-reminders-digest",
        LogType="Tail",
        Payload=json.dumps({"Records": [record]}).encode(),
    )
    failed = json.loads(answer["Payload"].read() or b"{}").get("batchItemFailures")
    if failed or "FunctionError" in answer:
        raise Problem(f"{stack.name}-reminders-digest failed: see its log.")
    return found(base64.b64decode(answer.get("LogResult", "")).decode(), "digest.dry_run")


def found(log: str, event: str) -> dict[str, Any]:
    """The line of an event in a log."""
    for line in reversed(log.splitlines()):
        start = line.find("{")
        try:
            entry = json.loads(line[start:]) if start >= 0 else {}
        except ValueError:
            continue
        if entry.get("message") == event:
            return {name: value for name, value in entry.items() if name not in ("_aws", "level", "message", "stage")}
    raise Problem(f"The log holds no {event}: is there such a user?")


def is_early(scheduled_for: str) -> bool:
    """Whether the function would leave it to its time."""
    return datetime.fromisoformat(scheduled_for) > datetime.now(UTC) + EARLY


def fire(stack: Stack, user: str, reminder: str, *, dry_run: bool = False) -> dict[str, Any]:
    """A reminder, now, if it still is to fire. Its function refuses one that is not due for more than six minutes."""
    user, reminder = identifier(user), identifier(reminder)
    table = stack.client("dynamodb")
    names = {"PK": {"S": f"USER#{user}"}, "SK": {"S": f"REM#{reminder}"}}
    row = table.get_item(TableName=stack.output("TableName"), Key=names, ConsistentRead=True).get("Item")
    if row is None:
        raise Problem("There is no such reminder.")
    state = row["delivery"]["M"]["state"]["S"]
    fires = row["status"]["S"] == "pending" and state == "scheduled"
    facts = {
        "reminder": reminder,
        "task": row["taskId"]["S"],
        "plan": int(row["plan"]["N"]),
        "status": row["status"]["S"],
        "delivery": state,
        "scheduledFor": row["delivery"]["M"].get("scheduledFor", {}).get("S"),
        "type": row["type"]["S"],
        "mail": fires and row["type"]["S"] in ("email", "both"),
        "notification": fires,
    }
    if dry_run:
        return facts
    if not fires:
        raise Problem(f"It is not to fire: {facts['status']}, {state}.")
    if is_early(facts["scheduledFor"]):
        raise Problem(f"It is to fire at {facts['scheduledFor']}, and is not fired by hand more than {EARLY} ahead.")
    body = {"userId": user, "reminderId": reminder, "taskId": facts["task"], "plan": facts["plan"]}
    stack.client("sqs").send_message(QueueUrl=stack.output("ReminderQueueUrl"), MessageBody=json.dumps(body))
    return {"queued": "reminder", **facts}
