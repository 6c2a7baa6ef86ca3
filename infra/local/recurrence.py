"""`make fuzz-recurrence`: compares random recurrence rules with python-dateutil, in UTC.

python-dateutil computes the first occurrences of each rule; the Rust test `recurrence` compares them with ours. `make test`
runs the same test on the sample in the repository, which `--sample` writes.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from dateutil import rrule

from .instance import LOCAL, ROOT
from .progress import Problem, fail, say, step

SAMPLE = ROOT / "shared" / "tests" / "recurrence" / "dateutil.jsonl"
SAMPLE_CASES, SAMPLE_SEED = 600, 1
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# The number of occurrences that are compared per rule.
LENGTH = 12
# For a rule without occurrences, dateutil searches up to the year 9999, which takes seconds.
PATIENCE = 1.0
# The last instant that we support is in the evening of 30 December 9999.
LAST = "9999-12-30"


class _Slow(Exception):
    """dateutil searched for too long."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise _Slow


def _some(chance: random.Random, values: list[int], most: int) -> list[int]:
    return chance.sample(values, chance.randint(1, min(most, len(values))))


def _weekdays(chance: random.Random, frequency: str, by_month: bool) -> str:
    days = chance.sample(WEEKDAYS, chance.randint(1, 4))
    if frequency not in ("MONTHLY", "YEARLY") or chance.random() < 0.4:
        return ",".join(days)
    # dateutil counts only up to the weeks of the month or year, and intersects the list if only some days have a number.
    most = 53 if frequency == "YEARLY" and not by_month else 5
    numbers = [number for number in range(-most, most + 1) if number]
    return ",".join(f"{chance.choice(numbers)}{day}" for day in days)


def random_rule(chance: random.Random) -> str:
    """A random rule without COUNT or UNTIL."""
    frequency = chance.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    parts = [f"FREQ={frequency}"]
    if chance.random() < 0.6:
        parts.append(f"INTERVAL={chance.choice((1, 2, 2, 3, 4, 5, 6, 7, 10, 12, 13, 52, 100, 365, 999))}")
    by_month = chance.random() < 0.3
    if by_month:
        parts.append("BYMONTH=" + ",".join(map(str, _some(chance, list(range(1, 13)), 4))))
    if frequency != "WEEKLY" and chance.random() < 0.35:
        days = [*range(1, 32), *range(-31, 0)]
        parts.append("BYMONTHDAY=" + ",".join(map(str, _some(chance, days, 4))))
    if chance.random() < 0.45:
        parts.append("BYDAY=" + _weekdays(chance, frequency, by_month))
    if any(part.startswith("BY") for part in parts) and chance.random() < 0.3:
        far = {"DAILY": 2, "WEEKLY": 4, "MONTHLY": 12, "YEARLY": 366}[frequency]
        places = [*range(1, min(far, 6) + 1), far]
        parts.append("BYSETPOS=" + ",".join(map(str, _some(chance, sorted({*places, *(-place for place in places)}), 3))))
    if chance.random() < 0.4:
        parts.append(f"WKST={chance.choice(WEEKDAYS)}")
    return ";".join(parts)


def random_case(chance: random.Random) -> dict[str, object] | None:
    """A rule, its start and its first occurrences; None if dateutil takes too long."""
    start = datetime.datetime(
        chance.randint(1990, 2060),
        chance.randint(1, 12),
        1,
        chance.randint(0, 23),
        chance.randint(0, 59),
        tzinfo=datetime.UTC,
    ) + datetime.timedelta(days=chance.randint(0, 30))
    if chance.random() < 0.05:
        start = start.replace(year=2024, month=2, day=29)
    rule = random_rule(chance)
    end = chance.random()
    if end < 0.2:
        rule += f";COUNT={chance.randint(1, 15)}"
    elif end < 0.4:
        until = start + datetime.timedelta(days=chance.randint(-5, 3000), seconds=chance.randint(-1, 1))
        rule += f";UNTIL={until:%Y%m%dT%H%M%SZ}"
    try:
        # Two blocks, because the signal may still arrive while the inner one ends.
        try:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
            occurrences = rrule.rrulestr(rule, dtstart=start)
            days = [f"{at:%Y-%m-%d}" for at in itertools.islice(occurrences, LENGTH)]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _Slow:
        return None
    if any(day >= LAST for day in days):
        return None
    return {"rule": rule, "start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "days": days}


def cases(wanted: int, seed: int) -> Iterator[dict[str, object]]:
    """The given number of cases; the seed determines them."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    signal.signal(signal.SIGALRM, _interrupt)
    left = wanted
    while left:
        case = random_case(chance)
        if case is not None:
            left -= 1
            yield case


def write(path: Path, wanted: int, seed: int) -> None:
    """Writes cases, one per line: about twelve a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with step("Compute with python-dateutil") as running, path.open("w") as file:
        for number, case in enumerate(cases(wanted, seed), 1):
            file.write(json.dumps(case, separators=(",", ":")) + "\n")
            running.note = f"{number} of {wanted} rules"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.recurrence", description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=10_000)
    parser.add_argument("seed", nargs="?", type=int, default=int(time.time()))
    parser.add_argument("--sample", action="store_true", help="writes the sample in the repository instead")
    given = parser.parse_args()
    if given.sample:
        write(SAMPLE, SAMPLE_CASES, SAMPLE_SEED)
        return
    say(f"seed {given.seed}")
    path = LOCAL / "recurrence" / "cases.jsonl"
    write(path, given.cases, given.seed)
    command = [
        "cargo",
        "test",
        "--locked",
        "--quiet",
        "--workspace",
        "--exclude",
        "api-tests",
        "--test",
        "recurrence",
        "dateutil",
    ]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "RECURRENCE_CASES": str(path)}, check=False)
    if done.returncode != 0:
        fail(Problem("Some rules have other occurrences than in python-dateutil.", "They are listed above."))
    say(f"{given.cases} rules have the same occurrences as in python-dateutil")


if __name__ == "__main__":
    sys.exit(main())
