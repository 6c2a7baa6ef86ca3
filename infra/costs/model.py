"""The cost of a call, of a user and of an idle stage, in US dollars, by service."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.local import expand
from infra.local.instance import ROOT, TEMPLATE

from . import budgets
from .budgets import Budget

HERE = Path(__file__).parent
# The memory at which a function has one full core, in MB.
FULL_CORE = 1769
MINUTES = 43_800
SERVICES = ("API Gateway", "Lambda", "DynamoDB", "SQS", "Scheduler, SNS", "S3, transfer", "CloudWatch", "Secrets")
Dollars = Counter[str]


def load(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text())


@dataclass(frozen=True)
class Function:
    """A function of the template, as far as it costs."""

    memory: int
    is_request: bool


@dataclass
class Work:
    """A route or an event of usage.toml, with its row of the page of budgets. Amounts are of one request, message or record."""

    row: str
    budget: Budget
    function: Function
    cpu: str
    times: float = 0
    batch: float = 1
    kb: float = 0
    each: float = 0
    alternative: int = 0
    out_kb: float = 1
    messages: float = 0
    sqs_sends: float = 0
    other_calls: float = 0
    schedules: float = 0
    notices: float = 0
    mails: float = 0
    s3_puts: float = 0
    s3_gets: float = 0

    @property
    def read_units(self) -> float:
        return self.budget.read_units(self.kb, self.each, self.alternative)

    @property
    def write_units(self) -> float:
        return self.budget.write_units(self.kb, self.each, self.alternative)


@dataclass
class Alarm:
    """An alarm of the template, and the metrics that it reads."""

    name: str
    metrics: int


@dataclass
class Model:
    """Everything that a price depends on."""

    prices: dict[str, Any] = field(default_factory=lambda: load("prices.toml"))
    measured: dict[str, Any] = field(default_factory=lambda: load("measurements.toml"))
    usage: dict[str, Any] = field(default_factory=lambda: load("usage.toml"))
    budgets: dict[str, Budget] = field(default_factory=budgets.read)

    @cached_property
    def template(self) -> dict[str, Any]:
        """template.yaml, its loops unrolled."""
        return expand.load(TEMPLATE)

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Functions by route key (`GET /api/tasks`), and those without a route by name."""
        found = {}
        globals_ = self.template["Globals"]["Function"]
        for resource in self.template["Resources"].values():
            if resource["Type"] != "AWS::Serverless::Function":
                continue
            properties = resource["Properties"]
            memory = properties.get("MemorySize", globals_["MemorySize"])["Ref"]
            default = int(self.template["Parameters"][memory]["Default"])
            routes = [event["Properties"] for event in properties.get("Events", {}).values() if event["Type"] == "HttpApi"]
            for route in routes:
                if "Path" in route:
                    found[f"{route['Method']} {route['Path']}"] = Function(default, is_request=True)
            if not routes:
                found[properties["Handler"]] = Function(default, is_request=False)
        return found

    def work(self, entry: dict[str, Any]) -> Work:
        row = entry["row"]
        return Work(budget=self.budgets[row], function=self.functions[row.split(",")[0]], **entry)

    @cached_property
    def works(self) -> list[Work]:
        return [self.work(entry) for entry in (*self.usage["request"], *self.usage["event"])]

    def others(self) -> list[Work]:
        """The routes that usage.toml does not have, for a comparison by price alone."""
        known, made = {work.row for work in self.works}, []
        for row, budget in self.budgets.items():
            function = self.functions.get(row)
            if function and function.is_request and row not in known:
                is_hash = function.memory > FULL_CORE / 2
                cpu = "hash" if is_hash else "read_one" if row.startswith("GET") else "change"
                made.append(Work(row, budget, function, cpu))
        return made

    def billed_ms(self, work: Work, users: int) -> float:
        """What Lambda bills for an invocation, on average."""
        cpu = self.measured["cpu_ms"][work.cpu] / min(1, work.function.memory / FULL_CORE)
        waits = self.measured["waiting_ms"]
        waiting = work.budget.steps * waits["table_call"] + work.other_calls * waits["other_call"]
        cold = self.measured["cold"]
        return cpu * work.batch + waiting * (work.batch if work.messages else 1) + cold["share"][str(users)] * cold["init_ms"]

    def once(self, work: Work, users: int = 100_000) -> Dollars:
        """One request, message or record. Mails are apart."""
        price, size = self.prices, self.measured["bytes"]
        is_request = work.function.is_request
        share = 1 / work.batch
        reads = work.read_units
        # Each request is counted by the rate limiter.
        writes = work.write_units + is_request
        gb_seconds = self.billed_ms(work, users) / 1000 * work.function.memory / 1024
        line = size["request_line"] + size["access_line"] if is_request else size["event_line"]
        logged = (line + size["platform_lines"]) * share / 1e9
        # A message is sent, received and deleted.
        sqs = work.messages * (1 + 2 * share) + work.sqs_sends
        out = work.out_kb / 1e6 if is_request else 0
        return Counter(
            {
                "API Gateway": price["api"]["request"] * is_request,
                "Lambda": (price["lambda"]["request"] + price["lambda"]["gb_second_arm64"] * gb_seconds) * share,
                "DynamoDB": price["dynamodb"]["read_unit"] * reads + price["dynamodb"]["write_unit"] * writes,
                "SQS": price["sqs"]["request"] * sqs,
                "Scheduler, SNS": price["scheduler"]["invocation"] * work.schedules + price["sns"]["publish"] * work.notices,
                "S3, transfer": price["s3"]["put"] * work.s3_puts
                + price["s3"]["get"] * work.s3_gets
                + price["transfer"]["gb"] * out,
                "CloudWatch": self.logs(logged),
            }
        )

    def logs(self, gigabytes: float) -> float:
        """Log lines, written and kept for LogRetentionDays, in months."""
        months = int(self.template["Parameters"]["LogRetentionDays"]["Default"]) / 30
        return gigabytes * (self.prices["cloudwatch"]["log_gb"] + months * self.prices["cloudwatch"]["log_gb_month"])

    def kept(self) -> Dollars:
        """What a user's rows and files cost a month."""
        price, size = self.prices, self.measured["bytes"]
        rows, files = size["user_rows"] / 1e9, size["user_files"] / 1e9
        dynamodb = rows * (price["dynamodb"]["gb_month"] + price["dynamodb"]["recovery_gb_month"])
        return Counter({"DynamoDB": dynamodb, "S3, transfer": files * price["s3"]["gb_month"]})

    def user(self, users: int) -> Dollars:
        """A user's month."""
        total = self.kept()
        for work in self.works:
            for service, cost in self.once(work, users).items():
                total[service] += cost * work.times
        return total

    def mails(self) -> float:
        """The mails of a user's month."""
        return sum(work.mails * work.times for work in self.works) * self.prices["ses"]["mail"]

    @cached_property
    def alarms(self) -> list[Alarm]:
        found = []
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                metrics = resource["Properties"].get("Metrics", [{"MetricStat": {}}])
                found.append(Alarm(name, sum("MetricStat" in metric for metric in metrics)))
        return found

    def count(self, kind: str) -> int:
        return sum(resource["Type"] == kind for resource in self.template["Resources"].values())

    @cached_property
    def queue_sources(self) -> int:
        """Event source mappings of queues: those with a maximum concurrency. Reading the stream costs nothing."""
        sources = [it for it in self.template["Resources"].values() if it["Type"] == "AWS::Lambda::EventSourceMapping"]
        return sum("ScalingConfig" in it["Properties"] for it in sources)

    def custom_metrics(self, users: int) -> int:
        """The product's own metrics that have data."""
        if users == 0:
            return self.usage["idle"]["metrics"]
        filters = [it["Properties"] for it in self.template["Resources"].values() if it["Type"] == "AWS::Logs::MetricFilter"]
        counted = {str(it["MetricTransformations"][0]["MetricName"]) for it in filters}
        written = json.loads((ROOT / "docs" / "facts.json").read_text())["metrics"]["names"]
        return len(written) + len(counted)

    def standing(self, users: int) -> list[tuple[str, str, float]]:
        """What a stage costs a month besides its users' work: service, name, dollars."""
        price, idle = self.prices, self.usage["idle"]
        tick = Work(
            "service-sweep, per tick",
            self.budgets["service-sweep, per tick"],
            self.functions["service-sweep"],
            "event",
            messages=1,
        )
        tick_once = self.once(tick, 100_000)
        del tick_once["DynamoDB"]
        polls = self.queue_sources * idle["pollers"] * MINUTES * 60 / idle["poll_seconds"]
        watched = sum(alarm.metrics for alarm in self.alarms)
        own = self.custom_metrics(users)
        secrets = self.count("AWS::SecretsManager::Secret")
        lines = [("CloudWatch", f"{len(self.alarms)} alarms on {watched} metrics", watched * price["cloudwatch"]["alarm_metric"])]
        lines += [("CloudWatch", f"custom metrics with data: {own}", own * price["cloudwatch"]["custom_metric"])]
        lines += [("Secrets", f"{secrets} secrets", secrets * price["secrets"]["secret"])]
        lines += [("SQS", f"polling {self.queue_sources} event sources", polls * price["sqs"]["request"])]
        lines += [(service, "the tick", cost * idle["ticks"]) for service, cost in tick_once.items() if cost]
        lines += [("Scheduler, SNS", "the tick", idle["ticks"] * price["scheduler"]["invocation"])]
        lines += [("DynamoDB", "the tick", idle["queries"] * 0.5 * price["dynamodb"]["read_unit"])]
        return lines

    def stage(self, users: int) -> Dollars:
        """A stage's month, by service, without mail."""
        total: Dollars = Counter()
        for service, _, cost in self.standing(users):
            total[service] += cost
        for service, cost in self.user(users).items():
            total[service] += cost * users
        return total

    def invocations(self) -> float:
        """Invocations of a user's month."""
        return sum(work.times / work.batch for work in self.works)
