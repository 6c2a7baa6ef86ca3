"""How long the mails of reminders take that are all due in the same minute, from measured times and quotas.

A simulation, second by second, of the three stages behind each other: Scheduler puts messages on the reminder queue,
`reminders-fire` works on them, `mail-send` hands mails to SES. What a stage cannot take waits in its queue; what SES has no
room for comes back after a random while that doubles with its tries, as `functions/mail/src/send.rs` has it.
`python -m infra.operate.storm FIRE_SECONDS MAIL_SECONDS` prints a table for 100,000 reminders.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from dataclasses import dataclass, field

# Pollers of an SQS event source: five batches at first, 300 more a minute
# (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html), up to MaximumConcurrency.
FIRST_POLLERS = 5
MORE_A_SECOND = 5
BATCH = 10
# mail-send's: seconds of the first wait, which doubles; the longest; tries after which a mail is shown as failed.
FIRST_WAIT = 15
LONGEST_WAIT = 900
TRIES = 30


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
    """Seconds after the minute in which they were due, and what SES refused."""

    fired: int
    half: int
    last: int
    slowest: str
    refusals: int
    failed: int


@dataclass
class Mails:
    """Those that are to leave: in the queue, and waiting until a second; each is the number of its tries so far."""

    queue: deque[int] = field(default_factory=deque)
    waiting: dict[int, list[int]] = field(default_factory=dict)
    sent: int = 0
    refusals: int = 0
    failed: int = 0

    def work_off(self, second: int, most: int, room: int, chance: random.Random) -> None:
        """One second of mail-send: so many tries at most, for so many of which SES has room."""
        self.queue.extend(self.waiting.pop(second, ()))
        for _ in range(min(most, len(self.queue))):
            tries = self.queue.popleft() + 1
            if room > 0:
                room, self.sent = room - 1, self.sent + 1
            elif tries >= TRIES:
                self.failed += 1
            else:
                self.refusals += 1
                wait = chance.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**tries))
                self.waiting.setdefault(second + 1 + int(wait), []).append(tries)


def capacity(second: int, concurrency: int, batch_seconds: float) -> float:
    """How many messages a function can take in a second."""
    return min(concurrency, FIRST_POLLERS + MORE_A_SECOND * second) * BATCH / batch_seconds


def up_to(rate: float, second: int) -> int:
    """What a rate allows in this second, in whole messages."""
    return int(rate * (second + 1)) - int(rate * second)


def simulate(reminders: int, setting: Setting, hours: int = 72) -> Outcome:
    """Runs until every mail has left or was given up."""
    chance = random.Random(1)  # noqa: S311
    to_deliver, to_fire, fired, half = reminders, 0, 0, 0
    mails = Mails()
    for second in range(hours * 3600):
        delivered = min(to_deliver, up_to(setting.scheduler_rate, second))
        done = min(to_fire, int(capacity(second, setting.reminder_concurrency, setting.fire_batch)))
        most = int(capacity(second, setting.mail_concurrency, setting.mail_batch))
        mails.work_off(second, most, up_to(setting.ses_rate, second), chance)
        to_deliver, to_fire = to_deliver - delivered, to_fire + delivered - done
        mails.queue.extend([0] * done)
        fired = fired or (second if to_deliver + to_fire == 0 else 0)
        half = half or (second if mails.sent >= reminders / 2 else 0)
        if mails.sent + mails.failed == reminders:
            rates = {
                "Scheduler": setting.scheduler_rate,
                "reminders-fire": setting.reminder_concurrency * BATCH / setting.fire_batch,
                "mail-send": setting.mail_concurrency * BATCH / setting.mail_batch,
                "SES": setting.ses_rate,
            }
            slowest = min(rates, key=rates.__getitem__)
            return Outcome(fired, half, second, slowest, mails.refusals, mails.failed)
    raise ValueError("it does not end within the time simulated")


def minutes(seconds: int) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def table(fire_batch: float, mail_batch: float, reminders: int = 100_000) -> str:
    lines = [
        "| `ReminderConcurrency` | `MailConcurrency` | SES mails/s | all fired | half sent | all sent | bottleneck "
        "| throttled attempts per mail | failed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for reminder, mail, ses in ((10, 2, 14), (10, 10, 14), (50, 20, 200), (100, 40, 500)):
        found = simulate(reminders, Setting(reminder, mail, ses, fire_batch, mail_batch))
        cells = [
            str(reminder),
            str(mail),
            str(ses),
            minutes(found.fired),
            minutes(found.half),
            minutes(found.last),
            found.slowest,
            f"{found.refusals / reminders:.1f}",
            str(found.failed),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    fire, mail = (float(word) for word in sys.argv[1:3])
    sys.stdout.write(table(fire, mail) + "\n")
