"""`make seed`: a demo account with plenty of data: 200 tasks, a year of reminders, pictures.

The API accepts no reminders in the past, so the importer imports the history, as for real users, from a PostgreSQL
database with the original's schema. Pictures, and a reminder that is due at once, are created through the API. Another
run replaces the account.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import control, demo, processes
from .checks import POSTGRES
from .deploy import client
from .instance import REGION, ROOT, ROOT_KEY, STACK, Instance, local_instance
from .progress import Problem, fail, say, step
from .seed_rows import EMAIL, PASSWORD, script

_FILES = ROOT / "media" / "tests" / "files"
_PICTURES = ("cat.jpg", "progressive.jpg", "grey.jpg", "document.pdf")


@contextmanager
def _postgres(sql: str) -> Iterator[str]:
    """Runs a PostgreSQL server with these rows inside the `with` block; yields its URL."""
    programs = Path(POSTGRES["POSTGRES_BIN"])
    folder = Path(tempfile.mkdtemp(prefix="spacedly-seed-"))
    # PostgreSQL does not run as root.
    user = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, 65534, 65534)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    surroundings = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"]}
    initdb = [programs / "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D", folder / "data"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, env=surroundings, **user)
    options = ["-h", "127.0.0.1", "-p", str(port), "-c", "fsync=off", "-c", "unix_socket_directories=", "-D", folder / "data"]
    server = subprocess.Popen(
        [programs / "postgres", *options],
        cwd=folder,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **user,
    )
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"
    try:
        deadline = time.monotonic() + 30
        while (
            subprocess.run([programs / "pg_isready", "-q", "-d", url], check=False, cwd=folder, env=surroundings).returncode != 0
        ):
            if time.monotonic() > deadline:
                raise Problem("PostgreSQL did not start.")
            time.sleep(0.05)
        psql = [programs / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", url]
        subprocess.run(psql, input=sql, text=True, check=True, capture_output=True, cwd=folder, env=surroundings)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _import(instance: Instance, url: str) -> None:
    stack = client(instance, "cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId="Table")
    table = stack["StackResourceDetail"]["PhysicalResourceId"]
    account = {
        "AWS_ENDPOINT_URL": instance.cloud_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    }
    command = ["cargo", "run", "--locked", "--quiet", "--package", "admin", "--", "--table", table]
    command += ["import", "--again", "--from", url, "--timezone", zone()]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **account}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"The importer failed:\n{(done.stdout + done.stderr)[-2000:]}")


def zone() -> str:
    """This machine's time zone."""
    name = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).rpartition("zoneinfo/")[2]
    return "UTC" if name in ("", "Etc/UTC") else name


def _forget_earlier(api: demo.Client) -> None:
    """Deletes the account of an earlier run."""
    try:
        api.call("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})
    except demo.DemoError:
        return
    api.call("DELETE", "/api/user/me", {"password": PASSWORD})


def _verify(api: demo.Client) -> None:
    api.call("POST", "/api/auth/resend-verification")
    deadline = time.monotonic() + 20

    def token() -> str | None:
        mails = api.call("GET", f"/mailbox/messages?to={EMAIL}")
        found = (mail["text"].partition("verify-email?token=")[2].split() for mail in mails)
        return next((words[0] for words in found if words), None)

    api.call("POST", "/api/auth/verify-email", {"token": demo.wait_for("verification mail", token, deadline)})


def _add_what_is_new(api: demo.Client) -> None:
    """Adds pictures to the next tasks, a reminder whose mail is sent at once, and recurring tasks."""
    tomorrow = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")
    tasks = api.call("GET", f"/api/tasks?status=todo&dueAfter={tomorrow}&limit=20")["data"]["tasks"]
    for task, name in zip(tasks, _PICTURES, strict=False):
        body, boundary = demo.multipart(_FILES / name)
        api.send(f"/api/tasks/{task['id']}/attachments", body, f"multipart/form-data; boundary={boundary}")
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat(timespec="seconds").replace("+00:00", "Z")
    wanted = {"taskId": tasks[0]["id"], "scheduledAt": soon, "type": "both", "message": "Half an hour is enough."}
    api.call("POST", "/api/reminders", wanted)
    for body, offset in _recurring(datetime.now(UTC)):
        task = api.call("POST", "/api/tasks", body)["data"]["task"]
        # Its first due date has passed, so that its history is not empty.
        api.call("PUT", f"/api/tasks/{task['id']}", {"status": "completed"})
        follows = {"taskId": task["id"], "offsetMinutes": offset, "leadMinutes": 0, "type": "both"}
        api.call("POST", "/api/reminders", follows)


def _recurring(now: datetime) -> list[tuple[dict[str, object], int]]:
    """Recurring tasks, with the `offsetMinutes` of their reminders."""

    def task(title: str, category: str, day: timedelta, rule: str, anchor: str) -> dict[str, object]:
        due = (now + day).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"title": title, "category": category, "dueDate": due, "recurrence": {"rrule": rule, "anchor": anchor}}

    return [
        (task("Water the ferns", "Home", timedelta(hours=-20), "FREQ=WEEKLY;BYDAY=MO,WE,FR", "due"), 60),
        (task("Pay the rent", "Home", timedelta(days=-3), "FREQ=MONTHLY;BYMONTHDAY=-1", "due"), 600),
        (task("Change the water filter", "Home", timedelta(days=-1), "FREQ=MONTHLY;INTERVAL=3", "completion"), 1440),
    ]


def main() -> None:
    instance = local_instance()
    running = processes.Running.load(control.record_file(instance))
    if running is None or not running.ready:
        raise Problem("The system is not running.", "Run make run first, and make seed in another terminal.")
    instance = Instance("local", instance.base, running.port, running.cloud_port, running.oidc_port, running.web_port)
    api = demo.Client(instance.public_url)
    with step("making the rows"):
        _forget_earlier(api)
        sql = script(datetime.now(UTC))
    with step("importing them"), _postgres(sql) as url:
        _import(instance, url)
    with step("adding pictures and a reminder that is due"):
        api.call("POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})
        _verify(api)
        _add_what_is_new(api)
    say(f"\nThe demo account is ready. Sign in at {instance.web_url}/login\n\n  E-mail    {EMAIL}\n  Password  {PASSWORD}")


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        fail(problem)
    except demo.DemoError as error:
        fail(Problem(f"Seeding stopped: {error}"))
