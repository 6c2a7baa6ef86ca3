"""Prepares the sample events for a running system: for `make invoke`, and for a check of `make test`.

The files in events/ are events as AWS sends them, about one fictional user and her rows. This module replaces each
placeholder: it registers a user, signs in, and creates the rows that the sample names, with the samples of those
functions. Every user is new, so a sample can be sent any number of times, even one that deletes the account.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from . import deploy
from .instance import ROOT, STACK, Instance
from .progress import Problem

Event = dict[str, Any]
# Sends an event to a function, and returns the function's response.
Send = Callable[[str, Event], Any]

EVENTS = ROOT / "events"
_PICTURE = ROOT / "media" / "tests" / "files" / "cat.jpg"
# Seconds.
_PATIENCE = 30

_TASK = "019ca8ad-fa20-7892-8953-19855d9dc9f8"
_REMINDER = "019ca90f-a220-70ed-b36f-675c81e74ef5"
_ATTACHMENT = "019ca8ad-fa20-7892-8953-19855d9dc9aa"
_TOKEN = "c2FtcGxlLW9ubHktbm90LWEtcmVhbC10b2tlbi0tLS0"  # noqa: S105 - says itself that it is none
_ACTION = (
    "c2FtcGxlLW5vdC1hLXRhZwEBnBNVjiB1LrZRMnAmng03AZyorfogeJKJUxmFXZ3J-A"
    "GcqQ-iIHDts29nXIHnTvUAAAAAAAAAAQAAAZyy7PaAAAABnNHhFLhzYW1wbGUtLQ"
)

# Placeholder in the samples → the attribute of `Person` that replaces it.
STAND_INS = {
    "asha@example.com": "address",
    "019c1355-8e20-752e-b651-3270269e0d37": "user",
    "019cadcb-2e60-7a6a-8d23-f082128b2f34": "session",
    _TASK: "task",
    "019cadd4-5238-7099-86b0-d5496f036701": "overdue_task",
    "019c9414-8a20-711e-88d1-16ec1738f7d9": "deleted_task",
    "019c0e2f-3220-7415-9af2-6b1c0d2e3f40": "deleted_user",
    _REMINDER: "reminder",
    _ATTACHMENT: "attachment",
    "019cadd4-5238-7099-86b0-d5496f03675b": "notification",
    "019cadd4-5238-7099-86b0-d5496f03675a": "mail",
    "019cadd5-1f48-7a05-8c55-0e1f2a3b4c5d": "export",
    "019cadd5-30b0-7c1e-9d4a-5f6a7b8c9d0e": "challenge",
    "482913": "code",
    "c2FtcGxlLW5vdC1hLXRhZzAxOWMxMzU1LThlMjAtNzUyZS1iNjUxLTMyNzAyNjllMGQzNyBkaWdlc3Q": "unsubscribe_token",
    _ACTION: "action_token",
    "spacedly-dev-uploads-123456789012-eu-west-1": "bucket",
}
# The same, for functions that need a different value than the others.
_OWN = {
    ("auth-reset-password", _TOKEN): "reset_token",
    ("auth-verify-email", _TOKEN): "verification_token",
    ("users-open-export", _TOKEN): "export_token",
    ("reminders-fire", _REMINDER): "due_reminder",
    ("tasks-skip", _TASK): "recurring_task",
    ("tasks-occurrences", _TASK): "recurring_task",
    ("tasks-end-plan", _TASK): "planned_task",
    ("reminders-review", _REMINDER): "open_review",
    ("attachments-optimize", _ATTACHMENT): "uploaded_attachment",
}
# Rows that must exist although the sample does not name them.
_NEEDS = {
    "auth-login": "user",
    "auth-forgot-password": "user",
    "auth-issue-reset": "user",
    "users-get-export": "finished_export",
}
# These are for an account that signs in with Google.
_GOOGLE = {"users-set-password"}


def functions() -> list[str]:
    """The functions with a sample, which are all functions."""
    return sorted(file.stem for file in EVENTS.glob("*.json"))


def prepared(instance: Instance, function: str) -> Event:
    """The sample event of a function, for a new user of the running system."""
    return Person(instance).event(function)


class Person:
    """The user of the samples. Each attribute is created when it is first read, with the samples that create it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._is_of_google = False
        name = secrets.token_hex(6)
        self.address = f"asha-{name}@example.com"
        # A separate client address, from the documentation range (RFC 3849): the rate limiter counts by it.
        self.client = f"2001:db8:{name[:4]}:{name[4:8]}::1"

    def event(self, function: str) -> Event:
        """The sample event of a function, for this user."""
        self._is_of_google = self._is_of_google or function in _GOOGLE
        if function in _NEEDS:
            getattr(self, _NEEDS[function])
        text = (EVENTS / f"{function}.json").read_text()
        names = {**STAND_INS, **{sample: name for (owner, sample), name in _OWN.items() if owner == function}}
        for sample, name in names.items():
            if sample in text:
                text = text.replace(sample, getattr(self, name))
        event = json.loads(text)
        if "routeKey" in event:
            self._sign(event)
            if function == "auth-google-callback":
                self._return_from_google(event)
        for record in event.get("Records", []):
            if "md5OfBody" in record:
                if function == "attachments-optimize":
                    _describe_object(record, self.upload)
                record["md5OfBody"] = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        return event

    def send(self, function: str, event: Event | None = None) -> Any:
        """Sends this user's sample to a deployed function; returns the `data` of the response, which must be a success."""
        answer = invoke(self._instance, function, self.event(function) if event is None else event)
        if answer["statusCode"] >= 400:
            raise Problem(f"{function} answered {answer['statusCode']}: {answer['body'][:500]}")
        return json.loads(answer["body"])["data"]

    def _sign(self, event: Event) -> None:
        headers, context = event["headers"], event["requestContext"]
        if "authorization" in headers:
            headers["authorization"] = f"Bearer {self.tokens['accessToken']}"
        cookies = [cookie.split("=", 1)[0].removeprefix("__Host-") for cookie in event.get("cookies", [])]
        if any(name in ("accessToken", "refreshToken") for name in cookies):
            event["cookies"] = [f"{name}={self.tokens[name]}" for name in cookies]
        # Uncompressed, so that the response is readable.
        headers.pop("accept-encoding", None)
        headers["x-forwarded-for"] = context["http"]["sourceIp"] = self.client
        now = datetime.now(UTC)
        context["time"], context["timeEpoch"] = now.strftime("%d/%b/%Y:%H:%M:%S %z"), int(now.timestamp() * 1000)
        if "body" in event:
            headers["content-length"] = str(len(event["body"].encode()))

    # The account.

    @cached_property
    def user(self) -> str:
        if self._is_of_google:
            return self.send("users-me")["user"]["id"]
        return self.send("auth-register")["user"]["id"]

    @cached_property
    def tokens(self) -> dict[str, str]:
        if self._is_of_google:
            answer = invoke(self._instance, "auth-google-callback", self.event("auth-google-callback"))
            cookies = dict(cookie.split(";", 1)[0].split("=", 1) for cookie in answer["cookies"])
            return {name: cookies[name] for name in ("accessToken", "refreshToken")}
        return self.send("auth-login")["tokens"]

    @cached_property
    def session(self) -> str:
        return next(it["id"] for it in self.send("users-sessions")["sessions"] if it["current"])

    @cached_property
    def challenge(self) -> str:
        self.send("users-two-factor")
        return self.send("auth-login")["challengeId"]

    @cached_property
    def code(self) -> str:
        assert self.challenge  # noqa: S101 - makes the mail
        return self._mailed(r"^(\d{6})$")

    @cached_property
    def verification_token(self) -> str:
        assert self.user  # noqa: S101 - makes the mail
        return self._mailed(r"/verify-email\?token=([\w-]+)")

    @cached_property
    def reset_token(self) -> str:
        self.send("auth-forgot-password")
        return self._mailed(r"/reset-password\?token=([\w-]+)")

    @cached_property
    def deleted_user(self) -> str:
        gone = Person(self._instance)
        identifier = gone.user
        gone.send("users-delete")
        return identifier

    # Its rows.

    @cached_property
    def task(self) -> str:
        return self.send("tasks-create")["task"]["id"]

    @cached_property
    def overdue_task(self) -> str:
        event = self.event("tasks-create")
        return self.send("tasks-create", _with_body(event, dueDate="2026-01-31T12:00:00Z"))["task"]["id"]

    @cached_property
    def recurring_task(self) -> str:
        recurrence = {"rrule": "FREQ=WEEKLY", "anchor": "due", "timezone": "UTC"}
        event = _with_body(self.event("tasks-create"), dueDate="2030-03-04T09:00:00Z", recurrence=recurrence)
        return self.send("tasks-create", event)["task"]["id"]

    @cached_property
    def planned_task(self) -> str:
        return self.send("tasks-plan")["task"]["id"]

    @cached_property
    def deleted_task(self) -> str:
        gone = self.send("tasks-create")["task"]["id"]
        self.send("tasks-delete", json.loads(json.dumps(self.event("tasks-delete")).replace(self.task, gone)))
        return gone

    @cached_property
    def reminder(self) -> str:
        return self.send("reminders-create")["reminder"]["id"]

    @cached_property
    def open_review(self) -> str:
        """A review that is due: it was moved to today."""
        review = self.send("tasks-plan")["task"]["plan"]["reminderId"]
        body = {"scheduledAt": (datetime.now(UTC) + timedelta(seconds=20)).isoformat()}
        event = json.loads(json.dumps(self.event("reminders-update")).replace(self.reminder, review))
        self.send("reminders-update", {**event, "body": json.dumps(body)})
        return review

    @cached_property
    def due_reminder(self) -> str:
        """A reminder whose mail is due in four minutes: the function accepts it, and its schedule has not fired yet."""
        at = datetime.now(UTC) + timedelta(hours=1, minutes=4)
        event = _with_body(self.event("reminders-create"), scheduledAt=at.isoformat())
        return self.send("reminders-create", event)["reminder"]["id"]

    @cached_property
    def unsubscribe_token(self) -> str:
        """From the mail of a reminder within the next hour, which is sent at once."""
        at = datetime.now(UTC) + timedelta(minutes=30)
        self.send("reminders-create", _with_body(self.event("reminders-create"), scheduledAt=at.isoformat()))
        return self._mailed(r"/unsubscribe\?token=([\w.~-]+)")

    @cached_property
    def action_token(self) -> str:
        """Like `unsubscribe_token`, but the action link of a user with a verified address."""
        self.send("auth-verify-email")
        at = datetime.now(UTC) + timedelta(minutes=30)
        self.send("reminders-create", _with_body(self.event("reminders-create"), scheduledAt=at.isoformat()))
        return self._mailed(r"/act\?token=([\w-]+)")

    @cached_property
    def notification(self) -> str:
        self.send("tasks-update")
        return self.send("notifications-list")["notifications"][0]["id"]

    @cached_property
    def upload(self) -> dict[str, Any]:
        """An announced picture, uploaded."""
        picture = _PICTURE.read_bytes()
        file = {"filename": "beach.jpg", "fileType": "image/jpeg", "fileSize": len(picture)}
        [announced] = self.send("attachments-create", _with_body(self.event("attachments-create"), files=[file]))["files"]
        upload = announced["upload"]
        answer = requests.request(upload["method"], upload["url"], data=picture, headers=upload["headers"], timeout=30)
        answer.raise_for_status()
        bucket = urlsplit(upload["url"]).path.split("/")[1]
        return {"id": announced["attachment"]["id"], "bucket": bucket, "size": len(picture), "eTag": answer.headers["ETag"]}

    @cached_property
    def uploaded_attachment(self) -> str:
        return self.upload["id"]

    @cached_property
    def bucket(self) -> str:
        return self.upload["bucket"]

    @cached_property
    def attachment(self) -> str:
        """The id of a ready attachment."""
        wanted = self.upload["id"]

        def is_ready() -> bool:
            attachments = self.send("tasks-get")["task"]["attachments"]
            return any(it["id"] == wanted and it["status"] == "ready" for it in attachments)

        _wait(is_ready, "The picture never became ready")
        return wanted

    @cached_property
    def mail(self) -> str:
        """The id of a mail that was sent: while the running system is sending it, no other function may."""
        assert self.user  # noqa: S101 - makes the mail
        _wait(lambda: self._rows("MAIL#")[0]["state"]["S"] == "sent", "The mail never left")
        return self._rows("MAIL#")[0]["id"]["S"]

    @cached_property
    def export(self) -> str:
        self.send("users-export")
        return self._rows("EXPORT")[0]["id"]["S"]

    @cached_property
    def finished_export(self) -> str:
        assert self.export  # noqa: S101 - asks for it
        _wait(lambda: self._rows("EXPORT")[0]["state"]["S"] == "ready", "The export was never finished")
        return self.export

    @cached_property
    def export_token(self) -> str:
        assert self.export  # noqa: S101 - makes the mail
        return self._mailed(r"/settings\?export=([\w-]+)")

    # Helpers.

    def _rows(self, prefix: str) -> list[dict[str, Any]]:
        answer = deploy.client(self._instance, "dynamodb").query(
            TableName=STACK,
            KeyConditionExpression="PK = :user AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":user": {"S": f"USER#{self.user}"}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        return answer["Items"]

    def _mailed(self, pattern: str) -> str:
        """The match of the pattern's group in the user's mails, the newest first."""
        url = f"{self._instance.public_url}/mailbox/messages?{urlencode({'to': self.address})}"

        def look() -> str:
            mails = requests.get(url, timeout=10).json()
            found = [match for mail in mails if (match := re.search(pattern, mail["text"], re.MULTILINE))]
            return found[0][1] if found else ""

        return _wait(look, f"No mail with {pattern} came to {self.address}")

    def _return_from_google(self, event: Event) -> None:
        """Signs in at the local OpenID provider, as provider.mjs describes it, up to the request that returns."""
        begun = invoke(self._instance, "auth-google", self.event("auth-google"))
        event["cookies"] = [cookie.split(";", 1)[0] for cookie in begun["cookies"]]
        browser, login = requests.Session(), {"email": self.address, "name": "Asha Rao", "email_verified": "on"}
        page = _next(browser.get(begun["headers"]["location"], allow_redirects=False, timeout=10))
        on = _next(browser.post(page, {**login, "action": "continue"}, allow_redirects=False, timeout=10))
        query = urlsplit(_next(browser.get(on, allow_redirects=False, timeout=10))).query
        event["rawQueryString"] = query
        event["queryStringParameters"] = {name: ",".join(values) for name, values in parse_qs(query).items()}


def _next(answer: requests.Response) -> str:
    return requests.compat.urljoin(answer.url, answer.headers["Location"])


def _with_body(event: Event, **fields: Any) -> Event:
    """The event with these fields in its body."""
    body = json.dumps({**json.loads(event["body"]), **fields})
    return {**event, "body": body, "headers": {**event["headers"], "content-length": str(len(body.encode()))}}


def _describe_object(record: Event, upload: dict[str, Any]) -> None:
    """Puts the real object into S3's message."""
    body = json.loads(record["body"])
    body["Records"][0]["s3"]["object"] |= {"size": upload["size"], "eTag": upload["eTag"].strip('"')}
    record["body"] = json.dumps(body)


def _wait(look: Callable[[], Any], complaint: str) -> Any:
    deadline = time.monotonic() + _PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Problem(f"{complaint} within {_PATIENCE} s.", "See: make logs")
        time.sleep(0.1)
    return found


def invoke(instance: Instance, function: str, event: Event) -> Any:
    """Invokes a deployed function of a running instance; returns its response."""
    answer = deploy.client(instance, "lambda").invoke(FunctionName=f"{STACK}-{function}", Payload=json.dumps(event).encode())
    return outcome(function, answer)


def outcome(function: str, answer: dict[str, Any]) -> Any:
    """The response of a function; raises a Problem if it failed."""
    payload = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise Problem(f"{function} failed: {json.dumps(payload)[:500]}", "See: make logs")
    return payload
