"""Loops of the template are unrolled as CloudFormation unrolls them."""

from __future__ import annotations

from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.local.instance import TEMPLATE
from infra.local.loops import unroll

MAPPINGS = {"Queues": {"Mail": {"Name": "mail", "Visibility": 120}, "Export": {"Name": "export", "Visibility": 1800}}}


def looped(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "Mappings": MAPPINGS,
        "Resources": {"Topic": {"Type": "T"}, "Fn::ForEach::All": ["Queue", ["Mail", "Export"], body]},
        "Outputs": {},
    }


def test_a_loop_makes_one_entry_for_each_name_and_leaves_others_alone() -> None:
    body = {"${Queue}Queue": {"Type": "Q"}, "${Queue}Alarm": {"Type": "A"}}
    made = unroll(looped(body))["Resources"]
    assert list(made) == ["Topic", "MailQueue", "MailAlarm", "ExportQueue", "ExportAlarm"]
    assert unroll({"Resources": {"Topic": {"Type": "T"}}}) == {"Resources": {"Topic": {"Type": "T"}}}


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"Ref": "Queue"}, "Export"),
        ({"Ref": "Topic"}, {"Ref": "Topic"}),
        ({"Ref": {"Fn::Sub": "${Queue}Queue"}}, {"Ref": "ExportQueue"}),
        ({"Fn::GetAtt": [{"Fn::Sub": "${Queue}Queue"}, "Arn"]}, {"Fn::GetAtt": ["ExportQueue", "Arn"]}),
        ({"Fn::FindInMap": ["Queues", {"Ref": "Queue"}, "Visibility"]}, 1800),
        ({"Fn::Sub": "${Stage}-${Queue}"}, {"Fn::Sub": "${Stage}-Export"}),
        (
            {"Fn::Sub": ["${Stage}-${N}", {"N": {"Fn::FindInMap": ["Queues", {"Ref": "Queue"}, "Name"]}}]},
            {"Fn::Sub": "${Stage}-export"},
        ),
        ({"Fn::Sub": ["${N}", {"N": {"Ref": "Topic"}}]}, {"Fn::Sub": ["${N}", {"N": {"Ref": "Topic"}}]}),
        ([{"Ref": "Queue"}, 1], ["Export", 1]),
    ],
)
def test_the_name_is_filled_in(written: Any, made: Any) -> None:
    assert (
        unroll(looped({"${Queue}Queue": {"Properties": {"P": written}}}))["Resources"]["ExportQueue"]["Properties"]["P"] == made
    )


def test_a_reference_that_cannot_be_known_is_refused() -> None:
    with pytest.raises(ValueError, match="names no resource"):
        unroll(looped({"${Queue}Queue": {"P": {"Ref": {"Fn::Sub": "${Queue}-${Stage}"}}}}))


def test_sam_s_own_expansion_agrees() -> None:
    from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions

    template = yaml_parse(TEMPLATE.read_text())
    expanded = expand_language_extensions(template, {}, enabled=True).expanded_template
    ours = unroll(template)
    for section in ("Resources", "Outputs"):
        assert set(expanded[section]) == set(ours[section])
    for name, resource in ours["Resources"].items():
        if resource["Type"] in ("AWS::SQS::Queue", "AWS::CloudWatch::Alarm"):
            assert expanded["Resources"][name]["Properties"].keys() == resource["Properties"].keys(), name
