"""Permissions judged as AWS judges them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local import iam_patches

TABLES = {
    "spacedly": {
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [{"IndexName": "due", "KeySchema": [{"AttributeName": "dueShard", "KeyType": "HASH"}]}],
    }
}


def hash_key(_table: str, index: str | None) -> str:
    return "dueShard" if index == "due" else "PK"


def key(value: str) -> dict[str, Any]:
    return {"PK": {"S": value}, "SK": {"S": "x"}}


@pytest.mark.parametrize(
    ("request_", "keys"),
    [
        ({"TableName": "t", "Key": key("USER#1")}, ["USER#1"]),
        ({"TableName": "t", "Item": key("EMAIL#a")}, ["EMAIL#a"]),
        ({"RequestItems": {"t": {"Keys": [key("USER#1"), key("USER#2")]}}}, ["USER#1", "USER#2"]),
        ({"RequestItems": {"t": [{"PutRequest": {"Item": key("A")}}, {"DeleteRequest": {"Key": key("B")}}]}}, ["A", "B"]),
        (
            {
                "TableName": "t",
                "KeyConditionExpression": "#0 = :0 AND begins_with(#1, :1)",
                "ExpressionAttributeNames": {"#0": "PK", "#1": "SK"},
                "ExpressionAttributeValues": {":0": {"S": "USER#1"}, ":1": {"S": "TASK#"}},
            },
            ["USER#1"],
        ),
        (
            {
                "TableName": "t",
                "IndexName": "due",
                "KeyConditionExpression": "dueShard=:s and dueAt < :now",
                "ExpressionAttributeValues": {":s": {"S": "REM#3"}, ":now": {"S": "2030"}},
            },
            ["REM#3"],
        ),
        ({"TableName": "t"}, []),
        ({}, []),
    ],
)
def test_a_request_names_its_partition_keys(request_: dict[str, Any], keys: list[str]) -> None:
    assert iam_patches.leading_keys(request_, hash_key) == keys


@pytest.mark.parametrize(
    ("request_", "attributes"),
    [
        (
            {
                "Key": key("USER#1"),
                "UpdateExpression": "SET #0 = :0",
                "ConditionExpression": "attribute_exists(#1) AND attribute_not_exists(#0)",
                "ExpressionAttributeNames": {"#0": "state", "#1": "PK"},
            },
            ["PK", "SK", "state"],
        ),
        ({"Key": key("USER#1"), "ConditionExpression": "#0 = :0", "ExpressionAttributeNames": {"#0": "state"}}, []),
        ({"Item": key("USER#1")}, []),
    ],
)
def test_an_update_names_its_attributes(request_: dict[str, Any], attributes: list[str]) -> None:
    assert iam_patches.updated_attributes(request_) == attributes


class Emulator:
    """The three modules that are corrected, as small as they can be."""

    def __init__(self) -> None:
        self.checked: list[tuple[str, str, Any]] = []
        self.actions = SimpleNamespace(
            dynamodb_service_context=lambda body: {"dynamodb:Select": "ALL_ATTRIBUTES"},
            dynamodb_transaction_checks=lambda *_: [],
            _dynamodb_table_arn=lambda table, region, account: f"arn:{region}:{account}:table/{table}",
            extract_resource_arn=lambda service, *_: {"scheduler": "arn:schedule/default/x", "ses": "*"}.get(
                service, "arn:other"
            ),
        )
        self.evaluator = SimpleNamespace(enforce=self.enforce)
        self.dynamodb = SimpleNamespace(_tables=TABLES)
        self.app = SimpleNamespace(_enforce_data_plane=self.enforce)
        self.ses = SimpleNamespace(_identities={"known@spacedly.example"})

    def enforce(self, _key: str, action: str, *_: Any, resource_arn: str = "*", service_context: Any = None, **__: Any) -> None:
        self.checked.append((action, str(resource_arn), service_context))


def test_each_item_of_a_transaction_is_judged_by_its_own_key() -> None:
    emulator = Emulator()
    iam_patches.know_leading_keys(emulator.actions, emulator.evaluator, emulator.dynamodb)
    body = {
        "TransactItems": [
            {"Put": {"TableName": "spacedly", "Item": key("USER#1")}},
            {"ConditionCheck": {"TableName": "spacedly", "Key": key("RATE#9")}},
        ]
    }
    checks = emulator.actions.dynamodb_transaction_checks("dynamodb:TransactWriteItems", json.dumps(body).encode(), "r", "1")
    for action, arn in checks:
        emulator.evaluator.enforce("key", action, "dynamodb", "r", resource_arn=arn, service_context={"more": 1})
    assert emulator.checked == [
        ("dynamodb:PutItem", "arn:r:1:table/spacedly", {"more": 1, "dynamodb:LeadingKeys": ["USER#1"]}),
        ("dynamodb:ConditionCheckItem", "arn:r:1:table/spacedly", {"more": 1, "dynamodb:LeadingKeys": ["RATE#9"]}),
    ]


def test_a_scan_has_no_leading_keys_so_that_a_null_condition_sees_it() -> None:
    emulator = Emulator()
    iam_patches.know_leading_keys(emulator.actions, emulator.evaluator, emulator.dynamodb)
    assert "dynamodb:LeadingKeys" not in emulator.actions.dynamodb_service_context(b'{"TableName":"spacedly"}')
    single = json.dumps({"TableName": "spacedly", "Key": key("USER#1")}).encode()
    assert emulator.actions.dynamodb_service_context(single)["dynamodb:LeadingKeys"] == ["USER#1"]
    assert emulator.actions.dynamodb_transaction_checks("dynamodb:GetItem", single, "r", "1") == []


@pytest.mark.parametrize(
    ("body", "query", "group"),
    [
        ({"GroupName": "ours"}, {}, "ours"),
        ({}, {"groupName": ["ours"]}, "ours"),
        ({}, {}, "default"),
    ],
)
def test_a_schedule_is_judged_in_its_group(body: dict[str, Any], query: dict[str, Any], group: str) -> None:
    emulator = Emulator()
    iam_patches.know_resources(emulator.app, emulator.actions, emulator.ses)
    arn = emulator.actions.extract_resource_arn(
        "scheduler", "POST", "/schedules/x", {}, json.dumps(body).encode(), query, "r", "1"
    )
    assert arn == f"arn:schedule/{group}/x"


@pytest.mark.parametrize(
    ("sender", "identity", "address"),
    [
        ("Spacedly <known@spacedly.example>", "known@spacedly.example", "known@spacedly.example"),
        ("evil@elsewhere.example", "elsewhere.example", "evil@elsewhere.example"),
    ],
)
def test_a_mail_is_judged_by_its_sender(sender: str, identity: str, address: str) -> None:
    emulator = Emulator()
    iam_patches.know_resources(emulator.app, emulator.actions, emulator.ses)
    body = json.dumps({"FromEmailAddress": sender}).encode()
    arn = emulator.actions.extract_resource_arn("ses", "POST", "/v2/email/outbound-emails", {}, body, {}, "r", "1")
    assert arn == f"arn:aws:ses:r:1:identity/{identity}"
    emulator.app._enforce_data_plane("sesv2", "ses:SendEmail", resource_arn=arn)
    assert emulator.checked[0][2] == {"ses:FromAddress": address}


def test_a_batch_of_messages_needs_leave_to_send_one() -> None:
    evaluator = SimpleNamespace(enforce=lambda _key, action, _service: action)
    iam_patches.know_batches(evaluator)
    assert evaluator.enforce("key", "sqs:SendMessageBatch", "sqs") == "sqs:SendMessage"
    assert evaluator.enforce("key", "dynamodb:BatchGetItem", "dynamodb") == "dynamodb:BatchGetItem"
