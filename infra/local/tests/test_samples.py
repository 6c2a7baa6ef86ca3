"""Making the sample events work: what stands in for what, and what counts as a failure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.local import sample_check, samples, watch

UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TEXTS = {file.stem: file.read_text() for file in samples.EVENTS.glob("*.json")}
# Keys of idempotent requests, ids that a message brings into being, and those that only a row's image in the stream shows, which
# is not read.
UNNAMED = {
    "019cadd5-3c68-7e21-9b8c-7d6e5f4a3b2c",
    "019cadd5-3c68-7f10-a1b2-c3d4e5f60718",
    "019cadd4-5238-7b4d-95bd-86d4fc891b4a",
    "019c9e2a-6f40-7c1b-8d52-6a0f3b1c9e77",
    "019ca910-3b40-7c5e-9d7e-2f6f1b7d2c11",
    "019cad2b-6a10-7c3e-9c55-2f0f4b0a1d77",
    "019cad2c-7b21-7d4f-8d66-30105c1b2e88",
}


@pytest.mark.parametrize("function", TEXTS)
def test_every_id_of_a_sample_stands_for_something(function: str) -> None:
    own = {sample for owner, sample in samples._OWN if owner == function}
    assert set(UUID_V7.findall(TEXTS[function])) - UNNAMED <= samples.STAND_INS.keys() | own


def test_every_stand_in_is_in_a_sample_and_is_made() -> None:
    for sample, name in samples.STAND_INS.items():
        assert any(sample in text for text in TEXTS.values()), sample
        assert name == "address" or hasattr(samples.Person, name), name
    for (function, sample), name in samples._OWN.items():
        assert sample in TEXTS[function]
        assert hasattr(samples.Person, name)


def test_every_sample_has_a_documented_success() -> None:
    success = sample_check.documented()
    for function, text in TEXTS.items():
        if route := re.search(r'"routeKey": "([^"]+)"', text):
            assert success[route[1]], function


def _leads_to(location: str) -> dict[str, Any]:
    return {"statusCode": 302, "headers": {"location": location}}


@pytest.mark.parametrize(
    ("event", "answer", "complaint"),
    [
        ({"routeKey": "GET /api/tasks"}, {"statusCode": 200, "body": ""}, ""),
        ({"routeKey": "GET /api/tasks"}, {"statusCode": 401, "body": "Unauthorized"}, "answered 401 instead of [200]"),
        ({"routeKey": "GET /api/auth/google/callback"}, _leads_to("/dashboard"), ""),
        (
            {"routeKey": "GET /api/auth/google/callback"},
            _leads_to("/login?error=x"),
            "error=x",
        ),
        ({"Records": []}, {"batchItemFailures": []}, ""),
        ({"Records": []}, {"batchItemFailures": [{"itemIdentifier": "1"}]}, "it failed for"),
        ({"Records": []}, None, ""),
    ],
)
def test_an_answer_is_judged_by_the_contract(event: dict[str, Any], answer: Any, complaint: str) -> None:
    judged = sample_check.wrong(event, answer, sample_check.documented())
    assert complaint in judged
    assert bool(judged) == bool(complaint)


def test_an_answer_is_shown_with_its_body_as_json() -> None:
    assert '"title": "Größe"' in watch.shown({"statusCode": 200, "body": '{"title":"Gr\\u00f6\\u00dfe"}'})
    assert watch.shown({"statusCode": 200, "body": "<html>"}) == '{\n  "statusCode": 200,\n  "body": "<html>"\n}'
    assert watch.shown(None) == "null"
