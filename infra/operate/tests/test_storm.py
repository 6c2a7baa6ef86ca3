"""How long a storm of reminders takes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from infra.local.instance import ROOT
from infra.operate import storm
from infra.operate.storm import Setting, simulate

SETTING = Setting(reminder_concurrency=10, mail_concurrency=5, ses_rate=50, fire_batch=0.5, mail_batch=1.0)


def test_where_ses_has_room_the_slowest_stage_decides_when_the_last_mail_leaves() -> None:
    found = simulate(10_000, SETTING)
    assert found.last == pytest.approx(10_000 / 50, abs=5)
    assert (found.refusals, found.failed) == (0, 0)
    more = simulate(10_000, replace(SETTING, mail_concurrency=10, ses_rate=1000))
    assert more.slowest == "mail-send"
    assert more.last == pytest.approx(10_000 / 100, abs=5)


def test_what_ses_refuses_comes_back_and_is_sent_later_at_the_price_of_refusals() -> None:
    eager = simulate(10_000, replace(SETTING, mail_concurrency=40))
    assert eager.slowest == "SES"
    assert eager.refusals > 10_000
    assert eager.failed == 0
    # No sooner than its rate allows, and no later than the longest wait beyond that.
    assert 10_000 / 50 <= eager.last <= 10_000 / 50 + 2 * storm.LONGEST_WAIT


def test_a_mail_that_never_finds_room_is_given_up_as_the_function_does() -> None:
    found = simulate(2000, replace(SETTING, mail_concurrency=1000, ses_rate=0.01))
    assert found.failed > 1000


def test_more_of_a_stage_that_is_not_the_slowest_changes_nothing() -> None:
    assert simulate(10_000, replace(SETTING, reminder_concurrency=100)).last == pytest.approx(
        simulate(10_000, SETTING).last, abs=10
    )


def test_half_of_them_leave_before_all_and_after_the_first_was_fired() -> None:
    found = simulate(10_000, SETTING)
    assert 0 < found.half < found.last
    assert found.fired < found.last


def test_the_waits_are_those_of_mail_send() -> None:
    source = (ROOT / "functions/mail/src/send.rs").read_text()
    longest = (ROOT / "shared/src/aws/queue.rs").read_text()
    assert re.findall(r"FIRST_WAIT: Duration = Duration::from_secs\((\d+)\)", source) == [str(storm.FIRST_WAIT)]
    assert re.findall(r"THROTTLED_TRIES: u32 = (\d+);", source) == [str(storm.TRIES)]
    assert re.findall(r"LONGEST_DELAY: Duration = Duration::from_secs\((.+)\);", longest) == [str(storm.LONGEST_WAIT)]
