"""Runs one function and reads from the kernel what it costs."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.progress import Problem
from infra.local.samples import Event

from .runtime import RuntimeApi

_ALLOCATING = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"}
# Answers before the measurement: connections are open, and allocations have found their size.
WARM_UP = 20


@dataclass(frozen=True)
class Cost:
    """One run. Milliseconds of CPU, of the process alone, user and system: `cold` from exec to the first answer, `warm` a call
    after the first ones; `wall` milliseconds of such a call, and `slow` those that 99 % of them stay below; MB resident at its
    most; page faults to the first answer; bytes of the event and of the answer; the table calls, RCU and WCU of the last call,
    if the function logs them."""

    cold: float
    warm: float
    wall: float
    slow: float
    resident: float
    faults: int
    bytes_in: int
    bytes_out: int
    table: tuple[str, str, str] | None


class _Process:
    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.api = RuntimeApi(lambda: None)
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address}
        self.process = subprocess.Popen(command, env=variables, stdout=self.log, stderr=subprocess.STDOUT)

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self.api.close()
        self.log.close()

    def wait(self) -> None:
        try:
            self.api.wait()
        except Problem as problem:
            self.log.seek(0)
            raise Problem(f"{problem.what}\n{self.log.read()[-2000:].decode(errors='replace')}") from None

    @property
    def cpu(self) -> float:
        """Milliseconds so far, of all threads; /proc/PID/stat would count in steps of ten."""
        folder = Path(f"/proc/{self.process.pid}/task")
        spent = [int((thread / "schedstat").read_text().split()[0]) for thread in folder.iterdir()]
        return sum(spent) / 1e6

    @property
    def faults(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[7])

    @property
    def table(self) -> tuple[str, str, str] | None:
        self.log.seek(0)
        for line in reversed(self.log.read().splitlines()):
            if b'"table_calls"' in line:
                entry = json.loads(line)
                return tuple(f"{entry[name]:g}" for name in ("table_calls", "table_read_units", "table_write_units"))
        return None

    @property
    def resident(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0


def is_success(answer: bytes) -> bool:
    """Whether a function answered with a success: an HTTP status below 400, or no failed message."""
    return not re.search(rb'"statusCode":\s*[45]|"itemIdentifier"', answer)


def run(binary: Path, environment: dict[str, str], events: Iterator[Event], calls: int) -> Cost:
    """Starts the function and sends it events; the first is the cold one."""
    # Drawn first: making an event may take longer than answering it.
    source = iter([next(events) for _ in range(1 + WARM_UP + calls)])
    with _Process([str(binary)], environment) as process:
        process.wait()
        first = next(source)
        answer = process.api.send(first)
        if not is_success(answer):
            raise Problem(f"{environment.get('_HANDLER')} answered {answer[:500].decode(errors='replace')}")
        cold, faults = process.cpu, process.faults
        for _ in range(WARM_UP):
            process.api.send(next(source))
        before, walls = process.cpu, []
        for _ in range(calls):
            began = time.perf_counter()
            answer = process.api.send(next(source))
            walls.append((time.perf_counter() - began) * 1000)
        warm = (process.cpu - before) / calls
        if not is_success(answer):
            raise Problem(f"{environment.get('_HANDLER')} answered in the end {answer[:500].decode(errors='replace')}")
        size = len(json.dumps(first).encode())
        wall, slow = statistics.fmean(walls), statistics.quantiles(walls, n=100)[-1]
        return Cost(cold, warm, wall, slow, process.resident, faults, size, len(answer), process.table)


def median(runs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        *(statistics.median(getattr(cost, name) for cost in runs) for name in ("cold", "warm", "wall", "slow", "resident")),
        *(int(statistics.median(getattr(cost, name) for cost in runs)) for name in ("faults", "bytes_in", "bytes_out")),
        runs[-1].table,
    )


def spread(runs: Sequence[Cost]) -> float:
    """How far the warm CPU of the runs lies apart: (highest - lowest) / median."""
    warm = [cost.warm for cost in runs]
    return (max(warm) - min(warm)) / statistics.median(warm)


@dataclass(frozen=True)
class Counted:
    """What callgrind counts, untouched by other work on the machine: instructions from exec to the first answer, and of a warm
    call; allocations of a warm call."""

    first: int
    warm: int
    allocations: int


def counted(binary: Path, environment: dict[str, str], events: Iterator[Event], warm_up: int = 3, calls: int = 5) -> Counted:
    """Runs the function under callgrind, and sends it one event, the warm-up, then the calls whose mean counts."""
    drawn = [next(events) for _ in range(1 + warm_up + calls)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(binary)]
        with _Process(command, {**environment, "PATH": os.environ["PATH"]}) as process:
            process.wait()
            for number, event in enumerate(drawn, 1):
                answer = process.api.send(event)
                if not is_success(answer):
                    raise Problem(f"{environment.get('_HANDLER')} answered {answer[:500].decode(errors='replace')}")
                if number in (1, 1 + warm_up):
                    # The counts so far go to a file of their own, and begin again.
                    dump = ["vgdb", "--wait=60", f"--pid={process.process.pid}", "dump"]
                    subprocess.run(dump, check=True, capture_output=True)
        # The last counts are written when the process ends.
        rest = out.read_text()
        return Counted(_total(Path(f"{out}.1").read_text()), _total(rest) // calls, round(_allocations(rest) / calls))


def _total(profile: str) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", profile, re.MULTILINE)
    if not found:
        raise Problem("callgrind counted nothing.")
    return int(found[1])


def _allocations(profile: str) -> int:
    """The calls of the C library's allocating functions. A function is named once, and has a number from then on:
    https://valgrind.org/docs/manual/cl-format.html."""
    names = dict(re.findall(r"^c?fn=(\(\d+\)) (.+)$", profile, re.MULTILINE))
    calls = re.findall(r"^cfn=(\(\d+\)).*\ncalls=(\d+)", profile, re.MULTILINE)
    return sum(int(times) for function, times in calls if names.get(function) in _ALLOCATING)
