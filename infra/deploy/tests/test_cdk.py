"""The comparison of the CDK's templates with SAM's sees what differs, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import cdk
from infra.deploy.stage import Stage

GIVEN: dict[str, str | int] = {"Memory": 256, "MailFrom": "Spacedly <a@b.example>"}


def template(**properties: Any) -> dict[str, Any]:
    code = {"S3Bucket": "packages", "S3Key": "tasks.zip"}
    return {
        "Resources": {"Tasks": {"Type": "AWS::Lambda::Function", "Properties": {"Code": code, **properties}}},
        "Outputs": {"Url": {}},
    }


@pytest.mark.parametrize(
    ("sam", "theirs"),
    [
        ({"MemorySize": {"Ref": "Memory"}}, {"MemorySize": 256}),
        ({"Timeout": 29}, {"Timeout": "29"}),
        ({"A": {"Fn::Sub": "x-${Memory}-${Stage}"}}, {"A": {"Fn::Sub": "x-256-${Stage}"}}),
        ({"A": {"Fn::GetAtt": "Table.Arn"}}, {"A": {"Fn::GetAtt": ["Table", "Arn"]}}),
        (
            {"A": {"Fn::Split": ["<", {"Fn::Select": [0, {"Fn::Split": [">", {"Ref": "MailFrom"}]}]}]}},
            {"A": ["Spacedly ", "a@b.example"]},
        ),
        ({"Code": "s3"}, {"Code": "elsewhere", "Tags": [{"Key": "app"}]}),
    ],
)
def test_what_means_the_same_is_no_difference(sam: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert cdk.differences(template(**sam), template(**theirs), GIVEN) == []


@pytest.mark.parametrize(
    ("theirs", "word"),
    [
        (template(MemorySize=128), "Tasks.Properties"),
        ({"Resources": {}, "Outputs": {"Url": {}}}, "Tasks is missing"),
        ({**template(MemorySize=256), "Outputs": {}}, "output Url"),
    ],
)
def test_what_differs_is_named(theirs: dict[str, Any], word: str) -> None:
    [line] = cdk.differences(template(MemorySize={"Ref": "Memory"}), theirs, GIVEN)
    assert word in line


def test_a_resource_of_the_cdk_s_own_is_named() -> None:
    more = template()
    more["Resources"]["Extra"] = {"Type": "AWS::SQS::Queue"}
    assert cdk.differences(template(), more, {}) == ["Extra is only in the CDK's"]


def test_only_production_keeps_its_data() -> None:
    policies = {}
    for name in ("production", "dev"):
        made = cdk.expanded(Stage(name, "", "eu-west-1", "s", {}), {"Stage": name})
        policies[name] = {made["Resources"][it]["DeletionPolicy"] for it in ("Table", "Uploads", "Keys", "OidcClient")}
    assert policies == {"production": {"RetainExceptOnCreate"}, "dev": {"Delete"}}


def test_a_finding_needs_a_reason_for_that_resource(tmp_path: Path) -> None:
    def line(rule: str, resource: str, compliance: str) -> dict[str, str]:
        return {
            "ruleId": rule,
            "resourceId": resource,
            "compliance": compliance,
            "ruleInfo": "info",
        }

    report = tmp_path / "AwsSolutions-Service-NagReport.json"
    lines = [
        line("AwsSolutions-S1", "Service/Template/Other", "Suppressed"),
        line("AwsSolutions-X1", "Service/Template/Api", "Non-Compliant"),
    ]
    report.write_text(json.dumps({"lines": lines}))
    complaints = cdk.nag(tmp_path)
    assert "AwsSolutions-X1 Api: info" in complaints, "no reason at all"
    assert "AwsSolutions-S1 Other: info" in complaints, "its reason is another resource's"
    assert "AwsSolutions-S1: nothing needs this exception" in complaints
