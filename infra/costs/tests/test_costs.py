"""The page of costs is what the template, the budgets and the files of prices, measurements and usage say."""

from __future__ import annotations

import pytest

from infra.costs import budgets
from infra.costs.__main__ import PAGE, README, readme
from infra.costs.model import SERVICES, Model
from infra.costs.page import render, traces


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


def test_the_page_and_the_figures_of_readme_are_up_to_date(model: Model) -> None:
    assert PAGE.read_text() == render(model), "make costs writes it"
    assert README.read_text() == readme(README.read_text(), model), "make costs writes them"


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("12", 12, 12),
        ("½", 0.5, 0.5),
        ("13, or 3", 13, 3),
        ("10, dated 11", 10, 11),
        ("1 per 4 KB read, see below", 2, 2),
        ("1 per 4 KB, + 1 per task, + 1", 6, 6),
        ("2 + 2 per reminder", 8, 8),
        ("12 + 2 with pending reminders + 5 for each", 33, 33),
        ("12; 4 for each further one, + 2 per KB of the task", 12, 28),
        ("20 + 4 per further KB of the task", 52, 52),
        ("2 + 4 each", 14, 14),
        ("14 when moved", 14, 14),
    ],
)
def test_units_of_eight_kilobytes_and_three_things_are_read_as_the_page_says_them(text: str, first: float, second: float) -> None:
    assert budgets.units(text, kb=8, each=3) == first
    assert budgets.units(text, kb=8, each=3, alternative=1) == second


def test_a_cell_without_a_number_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="as above"):
        budgets.units("as above")


def test_the_rows_of_the_budgets_are_found_with_their_calls() -> None:
    rows = budgets.read()
    assert rows["PUT /api/tasks/{id}, completing"].writes.startswith("12 + 2")
    assert (rows["GET /api/user/me"].steps, rows["mail-send, per message"].steps) == (1, 6)
    assert rows["POST /api/auth/forgot-password"].steps == 0


def test_every_event_function_has_a_price(model: Model) -> None:
    priced = {work.row.split(",")[0] for work in model.works} | {"service-sweep"}
    assert {name for name, function in model.functions.items() if not function.is_request} <= priced


def test_a_request_s_price_is_the_sum_that_one_computes_by_hand(model: Model) -> None:
    [work] = [work for work in model.works if work.row == "GET /api/user/me"]
    once = model.once(work)
    # 0.43 ms of a core at 256 of 1,769 MB, one call of 5 ms, and one new environment of 80 ms in fifty.
    seconds = (0.43 * 1769 / 256 + 5 + 0.02 * 80) / 1000
    assert once["Lambda"] == pytest.approx(0.2e-6 + seconds * 0.25 * 0.0000133334)
    assert once["DynamoDB"] == pytest.approx(0.125e-6 + 0.625e-6)
    assert once["API Gateway"] == pytest.approx(1e-6)


def test_alarms_cost_by_the_metrics_that_they_read(model: Model) -> None:
    counted = {alarm.name: alarm.metrics for alarm in model.alarms}
    assert (counted["ThrottlesAlarm"], counted["TickStoppedAlarm"], counted["ConcurrencyAlarm"]) == (5, 1, 1)
    [line] = [cost for _, name, cost in model.standing(0) if "alarms" in name]
    assert line == pytest.approx(0.1 * sum(counted.values()))


def test_a_stage_is_its_standing_and_its_users(model: Model) -> None:
    idle, users = model.stage(0), model.stage(1_000)
    assert set(users) <= set(SERVICES)
    metrics = (model.custom_metrics(1_000) - model.custom_metrics(0)) * 0.3
    assert users.total() == pytest.approx(idle.total() + metrics + 1_000 * model.user(1_000).total())
    assert traces(model) > 0
