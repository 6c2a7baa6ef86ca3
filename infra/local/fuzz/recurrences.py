"""Recurrences as no schema can describe them: rules of RFC 5545's grammar that have an occurrence, on tasks with a due date."""

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
    """Replaces what a schema takes and the task would not; what no schema takes stays as it is."""
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
        # A task that recurs keeps its due date.
        body["recurrence"] = None


def _is_odd(due: Any) -> bool:
    """Whether it is an instant that the API's clock does not know: early, or in a leap second."""
    date = _DATE.match(due) if isinstance(due, str) else None
    return date is not None and (date[1] < "1980" or ":60" in due)


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
