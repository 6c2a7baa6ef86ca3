"""The published contract, the template and the sample events speak of the same API."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any
from urllib.parse import parse_qsl

import jsonschema
import pytest
from conftest import ROOT
from test_events import EVENTS, HTTP

CONTRACT = json.loads((ROOT / "docs" / "openapi.json").read_text())
PAGE = (ROOT / "docs" / "api.html").read_text()
OPERATIONS = {
    f"{method.upper()} {path}": operation for path, item in CONTRACT["paths"].items() for method, operation in item.items()
}
FORM = "application/x-www-form-urlencoded"
SAMPLES = [name for name in HTTP if EVENTS[name]["routeKey"] != "$default"]


def read(media_type: str, body: str) -> dict[str, Any]:
    """The fields of a body."""
    return dict(parse_qsl(body)) if media_type == FORM else json.loads(body)


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What keeps a value from being one of the schema's."""
    rooted = {**schema, "components": CONTRACT["components"]}
    checker = jsonschema.Draft202012Validator(rooted, format_checker=jsonschema.FormatChecker())
    return [error.message for error in checker.iter_errors(value)]


def test_the_template_serves_what_the_contract_says_and_nothing_else(routes: dict[str, set[str]]) -> None:
    declared = {key for keys in routes.values() for key in keys if key != "$default"}
    # The document describes HEAD once, in its introduction.
    assert declared == set(OPERATIONS) | {key.replace("GET ", "HEAD ") for key in OPERATIONS if key.startswith("GET ")}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_request_is_one_of_the_contract(name: str) -> None:
    event = EVENTS[name]
    operation = OPERATIONS[event["routeKey"]]
    known = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    sent = {("query", key) for key in event.get("queryStringParameters", {})}
    sent |= {("path", key) for key in event.get("pathParameters", {})}
    assert sent <= known
    body = operation.get("requestBody")
    assert ("body" in event) <= (body is not None), "a body is sent that the contract does not know"
    if body and (body["required"] or "body" in event):
        media_type = event["headers"]["content-type"]
        assert problems(body["content"][media_type]["schema"], read(media_type, event["body"])) == []
    may_be_signed_in = any(operation["security"])
    signed_in = "authorization" in event["headers"] or any(it.startswith("__Host-access") for it in event.get("cookies", []))
    assert signed_in <= may_be_signed_in or event["routeKey"].endswith(("/logout", "/refresh"))


def test_a_request_that_is_not_the_contract_s_is_noticed() -> None:
    schema = OPERATIONS["POST /api/tasks"]["requestBody"]["content"]["application/json"]["schema"]
    assert problems(schema, {"title": "Pay rent"}) == []
    for body in ({}, {"title": "ab"}, {"title": "Pay rent", "priority": "urgent"}, {"title": 7}):
        assert problems(schema, body), body


def commands() -> list[list[str]]:
    """The words of each operation's commands on the reference page, as a shell splits them."""
    shown = re.findall(r'<pre class="command">(.*?)</pre>', PAGE.partition("</section>")[2], re.DOTALL)
    return [shlex.split(html.unescape(command)) for command in shown]


def request(words: list[str]) -> tuple[str, str, dict[str, Any] | None]:
    """The operation that a curl command calls, the type of its body, and the body. Without a type, curl sends a form."""
    assert words[0] == "curl"
    url = next(word for word in words if word.startswith("$BASE"))
    sent = words[words.index("-d") + 1] if "-d" in words else None
    default = "POST" if sent or "-F" in words else "GET"
    method = words[words.index("-X") + 1] if "-X" in words else default
    path = url.removeprefix("$BASE").partition("?")[0].replace("$ID", "{id}")
    media_type = "application/json" if "Content-Type: application/json" in words else FORM
    return f"{method} {path}", media_type, read(media_type, sent) if sent else None


def test_the_page_has_a_command_for_every_operation_that_sends_what_the_contract_takes() -> None:
    called = [request(words) for words in commands()]
    aliases = {"GET /", "POST /api/attachments/{id}"}
    assert {operation for operation, _, _ in called} == set(OPERATIONS) - aliases
    for operation, media_type, body in called:
        if body is not None:
            assert problems(OPERATIONS[operation]["requestBody"]["content"][media_type]["schema"], body) == [], operation


def test_a_command_that_asks_for_a_sign_in_has_the_token() -> None:
    for words in commands():
        operation, _, _ = request(words)
        may_be_signed_in = any(OPERATIONS[operation]["security"])
        assert ("Authorization: Bearer $TOKEN" in words) == may_be_signed_in, operation
