"""What is measured: functions of a running local system, each with events that it answers with success again and again."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local import deploy, expand
from infra.local.instance import REGION, ROOT_KEY, STACK, TEMPLATE, Instance
from infra.local.samples import Event, Person

# A page of the lists.
PAGE = 50


@dataclass(frozen=True)
class Case:
    """A function and its events. `goal` is the target for its warm CPU time, as a multiple of the hello-world's."""

    title: str
    function: str
    events: Iterator[Event]
    goal: float | None = None
    # Of the deployed function, with room in the rate limits.
    environment: dict[str, str] = field(default_factory=dict)


def cycle(events: Sequence[Event]) -> Iterator[Event]:
    """The events, again and again, each time as a request of its own."""
    number = 0
    while True:
        event = json.loads(json.dumps(events[number % len(events)]))
        number += 1
        if "requestContext" in event:
            event["requestContext"]["requestId"] = f"measured-{number}"
        yield event


def _message(event: Event, **fields: Any) -> Event:
    record = event["Records"][0]
    return {"Records": [{**record, "messageId": str(uuid.uuid4()), "body": json.dumps(fields)}]}


def _firings(person: Person) -> Iterator[Event]:
    """Messages that fire reminders, each a reminder of its own, thirty of each task."""
    event = person.event("reminders-fire")
    while True:
        title = {"title": "Water the ferns", "dueDate": "2031-03-04T09:00:00Z"}
        task = person.send("tasks-create", body(person.event("tasks-create"), **title))["task"]["id"]
        for number in range(30):
            at = f"2031-02-{1 + number % 28:02}T{number // 28 + 8:02}:30:00Z"
            fields = {"taskId": task, "scheduledAt": at, "type": "both"}
            reminder = person.send("reminders-create", body(person.event("reminders-create"), **fields))["reminder"]["id"]
            yield _message(event, userId=person.user, reminderId=reminder, taskId=task, plan=1)


def _digests(person: Person) -> Iterator[Event]:
    """An operator's messages: each sends the digest of today."""
    event = person.event("reminders-digest")
    while True:
        yield _message(event, userId=person.user, cause="operator", mailId=str(uuid.uuid4()))


def body(event: Event, **fields: Any) -> Event:
    """The event with these fields as its JSON body, without conditions and keys."""
    text = json.dumps(fields)
    headers = {name: value for name, value in event["headers"].items() if name not in ("if-match", "idempotency-key")}
    return {
        **event,
        "body": text,
        "headers": {**headers, "content-length": str(len(text))},
    }


def _query(event: Event, **parameters: str) -> Event:
    text = "&".join(f"{name}={value}" for name, value in parameters.items())
    return {**event, "rawQueryString": text, "queryStringParameters": parameters}


def prepare(instance: Instance) -> list[Case]:
    """Makes a person with a page of everything, and the events about her."""
    asha = Person(instance)
    tasks = [
        asha.send(
            "tasks-create",
            body(
                asha.event("tasks-create"),
                title=f"Water the ferns, row {n}",
                dueDate="2031-03-04T09:00:00Z",
            ),
        )["task"]["id"]
        for n in range(PAGE)
    ]
    for number in range(PAGE):
        task = tasks[number % (PAGE // 2)]
        at = f"2031-02-{1 + number % 28:02}T{number // 28 + 8:02}:30:00Z"
        asha.send(
            "reminders-create",
            body(asha.event("reminders-create"), taskId=task, scheduledAt=at, type="both"),
        )

    # The measured logins end the first one's session.
    grace = Person(instance)
    given = [
        ("health", "service-health", cycle([asha.event("service-health")]), None),
        *_requests(asha),
        ("login", "auth-login", cycle([asha.event("auth-login")]), None),
        ("stream, one record", "service-dispatch", cycle([asha.event("service-dispatch")]), None),
        ("reminder, fired", "reminders-fire", _firings(grace), None),
        ("mail that has left already", "mail-send", cycle([grace.event("mail-send")]), None),
        ("digest", "reminders-digest", _digests(grace), None),
    ]
    return _deployed(instance, given)


def of_user(instance: Instance, person: Person) -> list[Case]:
    """The requests that a person's browser sends most."""
    return _deployed(instance, _requests(person))


# Title, function, events, goal.
_Given = tuple[str, str, Iterator[Event], float | None]


def _requests(person: Person) -> list[_Given]:
    def title(number: int) -> Event:
        return body(person.event("tasks-update"), title=f"Water the ferns, {number}")

    def page(function: str) -> Iterator[Event]:
        return cycle([_query(person.event(function), limit=str(PAGE))])

    def one(function: str) -> Iterator[Event]:
        return cycle([person.event(function)])

    return [
        ("user/me", "users-me", one("users-me"), 4.5),
        ("task", "tasks-get", one("tasks-get"), 4.5),
        (f"tasks, page of {PAGE}", "tasks-list", page("tasks-list"), 8),
        (f"reminders, page of {PAGE} with tasks", "reminders-list", page("reminders-list"), 10),
        ("notifications", "notifications-list", one("notifications-list"), 5),
        ("notifications, count", "notifications-count", one("notifications-count"), None),
        ("analytics", "analytics-get", one("analytics-get"), 6),
        ("streaks", "analytics-streaks", one("analytics-streaks"), None),
        ("task, update", "tasks-update", cycle([title(1), title(2)]), 7),
        ("task, create", "tasks-create", one("tasks-create"), 5),
    ]


def _deployed(instance: Instance, given: Sequence[_Given]) -> list[Case]:
    return [Case(title, function, events, goal, _environment(instance, function)) for title, function, events, goal in given]


def _environment(instance: Instance, function: str) -> dict[str, str]:
    name = f"{STACK}-{function}"
    deployed = deploy.client(instance, "lambda").get_function_configuration(FunctionName=name)
    variables = dict(deployed["Environment"]["Variables"])
    if "RATE_LIMITS" in variables:
        variables["RATE_LIMITS"] = re.sub(r"=\d+/", "=1000000/", variables["RATE_LIMITS"])
    return {
        **variables,
        "_HANDLER": deployed["Handler"],
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployed["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_ENDPOINT_URL": instance.cloud_url,
    }


def binaries() -> dict[str, str]:
    """The binary that serves each function, as the template says."""
    return {function.name: function.binary for function in expand.functions(expand.load(TEMPLATE)).values()}
