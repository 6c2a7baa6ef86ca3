"""The sample events are what AWS would send to this very stack."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from conftest import ROOT, Function, camel, referred
from test_template import matches, stream_patterns

# Function → the fields of each message in its sample.
MESSAGES = {
    "reminders-fire": [{"userId", "reminderId", "taskId", "plan"}],
    "mail-send": [{"userId", "mailId"}],
    "auth-issue-reset": [{"email", "seed", "kid", "mailId"}],
    "users-build-export": [{"userId", "exportId"}],
    "service-cleanup": [{"kind", "userId", "taskId"}, {"kind", "userId"}, {"kind", "after"}],
    "reminders-digest": [{"userId", "cause"}],
    "tasks-overdue": [{"userId", "taskId"}],
    "attachments-optimize": [{"Records"}],
    "service-sweep": [{"kind"}],
    "mail-feedback": [{"eventType", "bounce", "mail"}],
}
EVENTS = {file.stem: json.loads(file.read_text()) for file in sorted((ROOT / "events").glob("*.json"))}
HTTP = [name for name, event in EVENTS.items() if "routeKey" in event]
UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def claims(token: str) -> dict[str, Any]:
    header, payload, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"typ": "JWT", "alg": "HS256", "kid": "1"}
    # Shaped as a signature, and plainly none.
    assert base64.urlsafe_b64decode(signature + "==").startswith(b"sample-only-not-a-signature")
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def tokens(event: dict[str, Any]) -> list[dict[str, Any]]:
    found = [value.removeprefix("Bearer ") for name, value in event["headers"].items() if name == "authorization"]
    cookies = [cookie.split("=", 1) for cookie in event.get("cookies", [])]
    return [claims(token) for token in found + [value for name, value in cookies if name.endswith("Token")]]


@pytest.mark.parametrize("name", HTTP)
def test_a_request_is_consistent(name: str, routes: dict[str, set[str]]) -> None:
    event = EVENTS[name]
    context = event["requestContext"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"]
    assert event["routeKey"] in routes[camel(name)]
    assert event["rawPath"] == context["http"]["path"]
    # The gateway joins what is given more than once with commas.
    values = parse_qs(event["rawQueryString"], keep_blank_values=True)
    assert {key: ",".join(given) for key, given in values.items()} == event.get("queryStringParameters", {})
    assert context["stage"] == "$default"
    assert datetime.strptime(context["time"], "%d/%b/%Y:%H:%M:%S %z").timestamp() * 1000 == context["timeEpoch"]
    assert event["headers"]["host"] == context["domainName"]
    assert event["headers"]["user-agent"] == context["http"]["userAgent"]
    # The gateway moves cookies out of the headers, and writes headers in lower case.
    assert "cookie" not in event["headers"]
    assert all(header == header.lower() for header in event["headers"])
    if event["routeKey"] == "$default":
        declared = {key for keys in routes.values() for key in keys}
        assert f"{context['http']['method']} {event['rawPath']}" not in declared
    else:
        method, path = event["routeKey"].split(" ")
        assert context["http"]["method"] == method
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        match = re.fullmatch(pattern, event["rawPath"])
        assert match, f"{event['rawPath']} is no {path}"
        assert event.get("pathParameters", {}) == match.groupdict()
        assert all(UUID_V7.fullmatch(value) for value in match.groupdict().values())
    for token in tokens(event):
        assert token["iss"] == "spacedly"
        assert token["aud"] == "spacedly-api"
        assert token["iat"] * 1000 <= context["timeEpoch"] < token["exp"] * 1000
    if "body" in event:
        assert not event["isBase64Encoded"]
        assert int(event["headers"]["content-length"]) == len(event["body"].encode())
        match event["headers"]["content-type"]:
            case "application/x-www-form-urlencoded":
                assert parse_qs(event["body"], strict_parsing=True)
            case media_type:
                assert media_type == "application/json"
                json.loads(event["body"])


@pytest.mark.parametrize("name", HTTP)
def test_a_request_that_changes_something_is_no_forgery(name: str) -> None:
    event = EVENTS[name]
    if event["requestContext"]["http"]["method"] != "GET" and event.get("cookies"):
        assert event["headers"]["origin"] == "http://localhost:8080"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_one_of_its_queues(name: str, functions: list[Function], resources: dict[str, Any]) -> None:
    [function] = [it for it in functions if it.name == camel(name)]
    names = [resources[referred(source["EventSourceArn"])]["Properties"]["QueueName"]["Fn::Sub"] for source in function.sources]
    queues = {name.replace("${Stage}", "dev") for name in names}
    for record, fields in zip(EVENTS[name]["Records"], MESSAGES[name], strict=True):
        assert record["eventSource"] == "aws:sqs"
        assert record["eventSourceARN"].rsplit(":", 1)[1] in queues
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
        body = json.loads(record["body"])
        assert set(body) == fields
        assert all(UUID_V7.fullmatch(value) for key, value in body.items() if key.endswith("Id"))


def test_the_streams_records_pass_the_filter_and_use_it_all(functions: list[Function]) -> None:
    patterns = stream_patterns(functions)[0]
    used = set()
    for record in EVENTS["service-dispatch"]["Records"]:
        passed = [index for index, pattern in enumerate(patterns) if matches(pattern, record)]
        assert passed, record["dynamodb"]["Keys"]
        used |= set(passed)
        images = [record["dynamodb"][image] for image in ("NewImage", "OldImage") if image in record["dynamodb"]]
        assert images
        for image in images:
            assert record["dynamodb"]["Keys"].items() <= image.items()
    assert len(used) == len(patterns)


def test_every_sample_is_read_by_some_test(known: dict[str, Any]) -> None:
    assert set(EVENTS) == set(HTTP) | set(MESSAGES) | {"service-dispatch"}
    assert set(EVENTS) == set(known)
