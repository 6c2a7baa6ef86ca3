"""`make guard`: counts the instructions of the most used functions, and fails if one has become dearer.

It runs the debug binaries of `make run` under valgrind's callgrind. The counts hardly depend on the machine and on what else it
does, so a small tolerance is enough. The figures to compare with are in `instructions.json`; `make guard WRITE=1` replaces them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.local import build
from infra.local.instance import local_instance
from infra.local.progress import Problem, fail, say

from . import cases
from .cases import Case
from .measure import Counted, counted

RECORDED = Path(__file__).resolve().parent / "instructions.json"
# A change may add this share to a function's instructions.
TOLERANCE = 0.05
TRIES = 3
FUNCTIONS = (
    "users-me",
    "tasks-get",
    "tasks-list",
    "reminders-list",
    "notifications-list",
    "notifications-count",
    "analytics-get",
    "analytics-streaks",
    "tasks-update",
    "tasks-create",
    "auth-login",
    "service-dispatch",
)


def grown(name: str, before: int, now: Counted) -> str:
    """What has become dearer by more than the tolerance; empty if nothing has."""
    if now.warm <= before * (1 + TOLERANCE):
        return ""
    return f"{name}: a call takes {now.warm:,} instructions instead of {before:,} (+{100 * (now.warm / before - 1):.1f} %)"


def _fewest(binary: Path, case: Case, most: float) -> Counted:
    """The counts of the first run with at most so many instructions, or else of the best of three.

    Under valgrind a function is so slow that a busy machine makes it repeat calls, or miss a time limit: both only add.
    """
    found: list[Counted] = []
    for attempt in range(TRIES):
        try:
            found.append(counted(binary, case.environment, case.events))
        except Problem:
            if attempt == TRIES - 1 and not found:
                raise
            continue
        if found[-1].warm <= most:
            break
    return min(found, key=lambda count: count.warm)


def _unpacked(binaries: set[str], folder: Path) -> dict[str, Path]:
    """The executables in the packages of the local system, which are what it runs."""
    found = {}
    for name in binaries:
        with zipfile.ZipFile(build.BUILD / f"{name}.zip") as package:
            package.extract("bootstrap", folder / name)
        found[name] = folder / name / "bootstrap"
        found[name].chmod(0o755)
    return found


def main() -> int:
    """Prints `ok:` or `failed:` for each function. Returns the exit status."""
    words = argparse.ArgumentParser(prog="make guard", description=__doc__)
    words.add_argument("--write", action="store_true", help="record the figures")
    given = words.parse_args()
    if not shutil.which("valgrind"):
        raise Problem("valgrind is not installed.", "On Debian: apt install valgrind")
    names = cases.binaries()
    wanted = [case for case in cases.prepare(local_instance()) if case.function in FUNCTIONS]
    recorded = {} if given.write else json.loads(RECORDED.read_text())
    failures = 0
    figures: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        binaries = _unpacked({names[case.function] for case in wanted}, Path(folder))

        def measure(case: Case) -> Counted:
            most = recorded.get(case.function, 0) * (1 + TOLERANCE)
            return _fewest(binaries[names[case.function]], case, most)

        results = pool.map(measure, wanted)
        for case, found in zip(wanted, results, strict=True):
            figures[case.function] = found.warm
            complaint = "" if given.write else grown(case.function, recorded[case.function], found)
            failures += bool(complaint)
            told = f"a call takes {found.warm:,} instructions and {found.allocations:,} allocations"
            say(f"failed: {complaint}" if complaint else f"ok: {case.function}: {told}")
    if given.write:
        RECORDED.write_text(json.dumps(figures, indent=2) + "\n")
    if failures:
        say("If the change is worth it, record the new figures: make guard WRITE=1")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        fail(problem)
