"""What the fuzzing counts, and that its exceptions are no wider than they say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import fuzz
from infra.local.fuzz import addresses, run, tolerated

TITLE = {"type": "string", "minLength": 3, "maxLength": 5}


class RejectedPositiveData(Exception):
    """Named as schemathesis's."""


class AcceptedNegativeData(Exception):
    """Named as schemathesis's."""


class UnsupportedMethodResponse(Exception):
    """Named as schemathesis's."""


def case(**body: Any) -> Any:
    schema = {"properties": {"title": TITLE, "status": {"enum": ["todo"]}, "link": {}, "scheduledAt": {}}}
    raw = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    operation = SimpleNamespace(definition=SimpleNamespace(raw=raw))
    return SimpleNamespace(body=body, query={}, media_type="application/json", operation=operation)


def refusal(code: str, *fields: str) -> Any:
    body = {"code": code, "errors": [{"field": field} for field in fields]}
    return SimpleNamespace(headers={"content-type": ["application/json; charset=utf-8"]}, json=lambda: body)


def report(**changed: Any) -> dict[str, Any]:
    operations = {"selected": 50, "tested": 50, "errored": 0} | changed
    return {
        "operations": operations,
        "failures": [{"operations": ["GET /a", "GET /b"]}, {"operations": ["GET /a"]}],
        "test_cases": {"generated": 1234},
        "running_time": 59.6,
        "seed": 7,
    }


def test_an_operation_with_two_failures_counts_once() -> None:
    line = run.closing_line(report())
    assert line == "operations: 48 passed, 2 failed; 1234 calls in 60 s, seed 7"
    assert fuzz.count(f"noise\n{line}\n") == (48, 2)


def test_an_operation_that_was_not_tried_has_not_passed() -> None:
    assert fuzz.count(run.closing_line(report(tested=40))) == (38, 12)
    assert fuzz.count("it died") == (0, 0)


@pytest.mark.parametrize("title", ["  ab ", " " * 5])
def test_text_that_trimming_makes_too_short_may_be_refused(title: str) -> None:
    assert tolerated.is_tolerated(RejectedPositiveData(), case(title=title), refusal("VALIDATION_FAILED", "title"))


def test_a_good_field_may_not_be_refused_nor_hide_behind_another() -> None:
    for fields in (["title"], ["title", "link"]):
        answer = refusal("VALIDATION_FAILED", *fields)
        assert not tolerated.is_tolerated(RejectedPositiveData(), case(title="abc", link="x"), answer)


def test_only_instants_that_may_have_passed_may_be_refused() -> None:
    for scheduled, explained in (("2020-01-01T00:00:00Z", True), ("2300-01-01T00:00:00Z", False)):
        answer = refusal("VALIDATION_FAILED", "scheduledAt")
        assert tolerated.is_tolerated(RejectedPositiveData(), case(scheduledAt=scheduled), answer) is explained


def test_refusals_that_speak_of_what_was_sent_are_failures() -> None:
    for code in ("MALFORMED_JSON", "UNSUPPORTED_MEDIA_TYPE", "BODY_TOO_LARGE"):
        assert not tolerated.is_tolerated(RejectedPositiveData(), case(title="abc"), refusal(code))


def test_bad_input_may_be_taken_only_if_trimming_mends_it() -> None:
    for body, explained in (({"title": " abcde "}, True), ({"status": " TODO"}, True), ({"title": "abcdef"}, False)):
        answer = refusal("", "")
        assert tolerated.is_tolerated(AcceptedNegativeData(), case(**body), answer) is explained


def test_a_blank_parameter_may_be_taken_whatever_its_schema() -> None:
    for query, explained in (({"status": ""}, True), ({"status": " ", "limit": "5"}, True), ({"limit": "x"}, False)):
        asked = case(title="abc")
        asked.query = query
        assert tolerated.is_tolerated(AcceptedNegativeData(), asked, refusal("", "")) is explained


def test_instants_of_every_year_from_1971_on_are_taken() -> None:
    for due, explained in (("1969-12-31T00:00:00Z", True), ("9999-12-31T23:59:59Z", False)):
        asked = case(dueDate=due)
        answer = refusal("VALIDATION_FAILED", "dueDate")
        assert tolerated.is_tolerated(RejectedPositiveData(), asked, answer) is explained


def test_parts_of_a_form_may_be_refused_and_nothing_else_of_it() -> None:
    form = SimpleNamespace(media_type="multipart/form-data", body={"files": [b""]})
    for field, explained in (("files[0].fileSize", True), ("title", False)):
        answer = refusal("VALIDATION_FAILED", field)
        assert tolerated.is_tolerated(RejectedPositiveData(), form, answer) is explained


def test_a_method_may_be_that_of_a_path_with_a_parameter() -> None:
    paths = {"/api/notifications/count": {"get": {}}, "/api/notifications/{id}": {"delete": {}}}
    asked = SimpleNamespace(operation=SimpleNamespace(schema=SimpleNamespace(raw_schema={"paths": paths})))
    for method, path, status, explained in (
        ("DELETE", "/api/notifications/count", 404, True),
        ("DELETE", "/api/notifications/count", 200, False),
        ("PUT", "/api/notifications/count", 404, False),
        ("DELETE", "/api/notifications/count/x", 404, False),
    ):
        request = SimpleNamespace(method=method, url=f"http://localhost:3100{path}?a=b")
        answer = SimpleNamespace(request=request, status_code=status)
        assert tolerated.is_tolerated(UnsupportedMethodResponse(), asked, answer) is explained


def test_a_page_refuses_made_up_links_only() -> None:
    page = SimpleNamespace(headers={"content-type": ["text/html; charset=utf-8"]}, status_code=400)
    for path, explained in (("/api/unsubscribe", True), ("/api/tasks", False)):
        asked = SimpleNamespace(operation=SimpleNamespace(path=path))
        assert tolerated.is_tolerated(RejectedPositiveData(), asked, page) is explained


def test_every_call_has_a_network_of_its_own() -> None:
    networks = {addresses.new_address().rsplit("::", 1)[0] for _ in range(1000)}
    assert len(networks) == 1000
