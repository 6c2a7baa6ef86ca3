"""Finds and ends running systems: `make stop`, `make reset`, `make logs`, and the locks and records of `make run`.

A lock, which the operating system releases when its process ends, shows whether a system runs, so a kill cannot leave a
wrong state for the next start. The record beside the lock has the processes and their ports.
"""

from __future__ import annotations

import dataclasses
import difflib
import fcntl
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO

import psutil

from . import processes
from .instance import ENV_FILE, ROOT, STACK, Instance, local_instance
from .processes import Record, Running
from .progress import Problem, say, step


def record_file(instance: Instance) -> Path:
    """The file that `remember` writes."""
    return instance.run / "running.json"


def try_lock(instance: Instance, name: str) -> IO[str] | None:
    """Takes the lock until the file is closed or the process ends; returns nothing if another process holds it."""
    instance.run.mkdir(parents=True, exist_ok=True)
    file = open(instance.run / name, "w", encoding="ascii")  # noqa: SIM115 - the open file is the lock
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def remember(instance: Instance, cloud: Record | None = None, oidc: Record | None = None, *, ready: bool = False) -> None:
    """Records the running processes, for the other commands and for the start after a kill."""
    ports = (instance.port, instance.cloud_port, instance.oidc_port)
    Running(Record.of(os.getpid()), cloud, oidc, *ports, ready, instance.web_port).save(record_file(instance))


def forget(instance: Instance) -> None:
    record_file(instance).unlink(missing_ok=True)


def running() -> Instance:
    """The instance of `make run`, on the ports that it was started with."""
    instance = local_instance()
    found = Running.load(record_file(instance))
    if found is None or not found.ready or found.supervisor.process() is None:
        raise Problem("The system is not running.", "Start it first: make run, or make start.")
    return dataclasses.replace(instance, port=found.port, cloud_port=found.cloud_port, oidc_port=found.oidc_port)


def end_leftovers(instance: Instance) -> None:
    """Waits for processes to end after a kill of the supervisor (the emulator saves first), or ends them after a while."""
    left = Running.load(record_file(instance))
    provider = left.oidc.process() if left and left.oidc else None
    if provider:
        processes.end(provider, patience=5)
    process = left.cloud.process() if left and left.cloud else None
    if process is None:
        return
    with step("ending what an earlier run left") as running:
        if left and not processes.wait_until_free([left.cloud_port], patience=10):
            processes.end(process, patience=10)
        running.result = f"process {process.pid}"


def stop() -> None:
    """Ends all processes that `make run` started."""
    instance = local_instance()
    running = Running.load(record_file(instance)) if instance.run.exists() else None
    if running is None or not running.processes():
        forget(instance)
        say("Nothing is running.")
        return
    with step("stopping and saving the state"):
        supervisor = running.supervisor.process()
        if supervisor:
            supervisor.terminate()
            try:
                supervisor.wait(timeout=60)
            except psutil.TimeoutExpired:
                supervisor.kill()
        # After a kill of the supervisor these may be left.
        for process in running.processes():
            processes.end(process, patience=30)
    forget(instance)


def reset() -> None:
    """Stops the system, and removes all users, tasks, mails and logs."""
    stop()
    instance = local_instance()
    for directory in (instance.state, instance.log, instance.run, instance.temporary):
        shutil.rmtree(directory, ignore_errors=True)
    ENV_FILE.unlink(missing_ok=True)
    say("The local state is gone: users, tasks, mails, logs. `make run` starts with an empty system.")


def logs(function: str = "") -> None:
    """Shows the output of the functions, and follows it while the system runs."""
    known = {file.stem for file in ROOT.glob("events/*.json")}
    if function and function not in known:
        close = difflib.get_close_matches(function, known, n=3)
        remedy = f"Did you mean {' or '.join(close)}?" if close else "`ls events` shows them all."
        raise Problem(f"There is no function {function}.", remedy)
    instance = local_instance()
    file = instance.functions_log
    if not file.exists():
        raise Problem("There are no logs yet.", "Run make run first.")
    with open(file, encoding="utf-8", errors="replace") as output:
        lines = [line for line in output if _is_of(line, function)]
        sys.stdout.write("".join(lines[-100:]))
        sys.stdout.flush()
        lock = try_lock(instance, "lock")
        if lock is not None:
            lock.close()
            return
        try:
            while True:
                line = output.readline()
                if not line:
                    time.sleep(0.2)
                elif _is_of(line, function):
                    sys.stdout.write(line)
                    sys.stdout.flush()
        except KeyboardInterrupt:
            return


def _is_of(line: str, function: str) -> bool:
    return not function or line.split(" ", 2)[1:2] == [f"{STACK}-{function}"]
