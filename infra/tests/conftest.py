"""What the tests compare: the template as written and as deployed, and the facts that the code states about itself."""

from __future__ import annotations

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from infra.local.loops import unroll

ROOT = Path(__file__).resolve().parents[2]
Resources = dict[str, dict[str, Any]]
WRITES = {
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
}


def camel(function: str) -> str:
    """tasks-create → TasksCreate."""
    return "".join(word.capitalize() for word in function.split("-"))


def as_list(value: Any) -> list[Any]:
    """What CloudFormation and IAM let one write as one or as several, as several."""
    return value if isinstance(value, list) else [value]


def referred(value: Any) -> str:
    """The resource that a Ref or a GetAtt names, if need be in the last branch of a condition."""
    if isinstance(value, dict) and "Fn::If" in value:
        return referred(value["Fn::If"][2])
    if isinstance(value, dict) and "Ref" in value:
        return value["Ref"]
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        target = value["Fn::GetAtt"]
        return target.split(".")[0] if isinstance(target, str) else target[0]
    raise AssertionError(f"{value} names no resource")


class Function:
    """A function of the expanded template."""

    def __init__(self, name: str, resources: Resources) -> None:
        self.name = name
        self.properties = resources[name]["Properties"]
        self.role = resources[referred(self.properties["Role"])]["Properties"]
        self.environment = self.properties["Environment"]["Variables"]
        self.sources = [
            resource["Properties"]
            for resource in resources.values()
            if resource["Type"] == "AWS::Lambda::EventSourceMapping" and referred(resource["Properties"]["FunctionName"]) == name
        ]

    def statements(self) -> list[dict[str, Any]]:
        """The inline statements of its role."""
        return [
            statement for policy in self.role.get("Policies", []) for statement in as_list(policy["PolicyDocument"]["Statement"])
        ]

    def actions(self) -> set[str]:
        """What its inline statements allow."""
        return {action for statement in self.statements() for action in as_list(statement["Action"])}


@pytest.fixture(scope="session")
def source() -> dict[str, Any]:
    """template.yaml as written, its loops unrolled."""
    return unroll(yaml_parse((ROOT / "template.yaml").read_text()))


def transformed(source: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """A template after SAM's transform, with these parameters in place of the defaults."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    packaged = copy.deepcopy(source)
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artifacts/code.zip"
    defaults = {name: str(parameter["Default"]) for name, parameter in source["Parameters"].items()}
    return Translator({}, Parser()).translate(packaged, {**defaults, **parameters})


def expanded(source: dict[str, Any], parameters: dict[str, str]) -> Resources:
    """The resources that CloudFormation gets with these parameters."""
    return transformed(source, parameters)["Resources"]


@pytest.fixture(scope="session")
def template(source: dict[str, Any]) -> dict[str, Any]:
    """template.yaml after SAM's transform, as CloudFormation gets it."""
    return transformed(source, {})


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> Resources:
    """The resources that CloudFormation gets."""
    return template["Resources"]


@pytest.fixture(scope="session")
def functions(resources: Resources) -> list[Function]:
    """Every function."""
    return [Function(name, resources) for name, it in resources.items() if it["Type"] == "AWS::Lambda::Function"]


@pytest.fixture(scope="session")
def routes(source: dict[str, Any]) -> dict[str, set[str]]:
    """Function → its route keys, as the template has them: `GET /api/tasks`, `$default`."""
    found: dict[str, set[str]] = {}
    for name, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            for event in resource["Properties"].get("Events", {}).values():
                if event["Type"] == "HttpApi":
                    properties = event["Properties"]
                    assert properties["ApiId"] == {"Ref": "Api"}, f"{name} is not on our API"
                    key = f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"
                    found.setdefault(name, set()).add(key)
    return found


@pytest.fixture(scope="session")
def writing(functions: list[Function], routes: dict[str, set[str]]) -> set[str]:
    """The functions that answer requests and write, whatever the method."""
    return {
        function.name
        for function in functions
        if function.name in routes
        and (function.actions() & WRITES or not all(is_read(key) or key == "$default" for key in routes[function.name]))
    }


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    """docs/facts.json: the functions, variables, limits, keys and metrics of the code.

    `make contract` writes it from the code's own values, and a test of infra/contract fails when it is out of date.
    """
    return json.loads((ROOT / "docs" / "facts.json").read_text())


@pytest.fixture(scope="session")
def known(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The code's functions by name."""
    found = {function["function"]: function for function in facts["functions"]}
    assert len(found) == len(facts["functions"]), "two functions have the same name"
    return found


def route_keys(function: dict[str, Any]) -> set[str]:
    """The route keys that one of the code's functions answers; none for a function behind a queue or the stream."""
    if function["kind"] == "fallback":
        return {"$default"}
    if function["kind"] != "http":
        return set()
    return {f"{method} {path}" for method in function["methods"] for path in (function["path"], *function["aliases"])}


def is_read(route: str) -> bool:
    """Whether a route key is one that only reads: a HEAD is the GET without its body."""
    return route.startswith(("GET ", "HEAD "))


def section(markdown: str, heading: str) -> str:
    """The text below a heading that matches, up to the next one of its level or above."""
    match = re.search(rf"^(#+) .*{heading}.*$", markdown, re.IGNORECASE | re.MULTILINE)
    assert match, f"no heading matches {heading!r}"
    rest = markdown[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest
