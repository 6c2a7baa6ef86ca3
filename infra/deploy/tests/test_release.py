"""What SAM is called with, in which order a production stack is made, and what the smoke test sees."""

from __future__ import annotations

import json
import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.deploy import deploy, doctor, smoke, versions
from infra.deploy.bundle import Bundle
from infra.deploy.stage import overrides, read
from infra.local.instance import ROOT
from infra.local.progress import Problem

CONFIG = """
version = 0.1
[dev.deploy.parameters]
region = "eu-west-1"
parameter_overrides = ["Stage=dev", "Architecture=x86_64", "AlarmEmail="]
[production.account.parameters]
id = "333333333333"
[production.deploy.parameters]
region = "eu-central-1"
stack_name = "spacedly-production"
parameter_overrides = "Stage=production ProtectData=true"
"""
BUNDLE = Bundle(Path("/bundle"), "abc", "abcdef", "arm64", {})


def test_what_is_deployed_is_declared_as_it_was_built() -> None:
    dev = read("dev", CONFIG)
    assert overrides(dev, {"AlarmEmail": ""}, "arm64", "abc") == ["AppVersion=abc", "Stage=dev", "Architecture=arm64"]
    with pytest.raises(Problem):
        overrides(dev, {}, "riscv", "abc")


def test_a_value_that_sam_would_take_for_the_default_is_refused() -> None:
    with pytest.raises(Problem, match="AlarmEmail"):
        overrides(read("dev", CONFIG), {"AlarmEmail": "somebody@example.com"}, "arm64", "abc")


@pytest.mark.parametrize("stage", ["nowhere", "default", "version"])
def test_an_unknown_stage_is_refused(stage: str) -> None:
    with pytest.raises(Problem):
        read(stage, CONFIG)


def test_a_stage_has_its_account_and_region() -> None:
    production = read("production", CONFIG)
    assert (production.account, production.region, production.stack) == ("333333333333", "eu-central-1", "spacedly-production")


class CloudFormation:
    """A stack that may be there, and what was done to it."""

    def __init__(self, is_there: bool) -> None:
        self.is_there = is_there
        self.is_protected = False

    def update_termination_protection(self, **given: Any) -> None:
        self.is_protected = given["EnableTerminationProtection"]


@pytest.mark.parametrize(
    ("is_there", "protections"), [(False, ["ProtectData=false", "ProtectData=true"]), (True, ["ProtectData=true"])]
)
def test_a_new_production_stack_is_protected_when_it_stands(
    monkeypatch: pytest.MonkeyPatch, is_there: bool, protections: list[str]
) -> None:
    commands: list[list[str]] = []
    cloudformation = CloudFormation(is_there)

    def run(words: list[str], **_: Any) -> Any:
        commands.append(words)
        cloudformation.is_there = True
        return type("Done", (), {"returncode": 0})

    outputs = {"Outputs": [{"OutputKey": "PublicUrl", "OutputValue": "https://api.example"}]}
    monkeypatch.setattr(deploy.subprocess, "run", run)
    monkeypatch.setattr(deploy, "defaults", lambda _: {})
    prepared: list[dict[str, str]] = []
    monkeypatch.setattr(versions, "prepare", lambda bundle, given: prepared.append(given) or bundle.folder / "prepared.yaml")
    monkeypatch.setattr(doctor, "clients", lambda _: lambda _: cloudformation)
    monkeypatch.setattr(doctor, "examine", lambda *_: [])
    monkeypatch.setattr(doctor, "describe", lambda client, _: outputs if client.is_there else None)
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(smoke, "check", lambda url, version: asked.append((url, version)))
    deploy._to_aws(read("production", CONFIG), BUNDLE)
    assert [[word for word in words if word.startswith("ProtectData=")] for words in commands] == [[it] for it in protections]
    assert cloudformation.is_protected
    assert asked == [("https://api.example", "abc")]
    assert all(words[:2] == ["sam", "deploy"] and "/bundle/prepared.yaml" in words for words in commands)
    # What decides about new versions sees the parameters that SAM gets.
    assert [f"ProtectData={given['ProtectData']}" for given in prepared] == protections
    assert all(given["AppVersion"] == "abc" for given in prepared)


def test_a_rollback_is_deployed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed: list[dict[str, str]] = []
    monkeypatch.setattr(deploy.bundles, "open_bundle", lambda *_: BUNDLE)
    monkeypatch.setattr(deploy, "_to_aws", lambda stage, _: deployed.append(stage.parameters))
    for at_once in (True, False):
        deploy.deploy("production", Path("bundle.tar"), at_once=at_once)
    declared = tomllib.loads((ROOT / "samconfig.toml").read_text())["production"]["deploy"]["parameters"]["parameter_overrides"]
    assert [given.get("GradualDeployment") for given in deployed] == ["false", None]
    assert not any(pair.startswith("GradualDeployment") for pair in declared), "production's is the template's default"


def test_an_account_that_is_not_ready_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy.subprocess, "run", lambda *_, **__: pytest.fail("deployed"))
    monkeypatch.setattr(deploy, "defaults", lambda _: {})
    monkeypatch.setattr(doctor, "examine", lambda *_: [doctor.Finding("missing", "the wrong account", "change it")])
    with pytest.raises(Problem, match="the wrong account"):
        deploy._to_aws(read("production", CONFIG), BUNDLE)


HEALTHY = {
    "/health": (200, {"status": "healthy", "version": "abc"}),
    "/api/openapi.json": (200, {}),
    "/api/tasks": (401, {"code": "UNAUTHORIZED"}),
    "/api/auth/login": (400, {"code": "VALIDATION_FAILED"}),
    "/api/no-such-route": (404, {"code": "ROUTE_NOT_FOUND"}),
}


@contextmanager
def serving(answers: dict[str, tuple[int, Any]]) -> Iterator[str]:
    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path]
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_api_that_works_passes_the_smoke_test() -> None:
    with serving(HEALTHY) as url:
        smoke.check(url, "abc", patience=0)


@pytest.mark.parametrize(
    ("path", "answer", "word"),
    [
        ("/health", (503, {"status": "unhealthy", "version": "abc"}), "503"),
        ("/health", (200, {"status": "healthy", "version": "before"}), "version before"),
        ("/api/tasks", (200, {}), "/api/tasks answers 200"),
        ("/api/auth/login", (502, {"message": "Internal Server Error"}), "/api/auth/login answers 502"),
        ("/api/no-such-route", (404, {"message": "Not Found"}), "code None"),
    ],
)
def test_an_api_that_is_broken_fails_it_with_the_way_back(path: str, answer: tuple[int, Any], word: str) -> None:
    with serving({**HEALTHY, path: answer}) as url, pytest.raises(Problem, match=word) as caught:
        smoke.check(url, "abc", patience=0)
    assert "Roll back" in caught.value.remedy


def test_an_api_that_is_not_there_fails_it() -> None:
    with serving(HEALTHY) as url:
        pass
    with pytest.raises(Problem, match="out of reach"):
        smoke.check(url, "abc", patience=0)


def test_the_hosted_workflow_promotes_one_bundle_and_stores_no_keys() -> None:
    folder = ROOT / ".github" / "workflows"
    release, one_stage = (yaml_parse((folder / name).read_text()) for name in ("release.yml", "deploy.yml"))
    jobs = release["jobs"]
    stages = [job["with"]["stage"] for job in jobs.values() if "uses" in job]
    declared = {name for name in tomllib.loads((ROOT / "samconfig.toml").read_text()) if name not in ("version", "default")}
    assert (stages, set(stages)) == (["dev", "staging", "production"], declared)
    assert jobs["staging"]["needs"] == ["bundle", "dev"]
    assert jobs["production"]["needs"] == ["bundle", "staging"]
    assert sum("make package" in json.dumps(job) for job in jobs.values()) == 1
    assert one_stage["jobs"]["deploy"]["environment"] == "${{ inputs.stage }}", "its reviewers approve"
    text = json.dumps([release, one_stage], default=str)
    assert "secrets." not in text
    assert "access-key" not in text
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", text)) <= targets
