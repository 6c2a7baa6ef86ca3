"""`make run` and `make start`: builds and runs the whole system on this machine.

One process supervises everything: it runs the proxy and the emulator, and ends both when it ends.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from . import build, control, deploy, envfile, processes, progress, web_app
from .cloud import Cloud, tail
from .instance import LOCAL, ROOT, Instance, local_instance
from .mailbox import Mailbox
from .processes import Running
from .progress import Problem, say, step
from .provider import Provider
from .proxy import ProxyServer
from .web_app import WebServer


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turns the three signals that ask for a stop into KeyboardInterrupt."""

    def interrupt(_signal: int, _frame: Any) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    yield


def run() -> None:
    """Starts the system and supervises it, or updates a running one."""
    instance = local_instance()
    instance.make_directories()
    lock = control.try_lock(instance, "lock")
    if lock is None:
        update()
        return
    with lock, _interruptible():
        try:
            _run(instance)
        except KeyboardInterrupt:
            say("\nStopped.")


def _run(instance: Instance) -> None:
    started = time.monotonic()
    control.end_leftovers(instance)
    processes.check_port(instance.port, "PORT", "run")
    processes.check_port(instance.cloud_port, "CLOUD_PORT", "run")
    processes.check_port(instance.oidc_port, "OIDC_PORT", "run")
    processes.check_port(instance.web_port, "WEB_PORT", "run")
    control.remember(instance)
    cloud: Cloud | None = None
    provider: Provider | None = None
    proxy: ProxyServer | None = None
    web: WebServer | None = None
    try:
        artifacts = build_all()
        build_web()
        with step("starting the local cloud") as running:
            cloud = Cloud.start(instance, persist=True)
            running.result = f"AWS at {instance.cloud_url}"
        control.remember(instance, cloud.record)
        with step("starting the OpenID provider") as running:
            provider = Provider.start(instance)
            running.result = f"stands in for Google at {instance.oidc_url}"
        control.remember(instance, cloud.record, provider.record)
        with step("deploying template.yaml") as running:
            deploy.deploy(instance, artifacts, running)
        envfile.write(instance)
        with step("starting the API") as running:
            shown = _RequestLog()
            proxy = ProxyServer(instance, shown)
            if not proxy.start():
                raise Problem(f"Port {instance.port} was taken in the meantime.", f"PORT={instance.port + 1} make run")
            ill = None
            try:
                running.result = wait_until_healthy(instance)
            except Problem as problem:
                running.result, ill = "not healthy", problem
        with step("serving the web app") as running:
            web = WebServer(instance)
            if not web.start():
                raise Problem(
                    f"Port {instance.web_port} was taken in the meantime.", f"WEB_PORT={instance.web_port + 1} make run"
                )
            running.result = instance.web_url
        control.remember(instance, cloud.record, provider.record, ready=True)
        _welcome(instance, time.monotonic() - started)
        if ill:
            # The rest may work, and the fault is easiest to find while the system runs.
            progress.report(ill)
        shown.silent = False
        _follow(instance, cloud, provider)
    finally:
        _bring_down(instance, cloud, provider, [proxy, web])


def build_all() -> dict[str, build.Artifact]:
    """Builds and packs the functions."""
    with step("building the functions") as running:
        binaries = build.compile_functions(running)
    with step("packing them") as running:
        return build.pack(binaries, running)


def build_web() -> None:
    """Builds the web app."""
    web_app.install()
    with step("building the web app") as running:
        web_app.build(running)


def _bring_down(
    instance: Instance, cloud: Cloud | None, provider: Provider | None, servers: list[ProxyServer | WebServer | None]
) -> None:
    # From here on, only a kill interrupts: stopping half-way would lose the state that is being saved.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for server in servers:
        if server:
            server.stop()
    if provider:
        provider.stop()
    if cloud and cloud.is_running:
        say()
        with step("stopping and saving the state"):
            cloud.stop()
    control.forget(instance)


def update() -> None:
    """Builds what changed and updates it in the running system."""
    instance = local_instance()
    running = Running.load(control.record_file(instance))
    if running is None or not running.ready:
        raise Problem("Another make run is just starting.", "Wait for it, or run make stop first.")
    for variable, given, held in (
        ("PORT", instance.port, running.port),
        ("CLOUD_PORT", instance.cloud_port, running.cloud_port),
        ("OIDC_PORT", instance.oidc_port, running.oidc_port),
        ("WEB_PORT", instance.web_port, running.web_port),
    ):
        if os.environ.get(variable) and given != held:
            raise Problem(
                f"The system is running already, with {variable}={held}; it does not change ports while it runs.",
                f"Run make stop first, then {variable}={given} make run.",
            )
    ports = (running.port, running.cloud_port, running.oidc_port, running.web_port)
    instance = Instance(instance.name, instance.base, *ports)
    lock = control.try_lock(instance, "deploy.lock")
    if lock is None:
        raise Problem("Another update is under way.", "Wait for it.")
    with lock, _interruptible():
        say(f"The system is running already (process {running.supervisor.pid}): bringing it up to date.")
        artifacts = build_all()
        build_web()
        with step("deploying what changed") as shown:
            deploy.deploy(instance, artifacts, shown)
        envfile.write(instance)
        say(f"\n  App      {instance.web_url}\n  API      {instance.public_url}/api\n  Mailbox  {instance.public_url}/mailbox")


def start() -> None:
    """`make run` in the background; returns when the system runs."""
    instance = local_instance()
    instance.make_directories()
    lock = control.try_lock(instance, "lock")
    if lock is None:
        update()
        return
    lock.close()
    log = instance.log / "run.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    shown = 0
    while True:
        ended = process.poll() is not None
        running = Running.load(control.record_file(instance))
        text = log.read_text(errors="replace")
        sys.stdout.write(text[shown:])
        sys.stdout.flush()
        shown = len(text)
        if ended:
            raise SystemExit(process.returncode or 1)
        if running and running.ready and running.supervisor.pid == process.pid:
            say(f"\nRunning in the background; its log is {log.relative_to(ROOT)}. `make stop` ends it.")
            return
        time.sleep(0.2)


def wait_until_healthy(instance: Instance) -> str:
    """Polls /health until it returns 200; otherwise reports its last response."""
    deadline = time.monotonic() + 10
    said = "no answer"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{instance.port}/health", timeout=15):
                return "healthy"
        except urllib.error.HTTPError as error:
            said = f"{error.code} {error.read(300).decode(errors='replace')}"
        except OSError as error:
            said = str(error)
        time.sleep(0.5)
    raise Problem(f"The API is not healthy: {said}\n{tail(instance.functions_log, 5)}", "See make logs.")


class _RequestLog:
    """Prints one line for each request, once the system runs."""

    silent = True

    def __call__(self, method: str, path: str, status: int, milliseconds: float) -> None:
        if self.silent:
            return
        colour = {2: "32", 3: "36", 4: "33"}.get(status // 100, "31")
        code = f"\033[{colour}m{status}\033[0m" if sys.stdout.isatty() else str(status)
        # The path is the client's text: control characters must not reach the terminal.
        shown = "".join(character if character.isprintable() else "?" for character in path)
        say(f"{time.strftime('%H:%M:%S')}  {code}  {method:<6} {shown}  {milliseconds:.0f} ms")


def _follow(instance: Instance, cloud: Cloud, provider: Provider) -> None:
    """Prints mails as they are sent, until the emulator or the provider ends or the user stops the system."""
    mailbox = Mailbox(instance.mailbox)
    known = {message["id"] for message in mailbox.messages()}
    while cloud.is_running and provider.is_running:
        for message in reversed(mailbox.messages()):
            if message["id"] not in known:
                known.add(message["id"])
                say(f"{time.strftime('%H:%M:%S')}  mail to {message['to']}: {message['subject']}")
        time.sleep(0.3)
    name, log = ("OpenID provider", instance.oidc_log) if cloud.is_running else ("cloud", instance.cloud_log)
    raise Problem(f"The local {name} died:\n{tail(log)}", "Run make run again.")


def try_it(url: str) -> list[str]:
    """Lines for a POSIX shell in this folder: an account, a session, a task, a reminder, the tasks."""
    ahead = "-v+10M" if platform.system() == "Darwin" else "-d '+10 min'"
    json_type = "-H 'Content-Type: application/json'"
    jar = f"{LOCAL.relative_to(ROOT)}/cookies"
    first_id = 'sed \'s/.*"id":"\\([^"]*\\).*/\\1/\''
    return [
        f"""curl {url}/api/auth/register {json_type} -d '{{"name":"Ada","email":"ada@example.com","password":"Secret1pass"}}'""",
        f"""curl -c {jar} {url}/api/auth/login {json_type} -d '{{"email":"ada@example.com","password":"Secret1pass"}}'""",
        f"""TASK=$(curl -s -b {jar} {url}/api/tasks {json_type} -d '{{"title":"Try Spacedly"}}' | {first_id})""",
        f"""curl -b {jar} {url}/api/reminders {json_type} """
        f"""-d '{{"taskId":"'$TASK'","scheduledAt":"'$(date -u {ahead} +%FT%TZ)'"}}'""",
        f"curl -b {jar} {url}/api/tasks",
    ]


def _welcome(instance: Instance, seconds: float) -> None:
    url = instance.public_url
    lines = "\n".join("  " + line for line in try_it(url))
    say(f"""
Spacedly is up after {progress.took(seconds)}.

  App      {instance.web_url}
  API      {url}/api
  Mailbox  {url}/mailbox
  Google   {url}/api/auth/google (in a browser; {instance.oidc_url} stands in for it)
  AWS      {instance.cloud_url} (region us-east-1, key and secret `test`)

Try it, in another terminal in this folder:

{lines}

Ctrl-C, or `make stop` elsewhere, ends it; `make logs` shows the functions' logs. Requests and mails:
""")
