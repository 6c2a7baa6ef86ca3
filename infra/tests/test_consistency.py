"""One name everywhere: the code's table of functions, module, template, watch router, sample event."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from conftest import ROOT, Function, camel, referred, route_keys, section

Known = dict[str, dict[str, Any]]
# The functions that the binary of their domain does not contain, by binary: they alone need large codecs or a large
# client of AWS, which the domain's other functions would load at each cold start.
BINARIES_OF_THEIR_OWN = {
    "attachments-optimize": {"attachments-optimize"},
    "service-cleanup": {"service-cleanup"},
    "users-export": {"users-export", "users-get-export", "users-open-export", "users-build-export"},
}


def declared(source: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The functions of the template as written, by logical id."""
    return {name: it["Properties"] for name, it in source["Resources"].items() if it["Type"] == "AWS::Serverless::Function"}


def test_the_code_and_the_template_have_the_same_functions(known: Known, source: dict[str, Any]) -> None:
    functions = declared(source)
    assert {camel(name) for name in known} == set(functions)
    for name, function in known.items():
        properties = functions[camel(name)]
        assert properties["Handler"] == name
        assert properties["CodeUri"] == f"target/lambda/{function['binary']}/"
        assert properties["FunctionName"] == {"Fn::Sub": f"spacedly-${{Stage}}-{name}"}


def test_every_domain_has_one_binary_and_what_is_apart(known: Known) -> None:
    apart = {name: binary for binary, names in BINARIES_OF_THEIR_OWN.items() for name in names}
    for name, function in known.items():
        assert function["binary"] == apart.get(name, name.split("-")[0]), name
    domains = {name.split("-")[0] for name in known}
    assert {file.parent.parent.name for file in ROOT.glob("functions/*/src/main.rs")} == domains
    assert {file.stem for file in ROOT.glob("functions/*/src/bin/*.rs")} == set(BINARIES_OF_THEIR_OWN)


def test_every_function_has_its_module(known: Known) -> None:
    for name in known:
        domain, verb = name.split("-", 1)
        assert (ROOT / "functions" / domain / "src" / f"{verb.replace('-', '_')}.rs").is_file(), name


def test_every_function_has_its_sample_event(known: Known) -> None:
    assert {file.stem for file in (ROOT / "events").glob("*.json")} == set(known)


def test_the_code_and_the_gateway_have_the_same_routes(known: Known, routes: dict[str, set[str]]) -> None:
    assert {camel(name): keys for name, function in known.items() if (keys := route_keys(function))} == routes


def test_the_code_and_the_template_have_the_same_event_sources(
    known: Known, functions: list[Function], resources: dict[str, Any]
) -> None:
    found: dict[str, set[tuple[str, str | None]]] = {}
    for function in functions:
        for mapping in function.sources:
            resource = resources[referred(mapping["EventSourceArn"])]
            is_queue = resource["Type"] == "AWS::SQS::Queue"
            queue = resource["Properties"]["QueueName"]["Fn::Sub"].removeprefix("spacedly-${Stage}-") if is_queue else None
            found.setdefault(function.name, set()).add(("queue", queue) if is_queue else ("stream", None))
    expected = {
        camel(name): {(function["kind"], function.get("queue"))}
        for name, function in known.items()
        if function["kind"] in ("queue", "stream")
    }
    # Two lanes: login codes and resets, and all other mail.
    expected["MailSend"].add(("queue", "code-mail"))
    assert found == expected


def goes_to(router: dict[str, str], path: str) -> str:
    """The binary that gets a path: at each step the fixed word counts before a parameter, and that before the rest."""

    def rank(pattern: str) -> list[int]:
        return [2 if word.startswith("{*") else 1 if word.startswith("{") else 0 for word in pattern.split("/")]

    def fits(pattern: str) -> bool:
        regex = re.sub(r"\\{\w+\\}", "[^/]+", re.sub(r"\\{\\\*\w+\\}", ".+", re.escape(pattern)))
        return re.fullmatch(regex, path) is not None

    return router[min(filter(fits, router), key=rank)]


def test_the_watch_router_sends_every_request_to_its_domain(known: Known) -> None:
    router = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["metadata"]["lambda"]["watch"]["router"]
    for function in known.values():
        for key in route_keys(function) - {"$default"}:
            path = key.split(" ")[1].replace("{id}", "0190163d-8694-739b-aea5-966c26f8ad91")
            assert goes_to(router, path) == function["binary"], key
    for path in ("/nothing", "/api/nothing", "/api/v2/tasks"):
        assert goes_to(router, path) == "service", path


def test_plain_cargo_builds_what_is_deployed(known: Known) -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    assert workspace["default-members"] == ["functions/*"]
    packages = {file.parent.name for file in ROOT.glob("functions/*/Cargo.toml")}
    assert packages == {name.split("-")[0] for name in known}


def test_no_two_functions_share_a_route(routes: dict[str, set[str]]) -> None:
    keys = [key for of_one in routes.values() for key in of_one]
    assert len(set(keys)) == len(keys)
    assert "$default" in keys


def test_functions_are_given_the_variables_that_they_read(
    known: Known, facts: dict[str, Any], source: dict[str, Any], functions: list[Function]
) -> None:
    shared = set(source["Globals"]["Function"]["Environment"]["Variables"])
    assert shared == set(facts["variables"])
    given = {function.name: set(function.environment) - shared for function in functions}
    assert given == {camel(name): set(function["variables"]) for name, function in known.items()}


def test_the_checklist_names_all_that_a_new_route_needs() -> None:
    checklist = section((ROOT / "CONTRIBUTING.md").read_text(), "add a route")
    for place in ("src/lib.rs", "template.yaml", "events/", "tests/", "budgets.rs", "make contract"):
        assert place in checklist, f"the checklist of CONTRIBUTING.md does not name {place}"
