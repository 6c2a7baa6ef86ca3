"""Runs one function and reads from the kernel what it costs."""

from __future__ import annotations

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

# Answers before the measurement: connections are open, and allocations have found their size.
WARM_UP = 20


@dataclass(frozen=True)
class Cost:
    """One run. Milliseconds of CPU, of the process alone, user and system: `cold` from exec to the first answer, `warm` a call
    after the first ones; `wall` milliseconds of such a call; MB resident at its most; page faults to the first answer;
    bytes of the event and of the answer."""

    cold: float
    warm: float
    wall: float
    resident: float
    faults: int
    bytes_in: int
    bytes_out: int


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
        began, before = time.perf_counter(), process.cpu
        for _ in range(calls):
            answer = process.api.send(next(source))
        warm, wall = (
            (process.cpu - before) / calls,
            (time.perf_counter() - began) * 1000 / calls,
        )
        if not is_success(answer):
            raise Problem(f"{environment.get('_HANDLER')} answered in the end {answer[:500].decode(errors='replace')}")
        size = len(str(first).encode())
        return Cost(cold, warm, wall, process.resident, faults, size, len(answer))


def median(runs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        *(statistics.median(getattr(cost, name) for cost in runs) for name in ("cold", "warm", "wall", "resident")),
        *(int(statistics.median(getattr(cost, name) for cost in runs)) for name in ("faults", "bytes_in", "bytes_out")),
    )


def spread(runs: Sequence[Cost]) -> float:
    """How far the warm CPU of the runs lies apart: (highest - lowest) / median."""
    warm = [cost.warm for cost in runs]
    return (max(warm) - min(warm)) / statistics.median(warm)


def instructions(
    binary: Path,
    environment: dict[str, str],
    events: Iterator[Event],
    few: int = 5,
    many: int = 15,
) -> tuple[int, int]:
    """Instructions up to the first answer, and of a warm call, as valgrind's callgrind counts them: noise does not touch them.

    The warm ones are the difference of two runs, divided by the calls that it consists of.
    """
    counted = []
    for calls in (1, few, many):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "callgrind.out"
            command = [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={out}",
                str(binary),
            ]
            drawn = [next(events) for _ in range(calls)]
            with _Process(command, {**environment, "PATH": os.environ["PATH"]}) as process:
                process.wait()
                for event in drawn:
                    process.api.send(event)
            counted.append(_total(out))
    return counted[0], (counted[2] - counted[1]) // (many - few)


def _total(out: Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not found:
        raise Problem("callgrind counted nothing.")
    return int(found[1])
