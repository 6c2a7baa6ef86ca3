"""The rehearsal of docs/operations.md, "Restore the table", on a local cloud with real functions, queues, stream and mails.

    make rehearse-restore                                     on a separate local cloud
    python -m infra.local.rehearsal                           against the running test instance

It restores two users' rows, with reminders that are due before the copy, between the copy and the restore, during the
restore and after it. Each must be mailed exactly once, whatever happened to it in between.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.operate import redrive, restore, work
from infra.operate.stack import Stack

from . import build
from .checks import API_TESTS, Check
from .demo import Client, DemoError, multipart
from .instance import REGION, ROOT, ROOT_KEY, STACK, STAGE, TEST_CLIENT_HEADER, Instance, test_instance

COPY = f"{STACK}-restored"
# Seconds after its creation at which a reminder fires: before the restore, and during it.
_SOON, _DURING = 5, 30
_PATIENCE = 60
_PICTURE = ROOT / "media" / "tests" / "files" / "cat.jpg"


def check(instance: Instance) -> Check:
    """The check of `make test`, against the system that it has started."""
    ports = {"TEST_PORT": instance.port, "TEST_CLOUD_PORT": instance.cloud_port, "TEST_OIDC_PORT": instance.oidc_port}
    environment = {name: str(port) for name, port in ports.items()}
    return Check("rehearsal of a restore", [sys.executable, "-m", "infra.local.rehearsal"], _count, environment)


def _count(output: str) -> tuple[int, int]:
    lines = output.splitlines()
    return sum(line.startswith("ok: ") for line in lines), sum(line.startswith("failed: ") for line in lines)


class User:
    """A new user, who counts as a separate client."""

    def __init__(self, url: str) -> None:
        self.address = f"restore-{uuid.uuid4().hex[:12]}@example.com"
        self._password = f"Restore-{uuid.uuid4().hex[:12]}"
        name = uuid.uuid4().hex
        self.api = Client(url, {TEST_CLIENT_HEADER: f"2001:db8:{name[:4]}:{name[4:8]}::1"})
        self.api.call("POST", "/api/auth/register", {"name": "Asha", "email": self.address, "password": self._password})
        self.sign_in()

    def sign_in(self) -> None:
        self.api.call("POST", "/api/auth/login", {"email": self.address, "password": self._password})

    def verify(self) -> None:
        """Verifies the address, since an unverified one gets only three reminder mails."""
        tokens = [mail["text"].partition("verify-email?token=")[2].split() for mail in self.inbox()]
        self.api.call("POST", "/api/auth/verify-email", {"token": next(words[0] for words in tokens if words)})

    def inbox(self) -> list[dict[str, Any]]:
        return self.api.call("GET", "/mailbox/messages?" + urllib.parse.urlencode({"to": self.address}))

    def task(self, title: str) -> str:
        return self.api.call("POST", "/api/tasks", {"title": title})["data"]["task"]["id"]

    def reminder(self, title: str, seconds: float) -> tuple[str, str]:
        """Creates a task and a reminder whose mail is sent in the given number of seconds. Returns their ids."""
        task = self.task(title)
        wanted = {"taskId": task, "scheduledAt": _moment(seconds)}
        return task, self.api.call("POST", "/api/reminders", wanted)["data"]["reminder"]["id"]

    def mails(self) -> Counter[str]:
        """The number of mails for each task's reminder."""
        subjects = (mail["subject"] for mail in self.inbox() if mail["subject"].startswith("Reminder: "))
        return Counter(subject.removeprefix("Reminder: ").removesuffix(" is due soon") for subject in subjects)

    def titles(self) -> set[str]:
        return {task["title"] for task in self.api.call("GET", "/api/tasks?limit=100")["data"]["tasks"]}

    def notified(self) -> Counter[str]:
        """The number of notifications for each task, by its id."""
        found = self.api.call("GET", "/api/notifications?limit=100")["data"]["notifications"]
        return Counter(it["relatedTaskId"] for it in found if it["relatedTaskId"])


def _moment(seconds: float) -> str:
    """The time of a reminder that is sent in the given number of seconds: an hour later than that."""
    at = datetime.now(UTC) + timedelta(hours=1, seconds=seconds)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _wait(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise DemoError(f"{what}: not within {_PATIENCE} s")
        time.sleep(0.2)


def _admin() -> Path:
    """The admin CLI, built like the tests below HTTP; built alone, all of its libraries would be compiled again."""
    options = ["--workspace", "--exclude", API_TESTS, "--test", "operators", "--no-run", "--message-format=json"]
    done = subprocess.run(build.cargo("test", *options), cwd=ROOT, capture_output=True, text=True, check=False)
    lines = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    found = [Path(line["executable"]) for line in lines if line.get("executable") and line["target"]["name"] == "spacedly-admin"]
    if not found:
        raise DemoError(f"spacedly-admin was not built: {done.stderr[-500:]}")
    return found[0]


class Rehearsal:
    """The steps of the rehearsal, and their results."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.stack = instance, Stack(STAGE, instance.cloud_url)
        self.admin = _admin()
        self.failed = False

    def verify(self, fact: str, found: Any, expected: Any) -> None:
        is_so = found == expected
        self.failed |= not is_so
        print(f"ok: {fact}" if is_so else f"failed: {fact}: {found} instead of {expected}", flush=True)

    def replay(self, *options: str) -> int:
        """Recounts; the exit status is 1 if something differs."""
        account = {"AWS_ENDPOINT_URL": self.instance.cloud_url, "AWS_REGION": REGION}
        account |= {"AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_KEY}
        command = [self.admin, "--table", self.stack.output("TableName"), "replay", *options]
        done = subprocess.run(command, env={**os.environ, **account}, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise DemoError(f"replay failed: {(done.stdout + done.stderr)[-500:]}")
        return done.returncode

    def run(self) -> None:
        dynamodb = self.stack.client("dynamodb")
        url = self.instance.public_url
        asha, bela = User(url), User(url)
        renamed, pictured = bela.task("The right title"), bela.task("With a picture")
        picture = self._attach(bela, pictured)
        _wait("the mail that verifies", lambda: bool(asha.inbox()))
        asha.verify()
        asha.reminder("Before the copy", 0)
        _wait("the first mail", lambda: asha.mails()["Before the copy"] == 1)
        asha.reminder("During the restore", _DURING)
        _, moved = asha.reminder("Moved since", _DURING)
        deleted, _ = asha.reminder("Deleted since", _DURING)
        after_copy, fired = asha.reminder("After the copy", _SOON)

        dynamodb.restore_table_to_point_in_time(
            SourceTableName=self.stack.output("TableName"), TargetTableName=COPY, UseLatestRestorableTime=True
        )
        try:
            dynamodb.get_waiter("table_exists").wait(TableName=COPY, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
            self._go_on(asha, bela, renamed)
            work.switch(self.stack, on=False)
            try:
                # The stream's records of these changes wait, and are out of date when they are read.
                asha.api.call("PUT", f"/api/reminders/{moved}", {"scheduledAt": _moment(86400)})
                asha.api.call("DELETE", f"/api/tasks/{deleted}")
                bela.api.call("DELETE", f"/api/tasks/{pictured}")
                self.verify("work that is stopped sends nothing", asha.mails().total(), 2)
                planned = restore.restore_rows(self.stack, COPY, dry_run=True)
                done = restore.restore_rows(self.stack, COPY)
                again = restore.restore_rows(self.stack, COPY)
                self.replay("--repair")
                self.verify("the counters agree with the rows", self.replay(), 0)
            finally:
                work.switch(self.stack, on=True)
        finally:
            dynamodb.delete_table(TableName=COPY)
        self.verify("what fired between copy and restore is known", done["fired_since"], [fired])
        counted = ("written", "deleted")
        self.verify("a dry run says what a restore does", [planned[it] for it in counted], [done[it] for it in counted])
        self.verify("a second restore finds nothing to do", [again[it] for it in counted], [0, 0])
        self._look(asha, bela, (after_copy, pictured, picture))

    def _attach(self, user: User, task: str) -> str:
        body, boundary = multipart(_PICTURE)
        answer = user.api.send(f"/api/tasks/{task}/attachments", body, f"multipart/form-data; boundary={boundary}")
        attachment = answer["data"]["attachments"][0]["id"]
        _wait("the picture", lambda: self._statuses(user, task) == ["ready"])
        return attachment

    def _statuses(self, user: User, task: str) -> list[str]:
        found = user.api.call("GET", f"/api/tasks/{task}")["data"]["task"]["attachments"]
        return [attachment["status"] for attachment in found]

    def _go_on(self, asha: User, bela: User, renamed: str) -> None:
        """Makes the changes between the copy and the restore."""
        bela.api.call("PUT", f"/api/tasks/{renamed}", {"title": "A wrong title"})
        bela.task("Made since")
        self.newcomer = User(self.instance.public_url)
        _wait("the mail after the copy", lambda: asha.mails()["After the copy"] == 1)
        _wait("its receipt", lambda: self._delivery(asha, "After the copy") in ("sent", "delivered"))

    def _delivery(self, user: User, title: str) -> str:
        found = user.api.call("GET", "/api/reminders?limit=100")["data"]["reminders"]
        return next(it["delivery"]["state"] for it in found if it["task"]["title"] == title)

    def _look(self, asha: User, bela: User, made: tuple[str, str, str]) -> None:
        after_copy, pictured, picture = made
        titles = ["Before the copy", "After the copy", "During the restore", "Moved since", "Deleted since"]
        _wait("all mails", lambda: set(asha.mails()) >= set(titles))
        _wait("empty queues", self._is_idle)
        self.verify("every reminder was mailed once", dict(asha.mails()), dict.fromkeys(titles, 1))
        self.verify("no reminder was notified of twice", max(asha.notified().values()), 1)
        self.verify("what fired since the copy keeps its notification", asha.notified()[after_copy], 1)
        self.verify("tasks are as they were", bela.titles(), {"The right title", "With a picture"})
        self.verify("a picture of a task that was deleted since is there", self._picture(bela, picture), True)
        self.verify("and is ready", self._statuses(bela, pictured), ["ready"])
        self.verify("who registered since stays", self.newcomer.titles(), set())
        self.verify("who is signed in stays so", asha.titles(), set(titles))
        self.verify("the counters still agree with the rows", self.replay(), 0)

    def _is_idle(self) -> bool:
        sqs = self.stack.client("sqs")
        return not any(redrive.waiting(sqs, self.stack.output(url)) for _, url in redrive.QUEUES.values())

    def _picture(self, user: User, attachment: str) -> bool:
        return user.api.fetch(f"/api/attachments/{attachment}")[:4] == b"RIFF"


def main() -> int:
    started = time.monotonic()
    try:
        rehearsal = Rehearsal(test_instance())
        rehearsal.run()
    except DemoError as error:
        print(f"failed: {error}", flush=True)
        return 1
    print(f"It took {time.monotonic() - started:.0f} s.", flush=True)
    return 1 if rehearsal.failed else 0


if __name__ == "__main__":
    sys.exit(main())
