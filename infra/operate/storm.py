"""How long the mails of reminders take that are all due in the same minute, from measured times and quotas.

A queueing computation, second by second, of the three stages behind each other: Scheduler puts messages on the reminder
queue, `reminders-fire` works on them, `mail-send` hands mails to SES. What a stage cannot take waits in its queue.
`python -m infra.operate.storm FIRE_SECONDS MAIL_SECONDS` prints a table for 100,000 reminders.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

# Pollers of an SQS event source: five batches at first, 300 more a minute
# (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html), up to MaximumConcurrency.
FIRST_POLLERS = 5
MORE_A_SECOND = 5
BATCH = 10


@dataclass(frozen=True)
class Setting:
    """One deployment: its parameters, SES's rate, and how long a batch of ten takes each function, in seconds."""

    reminder_concurrency: int
    mail_concurrency: int
    ses_rate: float
    fire_batch: float
    mail_batch: float
    # Invocations of schedules a second, an adjustable quota of the account.
    scheduler_rate: float = 500


@dataclass(frozen=True)
class Outcome:
    """Seconds after the minute in which they were due."""

    fired: int
    half: int
    last: int
    slowest: str


def work(waiting: float, second: int, concurrency: int, batch_seconds: float) -> float:
    """How many messages a function takes in a second."""
    pollers = min(concurrency, FIRST_POLLERS + MORE_A_SECOND * second)
    return min(waiting, pollers * BATCH / batch_seconds)


def simulate(reminders: int, setting: Setting, hours: int = 72) -> Outcome:
    """Runs until every mail has left."""
    to_deliver, to_fire, to_mail, sent = float(reminders), 0.0, 0.0, 0.0
    fired = half = 0
    for second in range(hours * 3600):
        delivered = min(to_deliver, setting.scheduler_rate)
        done = work(to_fire, second, setting.reminder_concurrency, setting.fire_batch)
        left = min(work(to_mail, second, setting.mail_concurrency, setting.mail_batch), setting.ses_rate)
        to_deliver, to_fire, to_mail = to_deliver - delivered, to_fire + delivered - done, to_mail + done - left
        sent += left
        if not fired and to_deliver + to_fire < 0.5:
            fired = second
        if not half and sent >= reminders / 2:
            half = second
        if sent >= reminders - 0.5:
            rates = {
                "Scheduler": setting.scheduler_rate,
                "reminders-fire": setting.reminder_concurrency * BATCH / setting.fire_batch,
                "mail-send": setting.mail_concurrency * BATCH / setting.mail_batch,
                "SES": setting.ses_rate,
            }
            return Outcome(fired, half, second, min(rates, key=rates.__getitem__))
    raise ValueError("it does not end within the time simulated")


def minutes(seconds: int) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def table(fire_batch: float, mail_batch: float) -> str:
    lines = [
        "| `ReminderConcurrency` | `MailConcurrency` | SES mails/s | all fired | half sent | all sent | slowest |",
        "|---|---|---|---|---|---|---|",
    ]
    for reminder, mail, ses in ((10, 2, 14), (10, 10, 14), (50, 20, 200), (100, 40, 500)):
        found = simulate(100_000, Setting(reminder, mail, ses, fire_batch, mail_batch))
        cells = [
            str(reminder),
            str(mail),
            str(ses),
            minutes(found.fired),
            minutes(found.half),
            minutes(found.last),
            found.slowest,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    fire, mail = (float(word) for word in sys.argv[1:3])
    sys.stdout.write(table(fire, mail) + "\n")
