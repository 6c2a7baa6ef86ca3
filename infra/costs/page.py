"""Renders docs/cost.md from the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .model import FULL_CORE, MINUTES, SERVICES, Model, Work

SIZES = (0, 1_000, 100_000)
SCALING = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def dollars(amount: float) -> str:
    return "" if amount < 5e-5 else f"{amount:,.2f}" if amount >= 1 else f"{amount:.3f}"


def route(work: Work) -> str:
    return work.row.replace("|", "\\|")


def _stages(model: Model) -> str:
    stages = {users: model.stage(users) for users in SIZES}
    rows = [[service, *(dollars(stages[users][service]) for users in SIZES)] for service in SERVICES]
    rows += [["**Total**", *(f"**{dollars(stages[users].total())}**" for users in SIZES)]]
    rows += [["SES, not in the total", *(dollars(model.mails() * users) for users in SIZES)]]
    return table(["$ a month", *(f"{users:,} users" for users in SIZES)], rows)


def _standing(model: Model) -> str:
    merged: dict[str, float] = {}
    for _, name, cost in model.standing(0):
        merged[name] = merged.get(name, 0) + cost
    return table(["An idle stage", "$ a month"], [[name, dollars(cost)] for name, cost in merged.items()])


def _by_route(model: Model) -> str:
    def row(work: Work) -> tuple[float, list[str]]:
        once = model.once(work, 1_000)
        total = once.total() * work.times * 1_000
        other = sum(once[service] for service in SERVICES if service not in ("API Gateway", "Lambda", "DynamoDB", "CloudWatch"))
        parts = [once["API Gateway"], once["Lambda"], once["DynamoDB"], once["CloudWatch"], other]
        cells = [dollars(part * work.times * 1_000) for part in parts]
        return total, [f"`{route(work)}`", f"{work.times:g}", *cells, dollars(total)]

    ordered = sorted((row(work) for work in model.works), key=lambda it: -it[0])
    kept = model.kept()
    rows = [cells for _, cells in ordered]
    storage = [dollars(kept["DynamoDB"] * 1_000), "", dollars(kept["S3, transfer"] * 1_000), dollars(kept.total() * 1_000)]
    rows.append(["storage of rows and files", "", "", "", *storage])
    head = ["Route or event", "times", "API Gateway", "Lambda", "DynamoDB", "logs", "other", "$"]
    return table(head, rows)


def _dearest(model: Model) -> str:
    works = [work for work in model.works if work.function.is_request] + model.others()
    priced = sorted(((model.once(work).total() * 1e6, work) for work in works), key=lambda it: -it[0])[:10]
    rows = [
        [
            f"`{route(work)}`",
            f"{work.read_units:g}",
            f"{work.write_units + 1:g}",
            f"{model.billed_ms(work, 100_000):.0f}",
            str(work.function.memory),
            f"{cost:.2f}",
        ]
        for cost, work in priced
    ]
    return table(["Route", "read units", "write units", "billed ms", "MB", "$ per million"], rows)


# From its creation by the API to the delivered mail; the dispatcher sees the row, its firing and its mail.
_REMINDER = {
    "POST /api/reminders": 1,
    "service-dispatch, per record": 3,
    "reminders-fire, per message": 1,
    "mail-send, per message": 1,
    "mail-feedback, per event": 1,
}


def _reminders(model: Model) -> str:
    total: Counter[str] = Counter()
    for work in model.works:
        for service, cost in model.once(work).items():
            total[service] += cost * _REMINDER.get(work.row, 0) * 1_000
    total["SES"] = model.prices["ses"]["mail"] * 1_000
    rows = [[service, dollars(total[service])] for service in (*SERVICES, "SES") if total[service]]
    return table(["Per 1,000 reminders", "$"], [*rows, ["**Total**", f"**{dollars(total.total())}**"]])


# Requests a second, in the proportions of usage.toml, and the events that follow them.
RATE = 1_000
_ON_DEMAND = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
_CONCURRENCY = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"


def _throughput(model: Model) -> str:
    a_request = RATE / sum(work.times for work in model.works if work.function.is_request)
    rows: dict[str, list[float]] = {
        "calls a second": [],
        "environments at the same time": [],
        "table calls a second": [],
        "read units a second": [],
        "write units a second": [],
    }
    for is_request in (True, False):
        works = [work for work in model.works if work.function.is_request == is_request]
        rates = [(work, work.times * a_request) for work in works]
        amounts = (
            sum(rate / work.batch for work, rate in rates),
            sum(rate / work.batch * model.billed_ms(work, 100_000) / 1000 for work, rate in rates),
            sum(rate * (work.budget.steps + is_request) for work, rate in rates),
            sum(rate * work.read_units for work, rate in rates),
            sum(rate * (work.write_units + is_request) for work, rate in rates),
        )
        for row, amount in zip(rows.values(), amounts, strict=True):
            row.append(amount)
    cells = [[name, *(f"{amount:,.0f}" for amount in row), f"{sum(row):,.0f}"] for name, row in rows.items()]
    return table(["", "requests", "events after them", "together"], cells)


def _alarms(model: Model) -> str:
    each = model.prices["cloudwatch"]["alarm_metric"]
    by_count: dict[int, list[str]] = {}
    for alarm in model.alarms:
        by_count.setdefault(alarm.metrics, []).append(f"`{alarm.name}`")
    rows = [
        [", ".join(sorted(names)), str(count), f"{count * each:.2f}", f"{count * each * len(names):.2f}"]
        for count, names in sorted(by_count.items(), reverse=True)
    ]
    return table(["Alarms", "metrics per alarm", "$ per alarm", "$ in total"], rows)


def traces(model: Model) -> float:
    """The monthly cost of tracing 1,000 users and the tick, in dollars."""
    return (model.invocations() * 1_000 + MINUTES) * model.prices["xray"]["trace"]


def render(model: Model) -> str:
    """The complete page."""
    idle, per_thousand = model.stage(0).total(), model.user(100_000).total() * 1_000
    requests = sum(work.times for work in model.works if work.function.is_request)
    polling = sum(cost for _, name, cost in model.standing(0) if name.startswith("polling"))
    ratio = traces(model) / (model.user(1_000)["Lambda"] * 1_000)
    cold, waiting = model.measured["cold"], model.measured["waiting_ms"]
    table_ms, other_ms = waiting["table_call"], waiting["other_call"]
    few, many = (1 / cold["share"][users] for users in ("1000", "100000"))
    dates = f"list prices of us-east-1 ({model.prices['date']}), measurements ({model.measured['date']})"
    return f"""# Costs

`make costs` generates this page from the [template](../template.yaml), the table of budgets in `shared/src/store/keys.rs`, and
the files of `infra/costs`: {dates} and a user's actions in a month.
Nothing has been measured on AWS. Free tiers are not subtracted. The CDK's additional stacks (backups, budget, probe, sender
identity) are not included.

An idle stage costs **${idle:.2f}** a month; in a large stage, 1,000 users cost **${per_thousand:.2f}** more, without mail.
In a small stage they cost more, because custom metrics get data and more calls are cold starts. Only users who are
active in that month count: {model.usage["visits"]} visits, {requests:.0f} requests and a digest each morning.

{_stages(model)}

## An idle stage

{_standing(model)}

- **Polling**: Lambda polls each queue with five pollers. Without a maximum concurrency it would
  [scale back to two]({SCALING}), ${polling * 0.6:.2f} less, but
  the maximum keeps executions free for requests.
- **Custom metrics** are charged only in hours with data. An idle stage writes one of them, a busy stage all.
- **The dashboard** is free if it is one of an account's first three with at most 50 metrics; otherwise it costs
  ${model.prices["cloudwatch"]["dashboard"]:.2f}.

## Routes and events

Costs of 1,000 users per month, in a stage of 1,000 users. "times" is per user and month.

{_by_route(model)}

A million requests to each of the ten most expensive routes, in a stage of 100,000 users:

{_dearest(model)}

## A thousand reminders

From their creation to the delivered mail:

{_reminders(model)}

## {RATE:,} requests a second

In the proportions above, computed:

{_throughput(model)}

- **Lambda**: an account may run [1,000 environments]({_CONCURRENCY}) at first and gets 1,000 more every 10 s per function,
  so the rate fits into a new account's quota.
- **DynamoDB**: a new on-demand table takes [4,000 write and 12,000 read units]({_ON_DEMAND}) a second at once, and doubles
  within 30 minutes when the load needs it; an operator who expects the load sets a warm throughput beforehand.
- **Hot keys**: a partition takes 1,000 write and 3,000 read units a second. Each user, each mailbox and each counter of a
  client address has a partition of its own, and the rate limits end a client's requests long before. All users share only the
  eight shards of the index `due`, which a row enters when it is planned and leaves when it has happened.

## Alarms and traces

{_alarms(model)}

An alarm on a formula costs as much as the metrics in the formula, so combining metrics in one alarm saves nothing. The errors of
all functions are one metric, which Lambda adds up for the account.

Tracing every request (`Tracing=Active`) costs ${traces(model):.2f} a month for 1,000 users, {ratio:.0f} times as much as the
functions.

## Measurements

- CPU: {model.measured["source"]}. They are from
  before the latest optimizations. A function with less than {FULL_CORE:,} MB has a proportional share of a core.
- These are assumptions: each call to the table adds {table_ms:g} ms, each call to another service {other_ms:g} ms, and a cold
  start {cold["init_ms"]:g} ms. In a stage of 1,000 users one call in {few:.0f} is a cold start, in a stage of 100,000 users one
  in {many:.0f}.
- `infra/costs/measurements.toml` lists the kinds of work that were not measured.
"""
