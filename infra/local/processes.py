"""Processes and ports: finds running processes and the holders of ports, and ends processes that we started."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from .progress import Problem


@dataclass(frozen=True)
class Record:
    """A process, with its start time, which distinguishes it from a later process with the same id."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Record:
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process, if it is still the recorded one."""
        try:
            process = psutil.Process(self.pid)
            alive = abs(process.create_time() - self.created) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return process if alive else None


@dataclass(frozen=True)
class Running:
    """The record of `make run` for the other commands: its processes and ports."""

    supervisor: Record
    cloud: Record | None
    oidc: Record | None
    port: int
    cloud_port: int
    oidc_port: int
    ready: bool = False
    web_port: int = 8080

    @classmethod
    def load(cls, file: Path) -> Running | None:
        """The content of the file; nothing if it is missing or incomplete."""
        try:
            data = json.loads(file.read_text())
            cloud, oidc = (Record(**data[name]) if data[name] else None for name in ("cloud", "oidc"))
            ports = (data["port"], data["cloud_port"], data["oidc_port"])
            return cls(Record(**data["supervisor"]), cloud, oidc, *ports, data["ready"], data["web_port"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, file: Path) -> None:
        partial = file.with_suffix(".new")
        partial.write_text(json.dumps(asdict(self)))
        os.replace(partial, file)

    def processes(self) -> list[psutil.Process]:
        found = [record.process() for record in (self.supervisor, self.cloud, self.oidc) if record]
        return [process for process in found if process]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def holder_of(port: int) -> psutil.Process | None:
    """The process that listens on the port, if this user is allowed to see it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            try:
                return psutil.Process(connection.pid)
            except psutil.Error:
                return None
    return None


def describe(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())[:80] or process.name()
        return f"process {process.pid} ({command})"
    except psutil.Error:
        return f"process {process.pid}"


def check_port(port: int, variable: str, command: str) -> None:
    """Raises a problem if another process holds the port, with both names and a solution."""
    if not is_listening(port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return
            except PermissionError:
                raise Problem(
                    f"Port {port} may not be used by this user.", f"Use another port: {variable}=8300 make {command}"
                ) from None
            except OSError:
                pass
    holder = holder_of(port)
    who = f" by {describe(holder)}" if holder else ""
    end = f"End it (kill {holder.pid}), or choose" if holder else "Choose"
    raise Problem(f"Port {port} is taken{who}.", f"{end} another port: {variable}={port + 1} make {command}")


def end(process: psutil.Process, patience: float) -> None:
    """Terminates a process and its children, and kills them after `patience` seconds."""
    family = [process]
    with suppress(psutil.Error):
        family += process.children(recursive=True)
        process.terminate()
    _, alive = psutil.wait_procs(family[:1], timeout=patience)
    # Functions end with the emulator that runs them; any that are left are terminated again, then killed.
    for member in [*alive, *family[1:]]:
        with suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(family, timeout=5)


def wait_until_free(ports: list[int], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while any(is_listening(port) for port in ports):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
