"""requests with its defaults: it keeps cookies, follows redirects, and writes JSON and forms its own way."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import requests
from conftest import BASE_URL, PASSWORD, PICTURE, client_headers, eventually, mailed, new_address

API = f"{BASE_URL}/api"


class Browserless(requests.Session):
    """A script's session: nothing is set but the address that the limits count by."""

    def __init__(self) -> None:
        super().__init__()
        self.headers.update(client_headers())
        self.email = new_address()

    def data(self, method: str, path: str, status: int = 200, **named: Any) -> Any:
        answer = self.request(method, API + path, timeout=30, **named)
        assert answer.status_code == status, answer.text
        return answer.json().get("data")

    def log_in(self) -> Any:
        return self.data("POST", "/auth/login", json={"email": self.email, "password": PASSWORD})


@pytest.fixture
def session() -> Browserless:
    session = Browserless()
    person = {"name": "Ada Lovelace", "email": session.email, "password": PASSWORD}
    session.data("POST", "/auth/register", 201, json=person)
    session.log_in()
    return session


def test_cookies_sign_in_refresh_and_sign_out(session: Browserless) -> None:
    assert {cookie.name for cookie in session.cookies} == {"accessToken", "refreshToken"}
    # As a browser does when the time is over.
    session.cookies.set("accessToken", None, domain="localhost.local")
    assert session.data("GET", "/user/me")["user"]["email"] == session.email
    assert "accessToken" in {cookie.name for cookie in session.cookies}
    before = session.cookies["refreshToken"]
    # requests sends no body, and no Content-Type.
    session.data("POST", "/auth/refresh")
    assert session.cookies["refreshToken"] != before
    session.data("POST", "/auth/logout")
    assert not session.cookies
    session.data("GET", "/user/me", 401)


def test_the_mailed_link_verifies(session: Browserless) -> None:
    token = mailed(session.email, r"verify-email\?token=([\w-]+)")
    session.data("POST", "/auth/verify-email", json={"token": token})
    assert session.data("GET", "/user/me")["user"]["email_verified"]


def test_a_task_is_read_and_sent_back_whole(session: Browserless) -> None:
    # requests writes ASCII with escapes, this one with a pair of surrogates.
    body = {"title": "Büro aufräumen 🧹", "dueDate": "2031-05-01", "category": "Zuhause"}
    task = session.data("POST", "/tasks", 201, json=body)["task"]
    assert task["title"] == body["title"]
    assert session.data("PUT", f"/tasks/{task['id']}", json=task)["task"] == task
    done = session.data("PUT", f"/tasks/{task['id']}", json={**task, "status": "completed"})["task"]
    assert done["status"] == "completed"
    assert done["dueDate"] == task["dueDate"]
    # A slash too many is followed, and a path is found that way.
    assert session.data("GET", f"/tasks/{task['id']}/")["task"] == done
    session.data("DELETE", f"/tasks/{task['id']}")
    session.data("GET", f"/tasks/{task['id']}", 404)


def test_a_query_is_written_as_the_library_writes_it(session: Browserless) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    due = datetime.datetime(2031, 1, 2, 9, tzinfo=zone)
    for title, priority in (("Tea & rice", "low"), ("100 % done", "high")):
        session.data("POST", "/tasks", 201, json={"title": title, "priority": priority, "dueDate": due.isoformat()})

    def titles(**query: Any) -> list[str]:
        return [task["title"] for task in session.data("GET", "/tasks", params=query)["tasks"]]

    assert titles(q="tea & rice") == ["Tea & rice"]
    assert titles(q="%") == ["100 % done"]
    assert titles(q="_") == []
    assert sorted(titles(priority=["low", "high"])) == ["100 % done", "Tea & rice"]
    assert len(titles(dueAfter=due.isoformat())) == 2
    assert titles(dueBefore=due.isoformat()) == []
    # None is left out, and an empty text counts as none.
    assert len(titles(status="", category=None, q="")) == 2


def test_files_are_sent_in_a_form(session: Browserless) -> None:
    task = session.data("POST", "/tasks", 201, json={"title": "Keep the cat"})["task"]["id"]
    files = [("files", ("cat.jpg", PICTURE, "image/jpeg")), ("files", ("Größe 📏.txt", "a metre", "text/plain"))]
    cat, size = session.data("POST", f"/tasks/{task}/attachments", 201, files=files)["attachments"]
    assert (cat["status"], cat["fileType"]) == ("ready", "image/webp")
    assert (size["status"], size["filename"]) == ("ready", "Größe 📏.txt")
    # `Accept: */*` and a followed redirect: the bytes themselves.
    picture = session.get(cat["fileUrl"], timeout=10)
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/webp")
    text = session.get(size["fileUrl"], timeout=10)
    assert text.content == b"a metre"
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%F0%9F%93%8F.txt" in text.headers["Content-Disposition"]
    session.data("DELETE", f"/attachments/{cat['id']}")
    session.data("GET", f"/attachments/{cat['id']}", 404)


def test_a_file_is_announced_and_uploaded(session: Browserless) -> None:
    task = session.data("POST", "/tasks", 201, json={"title": "Keep the cat"})["task"]["id"]
    file = {"filename": "IMG_0001.JPG", "fileType": "image/jpeg", "fileSize": len(PICTURE)}
    [announced] = session.data("POST", f"/tasks/{task}/attachments", 201, json={"files": [file]})["files"]
    upload = announced["upload"]
    assert requests.put(upload["url"], data=PICTURE, headers=upload["headers"], timeout=10).status_code == 200

    def is_ready() -> bool:
        [attachment] = session.data("GET", f"/tasks/{task}")["task"]["attachments"]
        return attachment["status"] == "ready"

    assert eventually(is_ready, "the picture")


def test_a_reminder_fires_and_is_told(session: Browserless) -> None:
    task = session.data("POST", "/tasks", 201, json={"title": "Call Grace"})["task"]["id"]
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=20)
    reminder = session.data("POST", "/reminders", 201, json={"taskId": task, "scheduledAt": at.isoformat()})["reminder"]
    mailed(session.email, r"(Call Grace is due soon)")

    def told() -> Any:
        return session.data("GET", "/notifications")["notifications"]

    [notification] = eventually(told, "the notification")
    assert notification["relatedTaskId"] == task
    session.data("PATCH", f"/notifications/{notification['id']}/read")
    assert session.data("GET", "/notifications/count") == {"count": 0}
    [listed] = session.data("GET", "/reminders")["reminders"]
    assert listed["id"] == reminder["id"]
    assert session.data("PUT", f"/reminders/{reminder['id']}", json=listed)["reminder"]["version"] == listed["version"]
    assert session.data("GET", "/analytics")["completedReminders"] == 1
    assert session.data("GET", "/analytics/streaks")["longest"] == 1


def test_a_second_factor_an_export_and_the_end(session: Browserless) -> None:
    session.data("POST", "/user/enabled-2fa", json={"is_Enabled": True})
    assert session.log_in()["requiresOtp"]
    # The cookie names the login.
    session.data("POST", "/auth/verify-otp", json={"email": session.email, "otp": mailed(session.email, r"^(\d{6})$")})
    session.data("POST", "/user/export", 202)
    url = eventually(lambda: session.data("GET", "/user/export")["url"], "the export")
    assert session.email in requests.get(url, timeout=10).text
    session.data("DELETE", "/user/me", json={"password": PASSWORD})
    assert not session.cookies
    session.data("POST", "/auth/login", 401, json={"email": session.email, "password": PASSWORD})
