"""The instants that `make test-clock` tries, and what it reports."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from infra.local import clocktest

INSTANT = "2028-02-29T23:30:00Z"


def binary(folder: Path, script: str) -> clocktest.Binary:
    executable = folder / "tests"
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(0o755)
    return clocktest.Binary(executable, folder)


def test_each_hour_of_a_day_is_tried_and_no_instant_twice() -> None:
    instants = [datetime.fromisoformat(instant) for instant in clocktest.INSTANTS]
    assert len(set(instants)) == len(instants)
    assert {at.hour for at in instants if at.date().isoformat() == "2026-11-18"} == set(range(24))


def test_a_binary_gets_the_instant(tmp_path: Path) -> None:
    passing = binary(tmp_path, f'[ "$TEST_NOW" = {INSTANT} ] && echo "test result: ok. 3 passed; 0 failed; 0 ignored"')
    assert clocktest.run_at(INSTANT, [passing, passing]) == clocktest.Outcome(passed=6)


def test_a_failed_test_is_named_with_its_complaint(tmp_path: Path) -> None:
    output = (
        "failures:\n\n---- fires_once stdout ----\n\nthread 'fires_once' panicked at tests/fire.rs:7:5:\ntwo mails\n"
        "\ntest result: FAILED. 2 passed; 1 failed; 0 ignored"
    )
    failing = binary(tmp_path, f'printf "%s" "{output}"; exit 101')
    expected = clocktest.Outcome(2, 1, ["fires_once at tests/fire.rs:7: two mails"])
    assert clocktest.run_at(INSTANT, [failing]) == expected


def test_a_binary_that_ends_without_a_result_fails(tmp_path: Path) -> None:
    outcome = clocktest.run_at(INSTANT, [binary(tmp_path, "exit 3")])
    assert outcome == clocktest.Outcome(0, 1, ["tests: ended with status 3"])
