"""The account that makes the calls, and its rows. It is replaced after a call has deleted it or ended its session."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import requests

from .addresses import HEADER, new_address

# An access token lives for 15 minutes; in seconds.
_RENEW_AFTER = 600
# Attempts to find a mail, a tenth of a second apart.
_LOOKS = 300
PASSWORD = "Fuzz1-" + uuid.uuid4().hex


class Exhausted(RuntimeError):
    """A limit of the account, or of its address, is used up."""


class Account:
    """A registered user with a session, and one row of each kind, created when it is first needed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._started = time.monotonic()
        self._things: dict[str, str] = {}
        self.email = f"fuzz-{uuid.uuid4()}@example.com"
        self._token = ""
        self._call("POST", "/api/auth/register", {"name": "Fuzz", "email": self.email, "password": PASSWORD})
        tokens = self.login()
        self._token, self.refresh_token = tokens["accessToken"], tokens["refreshToken"]

    @property
    def authorization(self) -> str:
        return f"Bearer {self._token}"

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self._started > _RENEW_AFTER

    def login(self) -> dict[str, Any]:
        """The tokens of another session."""
        answer = self._call("POST", "/api/auth/login", {"email": self.email, "password": PASSWORD})
        return answer["tokens"]

    def thing(self, kind: str) -> str:
        """The id of the account's task, reminder, attachment, notification or session."""
        if kind not in self._things:
            self._things[kind] = getattr(self, f"_make_{kind}")()
        return self._things[kind]

    def lost(self, identifier: str) -> None:
        """Forgets a deleted row, and the rows that depend on it."""
        if identifier in self._things.values():
            self._things.clear()

    def dated_task(self) -> str:
        """The id of a new task that is due far ahead."""
        due = (datetime.now(UTC) + timedelta(days=300)).isoformat()
        return self._call("POST", "/api/tasks", {"title": "Fuzzed", "dueDate": due})["task"]["id"]

    def dated_reminder(self) -> str:
        """The id of a new reminder of such a task."""
        body = {"taskId": self.dated_task(), "offsetMinutes": 60}
        return self._call("POST", "/api/reminders", body)["reminder"]["id"]

    @cached_property
    def action_token(self) -> str:
        """The token of the link in the mail of a review, whose page has every button but that to undo."""
        return self._review_token()

    @cached_property
    def undo_token(self) -> str:
        """The token of the page that says what was done, which has the button to undo it."""
        address, form = f"{self._base_url}/api/act?token={self._review_token()}", {"action": "good"}
        page = requests.post(address, data=form, headers={HEADER: new_address()}, timeout=30)
        found = re.search(r"/api/act\?token=([\w-]+)", page.text)
        if not found:
            raise RuntimeError(f"POST /api/act answered {page.status_code}: {page.text[:500]}")
        return found[1]

    @cached_property
    def _verified(self) -> bool:
        token = self._mailed(r"/verify-email\?token=([\w-]+)")
        self._call("POST", "/api/auth/verify-email", {"token": token})
        return True

    def _review_token(self) -> str:
        assert self._verified  # noqa: S101 - mails to other addresses have no link
        title = f"Fuzzed {uuid.uuid4()}"
        task = self._call("POST", "/api/tasks", {"title": title})["task"]["id"]
        plan = self._call("PUT", f"/api/tasks/{task}/plan", {"kind": "fsrs"})["task"]["plan"]
        soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        self._call("PUT", f"/api/reminders/{plan['reminderId']}", {"scheduledAt": soon})
        return self._mailed(rf"{title}[\s\S]*/api/act\?token=([\w-]+)")

    def _mailed(self, pattern: str) -> str:
        """Waits for a mail that the pattern matches; returns the pattern's group."""
        for _ in range(_LOOKS):
            mails = requests.get(f"{self._base_url}/mailbox/messages", params={"to": self.email}, timeout=30).json()
            found = [match[1] for mail in mails if (match := re.search(pattern, mail["text"]))]
            if found:
                return found[0]
            time.sleep(0.1)
        raise RuntimeError(f"No mail with {pattern} came to {self.email}")

    def plain_task(self) -> str:
        """The id of a new task that does not recur."""
        return self._call("POST", "/api/tasks", {"title": "Fuzzed"})["task"]["id"]

    def planned_task(self) -> str:
        """The id of a new task with a plan of reviews."""
        task = self.plain_task()
        self._call("PUT", f"/api/tasks/{task}/plan", {"kind": "fsrs"})
        return task

    def open_review(self) -> str:
        """The id of a new review whose day has come: it was moved to today."""
        plan = self._call("GET", f"/api/tasks/{self.planned_task()}", None)["task"]["plan"]
        today = (datetime.now(UTC) + timedelta(seconds=20)).isoformat()
        self._call("PUT", f"/api/reminders/{plan['reminderId']}", {"scheduledAt": today})
        return plan["reminderId"]

    def _make_task(self) -> str:
        recurrence = {"rrule": "FREQ=DAILY", "anchor": "due"}
        body = {"title": "Fuzzed", "dueDate": "2031-03-24", "recurrence": recurrence}
        return self._call("POST", "/api/tasks", body)["task"]["id"]

    def _make_reminder(self) -> str:
        later = (datetime.now(UTC) + timedelta(days=300)).isoformat()
        body = {"taskId": self.thing("task"), "scheduledAt": later}
        return self._call("POST", "/api/reminders", body)["reminder"]["id"]

    def _make_attachment(self) -> str:
        file = {"filename": "list.txt", "fileType": "text/plain", "fileSize": 5}
        answer = self._call("POST", f"/api/tasks/{self.thing('task')}/attachments", {"files": [file]})
        return answer["files"][0]["attachment"]["id"]

    def _make_notification(self) -> str:
        task = self._make_task()
        self._call("PUT", f"/api/tasks/{task}", {"status": "completed"})
        return self._call("GET", "/api/notifications", None)["notifications"][0]["id"]

    def _make_session(self) -> str:
        self.login()
        sessions = self._call("GET", "/api/user/sessions", None)["sessions"]
        return next(session["id"] for session in sessions if not session["current"])

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {HEADER: new_address(), "X-Token-Delivery": "body"}
        if self._token:
            headers["Authorization"] = self.authorization
        answer = requests.request(method, self._base_url + path, json=body, headers=headers, timeout=30)
        if answer.status_code == requests.codes.too_many_requests:
            raise Exhausted(f"{method} {path}")
        if not answer.ok:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()["data"]


_current: Account | None = None


def current() -> Account:
    """The current account."""
    global _current
    if _current is None or _current.is_old:
        _current = Account(os.environ["BASE_URL"])
    return _current


def action_token() -> str:
    """The token of the link in the mail of a review."""
    return _made(lambda account: account.action_token)


def undo_token() -> str:
    """The token of a page's button to undo what was done."""
    return _made(lambda account: account.undo_token)


def thing(kind: str) -> str:
    """The id of a row of the current account, or of a new account if a limit prevents this one from creating it."""
    return _made(lambda account: account.thing(kind))


def dated_task() -> str:
    """The id of a new task of the account that is due far ahead."""
    return _made(Account.dated_task)


def dated_reminder() -> str:
    """The id of a new reminder of such a task."""
    return _made(Account.dated_reminder)


def plain_task() -> str:
    """The id of a new task that does not recur."""
    return _made(Account.plain_task)


def planned_task() -> str:
    """The id of a new task with a plan of reviews."""
    return _made(Account.planned_task)


def open_review() -> str:
    """The id of a new review that can be rated."""
    return _made(Account.open_review)


def _made(make: Callable[[Account], str]) -> str:
    try:
        return make(current())
    except Exhausted:
        forget()
        return make(current())


def forget() -> None:
    """Makes the next call create another account."""
    global _current
    _current = None
