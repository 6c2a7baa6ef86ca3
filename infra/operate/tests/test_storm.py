"""How long a storm of reminders takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.operate.storm import Setting, simulate

SETTING = Setting(reminder_concurrency=10, mail_concurrency=10, ses_rate=50, fire_batch=0.5, mail_batch=1.0)


def test_the_slowest_stage_decides_when_the_last_mail_leaves() -> None:
    found = simulate(10_000, SETTING)
    assert found.slowest == "SES"
    assert found.last == pytest.approx(10_000 / 50, abs=5)
    faster = simulate(10_000, replace(SETTING, ses_rate=1000))
    assert faster.slowest == "mail-send"
    assert faster.last == pytest.approx(10_000 / 100, abs=20)


def test_twice_the_reminders_take_twice_as_long() -> None:
    assert simulate(40_000, SETTING).last == pytest.approx(2 * simulate(20_000, SETTING).last, rel=0.05)


def test_more_of_a_stage_that_is_not_the_slowest_changes_nothing() -> None:
    assert simulate(10_000, replace(SETTING, reminder_concurrency=100)).last == pytest.approx(
        simulate(10_000, SETTING).last, abs=10
    )


def test_half_of_them_leave_before_all_and_after_the_first_was_fired() -> None:
    found = simulate(10_000, SETTING)
    assert 0 < found.half < found.last
    assert found.fired < found.last
