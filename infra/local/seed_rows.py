"""The demo account as a psql script with rows of the original's database. Only the dates differ between runs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

EMAIL = "demo@example.com"
# The password of an account on this machine only.
PASSWORD = "Demo-account-1"  # noqa: S105
# The bcrypt hash of PASSWORD, as the original stores passwords.
_HASH = "$2b$10$GGxv1erxVrGI0rdaZg/3Xeb5WHbB9V5Mw2eL5q2I8luBJ12i6dUp."
TASKS = 200
PAST_DAYS, FUTURE_DAYS = 365, 60
# The most recent days have no gap, so that there is a streak.
STREAK_DAYS = 14

_TITLES = {
    "Home": ("Water the plants", "Pay the electricity bill", "Clean the oven", "Call the plumber", "Sort the winter clothes"),
    "Work": (
        "Review the proposal",
        "Prepare the slides",
        "Answer the open questions",
        "Plan the next quarter",
        "Back up the laptop",
    ),
    "Study": (
        "Repeat chapter 3",
        "Learn twenty new words",
        "Solve the exercises",
        "Read the paper on memory",
        "Watch the lecture",
    ),
    "Health": ("Go for a run", "Book the dentist", "Stretch for ten minutes", "Buy vitamins", "Cook something green"),
    "Friends": ("Write to Grace", "Choose a present", "Plan the dinner", "Return the book", "Send the photographs"),
}

_SCHEMA = """
CREATE TABLE users (id UUID, name TEXT, email TEXT, password TEXT, google_id TEXT, auth_provider TEXT,
  is_two_factor_enabled BOOLEAN DEFAULT false, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE tasks (id UUID, user_id UUID, title TEXT, description TEXT, due_date TIMESTAMP, priority TEXT, category TEXT,
  status TEXT, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE task_attachments (id UUID, task_id UUID, filename TEXT, file_url TEXT, file_type TEXT, file_size INTEGER,
  created_at TIMESTAMP);
CREATE TABLE reminders (id UUID, user_id UUID, task_id UUID, scheduled_at TIMESTAMP, type TEXT, message TEXT, status TEXT,
  email_sent BOOLEAN DEFAULT false, email_sent_at TIMESTAMP, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE notifications (id UUID, user_id UUID, type TEXT, title TEXT, message TEXT, related_task_id UUID, is_read BOOLEAN,
  created_at TIMESTAMP);
"""


Row = tuple[Any, ...]


def script(now: datetime) -> str:
    """The script that creates the tables and fills them."""
    # It chooses titles, not secrets.
    dice = random.Random(7)  # noqa: S311
    user = _id(dice)
    long_ago = now - timedelta(days=PAST_DAYS + 10)
    tasks = [_task(dice, user, number, now) for number in range(TASKS)]
    users = [(user, "Dana Demo", EMAIL, _HASH, None, "local", False, long_ago, now)]
    reminders = _reminders(dice, user, [task[0] for task in tasks], now)
    return _SCHEMA + _copy("users", users) + _copy("tasks", tasks) + _copy("reminders", reminders)


def _id(dice: random.Random) -> uuid.UUID:
    return uuid.UUID(int=dice.getrandbits(128), version=4)


def _task(dice: random.Random, user: uuid.UUID, number: int, now: datetime) -> Row:
    category = dice.choices(list(_TITLES), weights=(5, 8, 6, 3, 2))[0]
    due = now + timedelta(days=dice.triangular(-60, 60, 6), hours=dice.uniform(-8, 8))
    is_done = due < now - timedelta(days=1) and dice.random() < 0.93
    status = "completed" if is_done else dice.choices(("todo", "in-progress"), weights=(4, 1))[0]
    made = min(now, due) - timedelta(days=dice.uniform(1, 90))
    return (
        _id(dice),
        user,
        dice.choice(_TITLES[category]),
        "Part of what was agreed last week." if number % 4 == 0 else None,
        None if number % 12 == 0 else due,
        dice.choices(("low", "medium", "high"), weights=(2, 5, 2))[0],
        category,
        status,
        made,
        min(due, now) if is_done else made,
    )


def _reminders(dice: random.Random, user: uuid.UUID, tasks: list[uuid.UUID], now: datetime) -> Iterable[Row]:
    for offset in range(-PAST_DAYS, FUTURE_DAYS):
        moment = (now + timedelta(days=offset)).replace(hour=dice.randrange(7, 20), minute=dice.choice((0, 15, 30, 45)), second=0)
        is_past = moment < now
        if offset < -STREAK_DAYS and dice.random() < 0.12:
            continue
        for _ in range(dice.choices((1, 2, 3), weights=(6, 3, 1))[0] if is_past else 1):
            is_done = is_past and (offset > -STREAK_DAYS or dice.random() < 0.95)
            status = "completed" if is_done else "skipped" if is_past else "pending"
            sent_at = moment - timedelta(hours=1) if is_done else None
            made = min(moment, now) - timedelta(days=3)
            kind = dice.choice(("email", "both"))
            task = dice.choice(tasks)
            yield (_id(dice), user, task, moment, kind, None, status, is_done, sent_at, made, min(moment, now))


def _copy(table: str, rows: Iterable[Row]) -> str:
    """The rows in COPY's text format; none of the texts has a tab or a backslash."""
    lines = ["\t".join(map(_field, row)) for row in rows]
    return "\n".join([f"COPY {table} FROM stdin;", *lines, "\\.", ""])


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return str(value)
