"""What a process costs: measured by the kernel when the process ends, the same way for every program."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.progress import Problem


@dataclass(frozen=True)
class Spent:
    """User CPU in seconds and peak resident memory in MB of one process, and what it printed."""

    cpu: float
    memory: float
    printed: str


@dataclass(frozen=True)
class Cost:
    """CPU in seconds for one picture, in a new process and in one that has already made some; MB of the new process."""

    cold: float
    warm: float
    memory: float
    made: dict[str, Any]


def run(command: list[str]) -> Spent:
    """Runs a program to its end."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Problem(f"{' '.join(command)} ended with {process.returncode}.")
        output.seek(0)
        # Linux counts ru_maxrss in KiB.
        return Spent(usage.ru_utime, usage.ru_maxrss / 1024, output.read().decode())


def cost(command: list[str], path: Path, folder: Path, more: list[str], repeats: int, rounds: int) -> Cost:
    """The medians of `repeats` runs. A warm picture is the difference between a run of 1 + `rounds` pictures and one of
    1, so that starting, loading and compiling on the fly do not count."""
    folder.mkdir(parents=True, exist_ok=True)
    once = [run([*command, str(path), "1", str(folder), *more]) for _ in range(repeats)]
    often = [run([*command, str(path), str(1 + rounds), str(folder), *more]) for _ in range(repeats)]
    cold = statistics.median(spent.cpu for spent in once)
    warm = (statistics.median(spent.cpu for spent in often) - cold) / rounds
    memory = statistics.median(spent.memory for spent in once)
    return Cost(cold, max(warm, 0.0001), memory, json.loads(once[0].printed))


def bytes_at(score: float, curve: list[tuple[float, int]]) -> float | None:
    """How many bytes of a curve of (score, bytes) reach a score: straight lines between its points, nothing beyond."""
    points = sorted(curve)
    for (low, fewer), (high, more) in itertools.pairwise(points):
        if low <= score <= high:
            return fewer if high == low else fewer + (more - fewer) * (score - low) / (high - low)
    return None
