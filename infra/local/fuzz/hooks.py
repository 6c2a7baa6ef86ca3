"""Tells schemathesis what a schema cannot express: the caller, the existing rows, and rules between fields.

`FUZZ_AS` is `user` (every call with a Bearer token) or `nobody`.
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis

from infra.local.fuzz import account, recurrences
from infra.local.fuzz.addresses import HEADER, new_address
from infra.local.fuzz.tolerated import is_tolerated

AS_USER = os.environ.get("FUZZ_AS") == "user"
# The kind of row that the id in a path names, by the path's third segment.
_KINDS = {
    "tasks": "task",
    "reminders": "reminder",
    "attachments": "attachment",
    "notifications": "notification",
    "sessions": "session",
}
# Operations that need their own row, in a state that the account's other rows are not in.
_FRESH = {
    "tasksPlan": account.plain_task,
    "tasksEndPlan": account.planned_task,
    "remindersReview": account.open_review,
}
# Operations that end their own session if they succeed.
_ENDING = {"authLogout", "authRefresh", "usersDelete", "usersEndSession"}
_OF_MAILED_LINKS = {"mailAction", "mailAct"}
_DELETING = {"tasksDelete", "remindersDelete", "attachmentsDelete", "notificationsDelete", "usersEndSession"}


if AS_USER:

    @schemathesis.auth(refresh_interval=None)
    class SignedIn:
        """Signs every call in as the account."""

        def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
            return account.current().authorization

        def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
            case.headers["Authorization"] = data


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Gives each call a new address, and half of the well-formed calls the id of an existing row."""
    kwargs["allow_redirects"] = False
    case.headers[HEADER] = new_address()
    _give_links_a_token(case)
    if AS_USER:
        _name_what_exists(case)


def _give_links_a_token(case: schemathesis.Case) -> None:
    """Gives a well-formed call about the link of a mail a token that was issued and has its button, whoever calls."""
    if _operation(case) in _OF_MAILED_LINKS and case.meta and case.meta.generation.mode.is_positive:
        undoes = isinstance(case.body, dict) and case.body.get("action") == "undo"
        case.query = {**(case.query or {}), "token": account.undo_token() if undoes else account.action_token()}


def _name_what_exists(case: schemathesis.Case) -> None:
    identifier = case.path_parameters.get("id") if case.path_parameters else None
    if _is_invented(identifier):
        make = _FRESH.get(_operation(case))
        case.path_parameters["id"] = make() if make else account.thing(_kind(case))
    body = case.body
    if not isinstance(body, dict) or case.media_type != "application/json":
        return
    if _is_invented(body.get("taskId")):
        body["taskId"] = account.thing("task")
    _give_reminders_a_time(case, body)
    if case.path.startswith("/api/tasks"):
        recurrences.make_possible(body)
    # Half of the possible passwords are the right one.
    operation = _operation(case)
    if operation in ("usersDelete", "usersChangePassword", "authLogin"):
        name = "currentPassword" if operation == "usersChangePassword" else "password"
        if isinstance(body.get(name), str) and len(body[name]) % 2:
            body[name] = account.PASSWORD
            if operation == "authLogin" and isinstance(body.get("email"), str):
                body["email"] = account.current().email
                case.headers["X-Token-Delivery"] = "body"
    if operation == "authRefresh" and isinstance(body.get("refreshToken"), str) and len(body["refreshToken"]) % 2:
        body["refreshToken"] = account.current().refresh_token
        case.headers["X-Token-Delivery"] = "body"


def _give_reminders_a_time(case: schemathesis.Case, body: dict[str, Any]) -> None:
    """Where a reminder is relative, its task has a due date far ahead, and no other time; a snooze ends within days."""
    operation, offset = _operation(case), body.get("offsetMinutes")
    is_relative = isinstance(offset, (int, float)) and not isinstance(offset, bool)
    if operation == "remindersCreate" and is_relative and _is_uuid(body.get("taskId")):
        body["taskId"] = account.dated_task()
    elif operation == "remindersUpdate" and is_relative and _is_uuid(case.path_parameters.get("id")):
        case.path_parameters["id"] = account.dated_reminder()
        if _is_instant(body.get("scheduledAt")):
            del body["scheduledAt"]
    elif operation == "remindersSnooze" and _is_instant(body.get("until")):
        body["until"] = (datetime.now(UTC) + timedelta(days=3)).isoformat()


def _is_uuid(identifier: Any) -> bool:
    try:
        uuid.UUID(identifier)
    except (ValueError, AttributeError, TypeError):
        return False
    return True


def _is_instant(text: Any) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (ValueError, TypeError):
        return False


def _is_invented(identifier: Any) -> bool:
    """Whether to replace an id: half of the UUIDs, except version 7, which the API issued in an earlier response."""
    try:
        parsed = uuid.UUID(identifier)
    except (ValueError, AttributeError, TypeError):
        return False
    return parsed.version != 7 and parsed.int % 2 == 0


def _kind(case: schemathesis.Case) -> str:
    if _operation(case) == "attachmentsCreateToo":
        return "task"
    return next(kind for part, kind in _KINDS.items() if f"/{part}/" in case.path)


def _operation(case: schemathesis.Case) -> str:
    return case.operation.definition.raw.get("operationId", "")


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Detects a call that ended the session or used up a limit; the next call then uses another account."""
    if AS_USER and response.status_code == 429:
        account.forget()
    if not AS_USER or response.status_code >= 300:
        return
    operation = _operation(case)
    if operation in _ENDING and response.request.method == case.operation.method.upper():
        account.forget()
    elif operation in _DELETING:
        account.current().lost(str(case.path_parameters["id"]))


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Exception,
    case: schemathesis.Case,
    response: schemathesis.Response,
) -> bool:
    """Whether it is a failure: not if a rule that a schema cannot express explains it."""
    return not is_tolerated(failure, case, response)
