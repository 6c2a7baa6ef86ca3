"""The operator's commands, against stand-ins of the services."""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
from typing import Any

import pytest

from infra.local import expand
from infra.local.instance import ROOT, TEMPLATE
from infra.operate import redrive, trigger
from infra.operate.__main__ import parser
from infra.operate.stack import Problem, Stack

USER = "019c1355-8e20-752e-b651-3270269e0d37"
REMINDER = "019cadd4-5238-7099-86b0-d5496f036701"


class Queues:
    """SQS with messages in lists by address."""

    def __init__(self, **messages: list[str]) -> None:
        self.messages = messages
        self.hidden: dict[str, str] = {}
        self.refuses = False

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"Attributes": {AttributeNames[0]: str(len(self.messages.get(QueueUrl, []))), AttributeNames[1]: "0"}}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        queue = self.messages[QueueUrl]
        taken, queue[:] = queue[:MaxNumberOfMessages], queue[MaxNumberOfMessages:]
        self.hidden.update(dict.fromkeys(taken, QueueUrl))
        return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in taken]} if taken else {}

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        if self.refuses:
            return {"Failed": [{"Code": "InternalError"}]}
        self.messages.setdefault(QueueUrl, []).extend(entry["MessageBody"] for entry in Entries)
        return {}

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        self.messages.setdefault(QueueUrl, []).append(MessageBody)

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        assert self.hidden.pop(ReceiptHandle) == QueueUrl


class Fake(Stack):
    """A stack whose outputs are their own names."""

    def __init__(self, **services: Any) -> None:
        super().__init__("dev")
        self.services = services

    def client(self, service: str) -> Any:
        return self.services[service]

    def output(self, name: str) -> str:
        return name


def test_all_that_is_parked_goes_back_to_its_queue() -> None:
    queues = Queues(MailDeadLettersUrl=[f"m{n}" for n in range(23)], ScheduleDeadLettersUrl=["s"])
    queues.messages.update({dead: [] for dead, _ in redrive.QUEUES.values() if dead not in queues.messages})
    moved = redrive.redrive(Fake(sqs=queues), "all")
    assert (moved["mail"], moved["schedule"], moved["digest"]) == (23, 1, 0)
    assert queues.messages["MailQueueUrl"] == [f"m{n}" for n in range(23)]
    assert queues.messages["ReminderQueueUrl"] == ["s"]
    assert queues.hidden == {}


def test_a_dry_run_only_counts() -> None:
    queues = Queues(MailDeadLettersUrl=["a", "b"])
    assert redrive.redrive(Fake(sqs=queues), "mail", dry_run=True) == {"mail": 2}
    assert queues.messages == {"MailDeadLettersUrl": ["a", "b"]}


def test_what_is_refused_stays_parked() -> None:
    queues = Queues(MailDeadLettersUrl=["a"])
    queues.refuses = True
    with pytest.raises(Problem):
        redrive.redrive(Fake(sqs=queues), "mail")
    assert queues.hidden == {"a": "MailDeadLettersUrl"}, "it is visible there again after a minute"


def test_the_stack_tells_every_address_that_a_redrive_needs() -> None:
    outputs = expand.load(TEMPLATE)["Outputs"]
    for output in {name for pair in redrive.QUEUES.values() for name in pair}:
        assert output in outputs


def test_a_digest_is_queued_for_an_operator() -> None:
    queues = Queues()
    trigger.digest(Fake(sqs=queues), USER)
    message = json.loads(queues.messages["DigestQueueUrl"][0])
    assert uuid.UUID(message.pop("mailId")).version == 7
    assert message == {"userId": USER, "cause": "operator"}


def test_a_dry_run_shows_what_the_function_says() -> None:
    class Functions:
        def invoke(self, FunctionName: str, LogType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
            [record] = json.loads(Payload)["Records"]
            assert json.loads(record["body"]) == {"userId": USER, "cause": "dry-run"}
            assert (FunctionName, LogType) == ("spacedly-dev-reminders-digest", "Tail")
            log = 'START\n{"message":"digest.dry_run","level":"INFO","tasks":2,"mail":true}\n{"message":"event.batch"}\n'
            return {"Payload": io.BytesIO(b'{"batchItemFailures":[]}'), "LogResult": base64.b64encode(log.encode()).decode()}

    stack = Fake(**{"lambda": Functions()})
    assert trigger.digest(stack, USER, dry_run=True) == {"tasks": 2, "mail": True}


FAR = "2300-01-01T00:00:00.000Z"


def row(status: str, state: str, scheduled_for: str = "2026-03-02T09:00:00.000Z") -> dict[str, Any]:
    return {
        "taskId": {"S": "t"},
        "plan": {"N": "3"},
        "status": {"S": status},
        "type": {"S": "both"},
        "delivery": {"M": {"state": {"S": state}, "scheduledFor": {"S": scheduled_for}}},
    }


class Table:
    def __init__(self, item: dict[str, Any] | None) -> None:
        self.item = item

    def get_item(self, **asked: Any) -> dict[str, Any]:
        assert asked["Key"] == {"PK": {"S": f"USER#{USER}"}, "SK": {"S": f"REM#{REMINDER}"}}
        return {"Item": self.item} if self.item else {}


def test_a_reminder_that_is_to_fire_is_queued_with_its_plan() -> None:
    queues = Queues()
    stack = Fake(sqs=queues, dynamodb=Table(row("pending", "scheduled")))
    assert trigger.fire(stack, USER, REMINDER, dry_run=True)["mail"] is True
    assert queues.messages == {}
    trigger.fire(stack, USER, REMINDER)
    message = json.loads(queues.messages["ReminderQueueUrl"][0])
    assert message == {"userId": USER, "reminderId": REMINDER, "taskId": "t", "plan": 3}


@pytest.mark.parametrize("item", [None, row("completed", "sent"), row("pending", "skipped"), row("pending", "scheduled", FAR)])
def test_one_that_is_not_to_fire_is_not_queued(item: dict[str, Any] | None) -> None:
    stack = Fake(sqs=Queues(), dynamodb=Table(item))
    with pytest.raises(Problem):
        trigger.fire(stack, USER, REMINDER)


@pytest.mark.parametrize(
    "words",
    [["redrive", "everything"], ["digest"], ["fire", USER], ["end-sessions"], []],
)
def test_bad_commands_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(words)


def test_an_id_that_is_none_is_refused() -> None:
    with pytest.raises(Problem):
        trigger.digest(Fake(), "../etc")


def test_new_ids_are_of_version_seven_and_differ() -> None:
    made = {trigger.new_identifier() for _ in range(50)}
    assert len(made) == 50
    for text in made:
        found = uuid.UUID(text)
        assert (found.version, found.variant) == (7, uuid.RFC_4122)
        assert abs((found.int >> 80) / 1000 - time.time()) < 60


def test_early_is_what_the_function_leaves_to_its_time() -> None:
    source = (ROOT / "functions/reminders/src/fire.rs").read_text()
    assert "const EARLY: Duration = Duration::from_secs(6 * 60);" in source
    assert trigger.EARLY.total_seconds() == 6 * 60
