"""Makes recurrences valid in ways that a schema cannot describe: RFC 5545 rules with an occurrence, on tasks with a due date."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

_RULES = (
    "FREQ=DAILY",
    "rrule:freq=weekly;interval=2;byday=mo,th;wkst=su",
    "FREQ=MONTHLY;BYMONTHDAY=-1,15;COUNT=10",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYMONTH=9;BYDAY=1MO,-1FR",
    "FREQ=YEARLY;INTERVAL=999",
)
_DATE = re.compile(r"(\d{4})-\d\d-\d\d")


def make_possible(body: dict[str, Any]) -> None:
    """Replaces values that the schema accepts but the task would not; values that violate the schema stay as they are."""
    recurrence, due = body.get("recurrence"), body.get("dueDate")
    if isinstance(recurrence, dict):
        if isinstance(rule := recurrence.get("rrule"), str) and 10 <= len(rule) <= 1000:
            recurrence["rrule"] = _RULES[len(rule) % len(_RULES)]
        if isinstance(zone := recurrence.get("timezone"), str) and zone.strip() and zone not in available_timezones():
            recurrence["timezone"] = "Europe/Berlin"
        if _is_none(due) or _is_odd(due):
            body["dueDate"] = "2031-03-24T09:00:00Z"
        if isinstance(status := body.get("status"), str) and status.strip().lower() == "completed":
            body["status"] = "todo"
    elif "dueDate" in body and _is_none(due) and _is_none(recurrence):
        # A recurring task must keep its due date.
        body["recurrence"] = None


def _is_odd(due: Any) -> bool:
    """Whether the API's clock does not support this instant: too early, or in a leap second."""
    date = _DATE.match(due) if isinstance(due, str) else None
    return date is not None and (date[1] < "1980" or ":60" in due)


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
