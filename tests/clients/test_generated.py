"""A Python client that openapi-python-client generates from docs/openapi.json, with its defaults."""

from __future__ import annotations

import datetime
import io
import uuid
from typing import Any

import pytest
import requests
from conftest import BASE_URL, PASSWORD, PICTURE, client_headers, eventually, mailed, new_address
from spacedly import AuthenticatedClient, Client
from spacedly.api.account import users_delete, users_export, users_get_export, users_me, users_two_factor, users_update
from spacedly.api.analytics import analytics_get, analytics_streaks
from spacedly.api.attachments import attachments_create, attachments_get
from spacedly.api.notifications import notifications_count, notifications_list, notifications_read, notifications_read_all
from spacedly.api.reminders import reminders_create, reminders_delete, reminders_list, reminders_update
from spacedly.api.signing_in import auth_login, auth_refresh, auth_register, auth_verify_email, auth_verify_otp
from spacedly.api.tasks import tasks_create, tasks_delete, tasks_get, tasks_list, tasks_reminders, tasks_update
from spacedly.models import (
    AttachmentsCreateFilesBody,
    AttachmentsCreateJsonBody,
    AttachmentsCreateJsonBodyFilesItem,
    AttachmentsCreateJsonBodyFilesItemFileType,
    AttachmentStatus,
    AuthLoginBody,
    AuthRefreshBody,
    AuthRegisterBody,
    AuthVerifyEmailBody,
    AuthVerifyOtpBody,
    Error,
    ErrorCode,
    RemindersCreateBody,
    ReminderStatus,
    RemindersUpdateBody,
    TasksCreateBody,
    TasksCreateBodyPriorityType0,
    TasksListPriorityItem,
    TasksListSort,
    TaskStatus,
    TasksUpdateBody,
    TasksUpdateBodyStatusType0,
    UsersDeleteBody,
    UsersTwoFactorBody,
    UsersUpdateBody,
)
from spacedly.types import File

SOON = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=2)


class Person:
    def __init__(self) -> None:
        self.email, self.headers = new_address(), client_headers()
        self.anonymous = Client(base_url=BASE_URL, headers=self.headers, raise_on_unexpected_status=True)
        body = AuthRegisterBody(name="Ada Lovelace", email=self.email, password=PASSWORD)
        assert good(auth_register, client=self.anonymous, body=body).user.email == self.email
        self.use(self.log_in().tokens)

    def log_in(self) -> Any:
        body = AuthLoginBody(email=self.email, password=PASSWORD)
        return good(auth_login, client=self.anonymous, body=body, x_token_delivery="body")

    def use(self, tokens: Any) -> None:
        self.refresh_token = tokens.refresh_token
        self.client = AuthenticatedClient(
            base_url=BASE_URL, token=tokens.access_token, headers=self.headers, raise_on_unexpected_status=True
        )

    def creates(self, title: str, **fields: Any) -> Any:
        return good(tasks_create, client=self.client, body=TasksCreateBody(title=title, **fields)).task


def good(operation: Any, *arguments: Any, **named: Any) -> Any:
    """The data of a success."""
    answer = operation.sync_detailed(*arguments, **named)
    assert answer.parsed is not None, f"{operation.__name__}: {answer.status_code} is not in the contract: {answer.content!r}"
    assert not isinstance(answer.parsed, Error), answer.parsed
    return answer.parsed.data


def refused(operation: Any, *arguments: Any, **named: Any) -> Error:
    answer = operation.sync_detailed(*arguments, **named)
    assert isinstance(answer.parsed, Error), answer.parsed
    return answer.parsed


@pytest.fixture(scope="module")
def ada() -> Person:
    return Person()


def test_the_mailed_token_verifies_the_address(ada: Person) -> None:
    assert not good(users_me, client=ada.client).user.email_verified
    token = mailed(ada.email, r"verify-email\?token=([\w-]+)")
    good(auth_verify_email, client=ada.client, body=AuthVerifyEmailBody(token=token))
    assert good(users_me, client=ada.client).user.email_verified


def test_the_profile_is_changed(ada: Person) -> None:
    user = good(users_update, client=ada.client, body=UsersUpdateBody(timezone="Europe/Berlin")).user
    assert (user.timezone, user.name) == ("Europe/Berlin", "Ada Lovelace")


def test_a_task_keeps_every_field(ada: Person) -> None:
    task = ada.creates(
        "Écrire à Émilie 📮",
        description="Two pages",
        due_date=SOON,
        priority=TasksCreateBodyPriorityType0.HIGH,
        category="Letters",
        link="https://example.com/letters",
    )
    read = good(tasks_get, task.id, client=ada.client).task
    assert read == task
    assert (read.title, read.description, read.due_date) == ("Écrire à Émilie 📮", "Two pages", SOON)
    assert (read.priority.value, read.category, read.link) == ("high", "Letters", "https://example.com/letters")
    assert read.status == TaskStatus.TODO
    # Null clears.
    body = TasksUpdateBody(due_date=None, link=None)
    changed = good(tasks_update, task.id, client=ada.client, body=body, if_match='"1"').task
    assert (changed.due_date, changed.link, changed.description) == (None, None, "Two pages")
    stale = refused(tasks_update, task.id, client=ada.client, body=TasksUpdateBody(title="Stale"), if_match='"1"')
    assert stale.code == ErrorCode.PRECONDITION_FAILED
    good(tasks_delete, task.id, client=ada.client)
    assert refused(tasks_get, task.id, client=ada.client).code == ErrorCode.NOT_FOUND


def test_lists_are_filtered_sorted_and_paged() -> None:
    person = Person()
    for day in range(5):
        high = TasksCreateBodyPriorityType0.HIGH if day % 2 else TasksCreateBodyPriorityType0.LOW
        person.creates(f"Task {day}", due_date=SOON + datetime.timedelta(days=day), priority=high)
    person.creates("A day's", due_date=SOON.date())

    def titles(**query: Any) -> list[str]:
        return [task.title for task in good(tasks_list, client=person.client, **query).tasks]

    assert titles(priority=[TasksListPriorityItem.HIGH]) == ["Task 1", "Task 3"]
    assert titles(q="task", due_after=SOON + datetime.timedelta(days=3)) == ["Task 3", "Task 4"]
    assert titles(due_before=SOON.date() + datetime.timedelta(days=1))[-1] == "A day's"
    assert titles(sort=TasksListSort.DUE_DATE_DESCENDING, q="Task")[:2] == ["Task 4", "Task 3"]
    paged, cursor = [], {}
    while cursor is not None:
        page = good(tasks_list, client=person.client, limit=4, **cursor)
        paged += [task.title for task in page.tasks]
        cursor = {"cursor": page.next_cursor} if page.next_cursor else None
    assert paged == titles()
    assert len(paged) == 6


def test_the_same_key_creates_once(ada: Person) -> None:
    key, body = str(uuid.uuid4()), TasksCreateBody(title="Only once")
    first, second = (good(tasks_create, client=ada.client, body=body, idempotency_key=key).task for _ in range(2))
    assert first == second


def test_a_file_is_sent_in_a_form(ada: Person) -> None:
    task = ada.creates("Keep the cat")
    body = AttachmentsCreateFilesBody(files=[File(io.BytesIO(PICTURE), "cat.jpg", "image/jpeg")])
    [attachment] = good(attachments_create, task.id, client=ada.client, body=body).attachments
    assert (attachment.status, attachment.file_type) == (AttachmentStatus.READY, "image/webp")
    assert attachment.optimization_stats.original_size == len(PICTURE)
    location = attachments_get.sync_detailed(attachment.id, client=ada.client).headers["location"]
    assert requests.get(location, timeout=10).headers["Content-Type"] == "image/webp"


def test_a_file_is_announced_and_uploaded(ada: Person) -> None:
    task = ada.creates("Keep the cat")
    kind = AttachmentsCreateJsonBodyFilesItemFileType.IMAGEJPEG
    item = AttachmentsCreateJsonBodyFilesItem(filename="cat.jpg", file_type=kind, file_size=len(PICTURE))
    [file] = good(attachments_create, task.id, client=ada.client, body=AttachmentsCreateJsonBody(files=[item])).files
    upload = file.upload
    assert requests.put(upload.url, data=PICTURE, headers=upload.headers.to_dict(), timeout=10).status_code == 200

    def ready() -> Any:
        [attachment] = good(tasks_get, task.id, client=ada.client).task.attachments
        return attachment if attachment.status == AttachmentStatus.READY else None

    assert eventually(ready, "the picture").width > 0


def test_a_reminder_is_mailed_told_and_counted() -> None:
    person = Person()
    task = person.creates("Call Grace")
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=20)
    body = RemindersCreateBody(task_id=task.id, scheduled_at=at, message="By phone")
    reminder = good(reminders_create, client=person.client, body=body).reminder
    assert mailed(person.email, r"(Call Grace is due soon)")

    def fired() -> Any:
        [found] = good(reminders_list, client=person.client).reminders
        return found if found.email_sent else None

    found = eventually(fired, "the receipt")
    assert (found.id, found.task.title, found.status.value) == (reminder.id, "Call Grace", ReminderStatus.COMPLETED.value)
    # A client that sends all of it back changes nothing and has nothing mailed again.
    again = RemindersUpdateBody(scheduled_at=found.scheduled_at, message=found.message)
    assert good(reminders_update, reminder.id, client=person.client, body=again).reminder.version == found.version
    assert [it.id for it in good(tasks_reminders, task.id, client=person.client).reminders] == [reminder.id]
    assert good(analytics_get, client=person.client).completed_reminders == 1
    assert good(analytics_streaks, client=person.client).active == 1
    [notification] = good(notifications_list, client=person.client).notifications
    assert (notification.type_.value, notification.task.id) == ("upcoming", task.id)
    assert good(notifications_count, client=person.client).count == 1
    assert good(notifications_read, notification.id, client=person.client).notification.is_read
    done = TasksUpdateBody(status=TasksUpdateBodyStatusType0.COMPLETED)
    good(tasks_update, task.id, client=person.client, body=done)
    assert good(notifications_count, client=person.client).count == 1
    good(notifications_read_all, client=person.client)
    assert good(notifications_count, client=person.client).count == 0
    good(reminders_delete, reminder.id, client=person.client)


def test_a_second_factor_a_refresh_an_export_and_the_end() -> None:
    person = Person()
    body = AuthRefreshBody(refresh_token=person.refresh_token)
    person.use(good(auth_refresh, client=person.anonymous, body=body, x_token_delivery="body").tokens)
    good(users_two_factor, client=person.client, body=UsersTwoFactorBody(is_enabled=True))
    challenge = person.log_in()
    assert challenge.requires_otp
    otp = mailed(person.email, r"^(\d{6})$")
    body = AuthVerifyOtpBody(email=person.email, otp=otp, challenge_id=challenge.challenge_id)
    verified = good(auth_verify_otp, client=person.anonymous, body=body, x_token_delivery="body")
    person.use(verified.tokens)
    good(users_export, client=person.client)

    def exported() -> Any:
        return good(users_get_export, client=person.client).url

    export = requests.get(eventually(exported, "the export"), timeout=10).json()
    assert person.email in str(export)
    good(users_delete, client=person.client, body=UsersDeleteBody(password=PASSWORD))
    assert refused(auth_login, client=person.anonymous, body=AuthLoginBody(email=person.email, password=PASSWORD)).code == (
        ErrorCode.INVALID_CREDENTIALS
    )


def test_every_bad_field_is_named(ada: Person) -> None:
    error = refused(tasks_create, client=ada.client, body=TasksCreateBody(title="x", link="nowhere"))
    assert error.code == ErrorCode.VALIDATION_FAILED
    assert [bad.field for bad in error.errors] == ["title", "link"]
