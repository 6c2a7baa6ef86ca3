"""Work behind queues and the stream is stopped and started for one stage, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from infra.operate import work
from infra.operate.stack import Problem, Stack


class Lambda:
    """Event source mappings that switch one look after they were told."""

    def __init__(self, *mappings: tuple[str, str], is_stuck: bool = False) -> None:
        self.states = dict.fromkeys(mappings, "Enabled")
        self.waiting: dict[tuple[str, str], str] = {}
        self.told: list[tuple[str, str]] = []
        self.is_stuck = is_stuck

    def get_paginator(self, _: str) -> Lambda:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        arn = "arn:aws:lambda:eu-west-1:1:function:"
        listed = [
            {"UUID": (source, function), "EventSourceArn": source, "FunctionArn": arn + function, "State": state}
            for (source, function), state in self.states.items()
        ]
        if not self.is_stuck:
            self.states.update(self.waiting)
        return [{"EventSourceMappings": listed[:1]}, {"EventSourceMappings": listed[1:]}]

    def update_event_source_mapping(self, UUID: tuple[str, str], Enabled: bool) -> None:  # noqa: N803
        self.told.append(UUID)
        self.states[UUID] = "Enabling" if Enabled else "Disabling"
        self.waiting[UUID] = "Enabled" if Enabled else "Disabled"


class Fake(Stack):
    def __init__(self, client: Lambda) -> None:
        super().__init__("dev")
        self.fake = client

    def client(self, service: str) -> Any:
        assert service == "lambda"
        return self.fake


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work.time, "sleep", lambda _: None)


MAIL = ("arn:aws:sqs:eu-west-1:1:spacedly-dev-mail", "spacedly-dev-mail-send")
CODES = ("arn:aws:sqs:eu-west-1:1:spacedly-dev-code-mail", "spacedly-dev-mail-send")
STREAM = ("arn:aws:dynamodb:eu-west-1:1:table/spacedly-dev/stream/2026-12-01T00:00:00.000", "spacedly-dev-service-dispatch")
OTHER = ("arn:aws:sqs:eu-west-1:1:spacedly-dev2-mail", "spacedly-dev2-mail-send")


def test_a_stage_stops_and_starts_and_others_go_on() -> None:
    functions = Lambda(MAIL, CODES, STREAM, OTHER)
    names = ("code-mail to mail-send", "mail to mail-send", "stream to service-dispatch")
    assert work.switch(Fake(functions), on=False) == dict.fromkeys(names, "Disabled")
    assert functions.states[MAIL] == functions.states[CODES] == "Disabled"
    assert functions.states[OTHER] == "Enabled"
    assert work.switch(Fake(functions), on=True) == dict.fromkeys(names, "Enabled")


def test_what_is_stopped_already_is_left_alone_and_a_dry_run_only_looks() -> None:
    functions = Lambda(MAIL)
    assert work.switch(Fake(functions), on=False, dry_run=True) == {"mail to mail-send": "Enabled"}
    assert work.switch(Fake(functions), on=True) == {"mail to mail-send": "Enabled"}
    assert functions.told == []


def test_a_mapping_that_does_not_switch_is_named() -> None:
    with pytest.raises(Problem, match="mail to mail-send"):
        work.switch(Fake(Lambda(MAIL, is_stuck=True)), on=False, patience=0)


def test_a_stage_without_functions_is_a_mistake() -> None:
    with pytest.raises(Problem, match="spacedly-dev"):
        work.switch(Fake(Lambda(("arn:aws:sqs:eu-west-1:1:spacedly-production-mail", "spacedly-production-mail-send"))), on=False)
