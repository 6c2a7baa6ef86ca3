"""`make test-clock`: the tests below HTTP, started at instants at which code that depends on the time tends to fail.

The tests read their time from `TEST_NOW` (tests/test-support/src/clock.rs). Tests of load and durations, and property
tests with their own dates, are left out: they take minutes, and behave the same at every instant.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .build import cargo
from .checks import API_TESTS, POSTGRES, count_cargo, culprits, environment
from .instance import ROOT
from .progress import Problem, say, step, took

# Packages whose tests read no clock.
_WITHOUT = ("infra/contract", "media", "tests/legacy-fixture", "tests/test-support")
_SKIPPED = (
    "_requests_at_once",
    "a_hundred_reminders",
    "after_any_operations",
    "after_any_sequence",
    "all_rows_of_a_user",
    "conflicts::",
    "costs_as_much",
    "costs_the_same",
    "domain::digest::tests::around_every_change_of_clocks_of_every_zone",
    "domain::digest::tests::every_zone_gives_every_day",
    "domain::sweep::tests::what_stays_undone",
    "files::",
    "scale::",
    "sign_in::",
    "ten_thousand_rows",
    "timeouts::",
    "tls::",
    "two_hundred_operations",
    "walks::",
)
_MOST_SECONDS_OF_A_BINARY = 300
_MOST_SECONDS = 90 * 60
# One more than there are processors, since many tests wait for a timeout.
_AT_ONCE = (os.cpu_count() or 1) + 1

_ORDINARY_DAY = [
    # The tests' user is in Kolkata: midnight is at 18:30 UTC, and the digest is sent at 23:30 UTC.
    "2026-11-18T23:20:00Z",
    "2026-11-18T23:29:59.999Z",
    "2026-11-18T18:29:59.999Z",
    "2026-11-18T00:00:00Z",
    *(f"2026-11-18T{hour:02}:30:00Z" for hour in range(24)),
]
_LEAP_DAY = [
    "2028-02-28T12:00:00Z",
    "2028-02-28T23:30:00Z",
    "2028-02-29T00:30:00Z",
    "2028-02-29T12:00:00Z",
    "2028-02-29T23:30:00Z",
    "2028-03-01T00:30:00Z",
]
_NEW_YEAR = ["2027-12-31T12:00:00Z", "2027-12-31T18:40:00Z", "2027-12-31T23:30:00Z", "2028-01-01T00:30:00Z"]
# The evening before, half an hour before, half an hour after.
_NEW_YORK = [
    *("2027-03-13T23:30:00Z", "2027-03-14T06:30:00Z", "2027-03-14T07:30:00Z"),
    *("2027-11-06T23:30:00Z", "2027-11-07T05:30:00Z", "2027-11-07T06:30:00Z"),
]
_BERLIN = [
    *("2027-03-27T23:30:00Z", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"),
    *("2027-10-30T23:30:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"),
]
INSTANTS = [*_LEAP_DAY, *_NEW_YEAR, *_NEW_YORK, *_BERLIN, *_ORDINARY_DAY]


@dataclass(frozen=True)
class Binary:
    """A test binary and the directory of its package, in which cargo runs it."""

    executable: Path
    directory: Path


@dataclass
class Outcome:
    """The results of one or more binaries at one instant."""

    passed: int = 0
    failed: int = 0
    culprits: list[str] = field(default_factory=list)


def main() -> None:
    """`make test-clock`."""
    started = time.monotonic()
    binaries = _build()
    failures: list[str] = []
    tests = 0
    for number, instant in enumerate(INSTANTS):
        if time.monotonic() - started > _MOST_SECONDS:
            raise Problem(f"Stopped after {took(_MOST_SECONDS)}: {len(INSTANTS) - number} instants were not tried.")
        outcome = _try(instant, binaries)
        tests += outcome.passed
        failures += [f"{instant}  {culprit}" for culprit in outcome.culprits]
    say(f"\n{len(INSTANTS)} instants, {tests} tests passed, {len(failures)} failed, in {took(time.monotonic() - started)}.")
    if failures:
        say("\n".join(failures))
        raise Problem("Tests depend on the time at which they run.", "Run one with TEST_NOW=<instant> cargo test.")


def _build() -> list[Binary]:
    """Compiles the test binaries, with the same features as `make test`."""
    options = ("--no-run", "--workspace", "--exclude", API_TESTS, "--message-format=json-render-diagnostics")
    with step("building the tests") as running:
        done = subprocess.run(
            cargo("test", *options), cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            raise Problem("The tests do not build (see above).")
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        tests = [message for message in messages if message.get("executable") and message["profile"]["test"]]
        binaries = [Binary(Path(test["executable"]), Path(test["manifest_path"]).parent) for test in tests]
        binaries = [binary for binary in binaries if str(binary.directory.relative_to(ROOT)) not in _WITHOUT]
        running.result = f"{len(binaries)} binaries"
    return binaries


def _try(instant: str, binaries: list[Binary]) -> Outcome:
    """Runs all binaries at an instant, and prints a line with the result."""
    with step(instant) as running:
        total = run_at(instant, binaries)
        running.result = f"{total.passed} passed, {total.failed} failed"
    for culprit in total.culprits:
        say(f"  {culprit}")
    return total


def run_at(instant: str, binaries: list[Binary]) -> Outcome:
    """Runs test binaries with their clock at an instant."""
    total = Outcome()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for outcome in pool.map(lambda binary: _run(instant, binary), binaries):
            total.passed += outcome.passed
            total.failed += outcome.failed
            total.culprits += outcome.culprits
    return total


def _run(instant: str, binary: Binary) -> Outcome:
    skipped = [argument for name in _SKIPPED for argument in ("--skip", name)]
    try:
        done = subprocess.run(
            [str(binary.executable), *skipped],
            cwd=binary.directory,
            env=environment({**POSTGRES, "TEST_NOW": instant}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_MOST_SECONDS_OF_A_BINARY,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(failed=1, culprits=[f"{binary.executable.name}: not done after {_MOST_SECONDS_OF_A_BINARY} s"])
    passed, failed = count_cargo(done.stdout)
    if done.returncode == 0:
        return Outcome(passed=passed)
    named = culprits(done.stdout) or [f"{binary.executable.name}: ended with status {done.returncode}"]
    return Outcome(passed, max(failed, 1), named)
