"""Gives what was parked back to its queue, once the cause is mended.

By receiving and sending instead of StartMessageMoveTask: the same works on the local cloud, it ends when it is done,
and says how many it moved. A message is deleted from where it was parked only after it is on its queue again; an
interruption leads to one that is on both, which every handler bears.
"""

from __future__ import annotations

from typing import Any

from .stack import Problem, Stack

# Name → outputs with the address it is parked at, and the one it goes back to.
QUEUES = {
    "mail": ("MailDeadLettersUrl", "MailQueueUrl"),
    "code-mail": ("CodeMailDeadLettersUrl", "CodeMailQueueUrl"),
    "reminder": ("ReminderDeadLettersUrl", "ReminderQueueUrl"),
    "schedule": ("ScheduleDeadLettersUrl", "ReminderQueueUrl"),
    "digest": ("DigestDeadLettersUrl", "DigestQueueUrl"),
    "overdue": ("OverdueDeadLettersUrl", "OverdueQueueUrl"),
    "reset": ("ResetDeadLettersUrl", "ResetQueueUrl"),
    "export": ("ExportDeadLettersUrl", "ExportQueueUrl"),
    "upload": ("UploadDeadLettersUrl", "UploadQueueUrl"),
    "feedback": ("FeedbackDeadLettersUrl", "FeedbackQueueUrl"),
    "cleanup": ("CleanupDeadLettersUrl", "CleanupQueueUrl"),
}
BATCH = 10


def waiting(sqs: Any, url: str) -> int:
    """About how many messages a queue has, hidden ones included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def parked(stack: Stack) -> dict[str, int]:
    """How many messages are parked, by queue."""
    sqs = stack.client("sqs")
    return {name: waiting(sqs, stack.output(dead)) for name, (dead, _) in QUEUES.items()}


def redrive(stack: Stack, name: str, *, dry_run: bool = False) -> dict[str, int]:
    """Moves all that is parked; returns how many, by queue."""
    sqs = stack.client("sqs")
    wanted = QUEUES if name == "all" else {name: QUEUES[name]}
    if dry_run:
        return {it: waiting(sqs, stack.output(dead)) for it, (dead, _) in wanted.items()}
    return {it: move(sqs, stack.output(dead), stack.output(alive)) for it, (dead, alive) in wanted.items()}


def move(sqs: Any, source: str, target: str) -> int:
    """Moves the messages that `source` has now; what is parked meanwhile stays."""
    left, moved = waiting(sqs, source), 0
    while moved < left:
        received = sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=BATCH, WaitTimeSeconds=1, VisibilityTimeout=60)
        messages = received.get("Messages", [])
        if not messages:
            break
        entries = [{"Id": str(number), "MessageBody": message["Body"]} for number, message in enumerate(messages)]
        refused = sqs.send_message_batch(QueueUrl=target, Entries=entries).get("Failed", [])
        if refused:
            raise Problem(f"{target} refused {len(refused)} messages ({refused[0].get('Code')}); {moved} were moved.")
        for message in messages:
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        moved += len(messages)
    return moved
