"""A version is published of a function that differs, and of no other."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import pytest

from infra.deploy import cdk, versions
from infra.deploy.bundle import Bundle, with_packages
from infra.deploy.stage import Stage
from infra.local import expand
from infra.local.instance import TEMPLATE
from infra.local.progress import Problem

SOURCE = expand.load(TEMPLATE)
DEFAULTS = {name: str(it.get("Default", "")) for name, it in SOURCE["Parameters"].items()}
PACKAGES = {binary: hashlib.sha256(binary.encode()).hexdigest() for binary in expand.binaries(SOURCE)}
BINARIES = {function.logical_id: function.binary for function in expand.functions(SOURCE).values()}
WITH_ALIAS = {name for name, it in SOURCE["Resources"].items() if "AutoPublishAlias" in it.get("Properties", {})}


@functools.cache
def unchanged() -> dict[str, str]:
    return versions.digests(SOURCE, DEFAULTS, PACKAGES)


def changed(values: dict[str, str] | None = None, packages: dict[str, str] | None = None) -> set[str]:
    """The functions that get a new version when these parameters or packages change."""
    before = unchanged()
    after = versions.digests(SOURCE, {**DEFAULTS, **(values or {})}, {**PACKAGES, **(packages or {})})
    assert before.keys() == after.keys() == WITH_ALIAS
    return {name for name, digest in after.items() if digest != before[name]}


def of(*binaries: str) -> set[str]:
    return {name for name in WITH_ALIAS if BINARIES[name] in binaries}


@pytest.mark.parametrize("binary", ["auth", "tasks", "mail"])
def test_another_package_changes_its_own_domain_only(binary: str) -> None:
    assert of(binary)
    assert changed(packages={binary: "0" * 64}) == of(binary)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # Neither the release's name nor what other resources are made of.
        ({"AppVersion": "1.2.3", "ProtectData": "true", "AlarmEmail": "a@b.example", "LogRetentionDays": "90"}, set()),
        ({"GradualDeployment": "false"}, set()),
        ({"EventMemory": "512", "OptimizerMemory": "2048", "MailConcurrency": "4"}, set()),
        ({"LogLevel": "warn"}, WITH_ALIAS),
        # In the middle of a text, and behind a condition.
        ({"ResetLimit": "2"}, WITH_ALIAS),
        ({"DomainName": "api.spacedly.example"}, WITH_ALIAS),
        ({"OidcIssuer": "https://id.example"}, {"AuthGoogleCallback"}),
        ({"UserQuotaBytes": "1"}, {"AttachmentsCreate"}),
    ],
)
def test_another_parameter_changes_those_that_are_configured_with_it(values: dict[str, str], expected: set[str]) -> None:
    assert changed(values) == expected


def test_a_condition_s_own_parameter_counts() -> None:
    template = expand.load(TEMPLATE)
    memory = {"Fn::If": ["IsProtected", 512, 256]}
    template["Resources"]["TasksCreate"]["Properties"]["MemorySize"] = memory
    before, after = (versions.digests(template, {**DEFAULTS, "ProtectData": it}, PACKAGES) for it in ("false", "true"))
    assert {name for name in before if before[name] != after[name]} == {"TasksCreate"}


def test_sam_and_the_cdk_publish_the_same_versions(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(with_packages(TEMPLATE.read_text()))
    files = {f"code/{binary}.zip": digest for binary, digest in PACKAGES.items()}
    given = {"Stage": "production", "LogLevel": "warn"}
    file = versions.prepare(Bundle(tmp_path, "abc", "abcdef", "arm64", files), given)
    found = versions.digests(SOURCE, {**DEFAULTS, **given}, PACKAGES)
    # What AWS makes of the template after SAM has uploaded the packages, and what the CDK gets.
    uploaded = {binary: f"spacedly-production/{digest[:32]}" for binary, digest in PACKAGES.items()}
    sam = expand.transform(expand.with_code(expand.load(file), "uploads", uploaded), given)["Resources"]
    ours = cdk.expanded(Stage("production", "", "eu-west-1", "s", given), given, file)["Resources"]
    for resources in (sam, ours):
        made = {name for name, it in resources.items() if it["Type"] == "AWS::Lambda::Version"}
        assert made == {f"{name}Version{digest[:10]}" for name, digest in found.items()}
        # The function changes with it: else Lambda would have nothing to publish.
        assert all(resources[name]["Properties"]["Description"] == digest for name, digest in found.items())
    others = {name for name, it in sam.items() if it["Type"] == "AWS::Lambda::Function"} - WITH_ALIAS
    assert not any("Description" in sam[name]["Properties"] for name in others)


def test_an_alias_that_is_not_found_in_the_text_is_named() -> None:
    with pytest.raises(Problem, match="TasksCreate"):
        versions.marked("Resources:\n  TasksCreate:\n    Properties: {}\n", {"TasksCreate": "0"})


def test_a_bundle_from_before_the_aliases_is_deployed_as_it_is() -> None:
    template = {"Parameters": {}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}}
    text = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n"
    assert versions.marked(text, versions.digests(template, {}, {})) == text
