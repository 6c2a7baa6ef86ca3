"""Starts, watches and stops the emulator's process, so that its state is saved."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from . import processes
from .instance import REGION, ROOT, ROOT_KEY, Instance
from .progress import Problem, say

_START_LIMIT = 60
# Saving takes a second or two; it includes the functions' code.
_STOP_LIMIT = 30
# The file beside the saved state that exists only if the save was completed.
MARKER = "complete"


def environment(instance: Instance, persist: bool) -> dict[str, str]:
    """The complete environment of the emulator. It has none of the user's variables, because functions inherit it."""
    state = instance.state / "cloud"
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(instance.temporary),
        "TMPDIR": str(instance.temporary),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(instance.cloud_port),
        "AWS_ENDPOINT_URL": instance.cloud_url,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "PERSIST_STATE": "1" if persist else "0",
        "S3_PERSIST": "1" if persist else "0",
        "STATE_DIR": str(state),
        "S3_DATA_DIR": str(instance.state / "s3"),
        "LOCAL_FUNCTIONS_LOG": str(instance.functions_log),
        "LOCAL_MAILBOX": str(instance.mailbox),
    }


class Cloud:
    """A running emulator."""

    def __init__(self, instance: Instance, process: subprocess.Popen[bytes]) -> None:
        self._instance = instance
        self._process = process

    @property
    def record(self) -> processes.Record:
        return processes.Record.of(self._process.pid)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @classmethod
    def start(cls, instance: Instance, *, persist: bool) -> Cloud:
        """Starts the emulator and waits until it answers."""
        state = instance.state / "cloud"
        state.mkdir(parents=True, exist_ok=True)
        if persist and forget_half_saved(state):
            say("The last run was killed while it saved: users and tasks are lost, and the system starts empty.")
        if persist:
            move_state(state, instance.cloud_port)
        for log in (instance.cloud_log, instance.functions_log):
            if log.exists():
                os.replace(log, log.with_suffix(".previous.log"))
            log.touch()
        with open(instance.cloud_log, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.launcher"],
                cwd=ROOT,
                env=environment(instance, persist),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches only the supervisor, which stops the emulator properly.
                start_new_session=True,
            )
        cloud = cls(instance, process)
        try:
            cloud._wait_until_ready()
        except BaseException:
            cloud.stop()
            raise
        return cloud

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while not _answers(f"{self._instance.cloud_url}/_ministack/health"):
            if not self.is_running:
                raise Problem(f"The local cloud did not start:\n{tail(self._instance.cloud_log)}", "Try make reset.")
            if time.monotonic() > deadline:
                raise Problem(f"The local cloud did not answer in {_START_LIMIT} s.", f"See {self._instance.cloud_log}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stops the emulator, which saves its state, and any function processes that are left."""
        if not self.is_running:
            return
        processes.end(psutil.Process(self._process.pid), patience=_STOP_LIMIT)
        self._process.wait(timeout=5)


def forget_half_saved(state: Path) -> bool:
    """Removes saved state that is incomplete (after a kill during a save); returns whether it did."""
    if saved_port(state) or not any(state.glob("*.json")):
        return False
    shutil.rmtree(state)
    state.mkdir()
    return True


def saved_port(state: Path) -> int | None:
    """The port of the emulator that saved the state; nothing if there is no complete state."""
    try:
        return int((state / MARKER).read_text())
    except (OSError, ValueError):
        return None


def move_state(state: Path, port: int) -> None:
    """Adapts saved state to a new port, because queues and other resources are saved with their addresses."""
    before = saved_port(state)
    if before in (None, port):
        return
    address = re.compile(rf"\b(localhost|127\.0\.0\.1):{before}\b")
    for file in state.glob("*.json"):
        # Tables contain users' texts, and no addresses of the emulator.
        if file.name != "dynamodb.json":
            file.write_text(address.sub(rf"\g<1>:{port}", file.read_text()))
    (state / MARKER).write_text(str(port))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False


def tail(file: Path, lines: int = 25) -> str:
    """The last lines of a log, each cut to a readable length."""
    try:
        return "\n".join("  " + line[:300] for line in file.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "  (no log)"
