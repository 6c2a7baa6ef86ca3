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


def test_the_keys_of_a_transaction_are_judged_all_together() -> None:
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
        ("dynamodb:PutItem", "arn:r:1:table/spacedly", {"more": 1, "dynamodb:LeadingKeys": ["USER#1", "RATE#9"]}),
        ("dynamodb:ConditionCheckItem", "arn:r:1:table/spacedly", {"more": 1, "dynamodb:LeadingKeys": ["USER#1", "RATE#9"]}),
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


def test_a_mail_is_judged_by_its_recipients_and_its_configuration_set_too() -> None:
    emulator = Emulator()
    iam_patches.know_resources(emulator.app, emulator.actions, emulator.ses)
    request = {
        "FromEmailAddress": "known@spacedly.example",
        "Destination": {"ToAddresses": ["Asha <asha@example.com>"]},
        "ConfigurationSetName": "spacedly-dev",
    }
    arn = emulator.actions.extract_resource_arn(
        "ses", "POST", "/v2/email/outbound-emails", {}, json.dumps(request).encode(), {}, "r", "1"
    )
    emulator.app._enforce_data_plane("sesv2", "ses:SendEmail", resource_arn=arn)
    assert [checked[1] for checked in emulator.checked] == [
        "arn:aws:ses:r:1:identity/asha@example.com",
        "arn:aws:ses:r:1:configuration-set/spacedly-dev",
        "arn:aws:ses:r:1:identity/known@spacedly.example",
    ]
    assert all(checked[2] == {"ses:FromAddress": "known@spacedly.example"} for checked in emulator.checked)


@pytest.mark.parametrize(("may_list", "status"), [(True, 404), (False, 403)])
def test_a_missing_object_shows_only_to_whoever_may_list_the_bucket(may_list: bool, status: int) -> None:
    denial = None if may_list else (403, {}, b"<Code>AccessDenied</Code>")
    app = SimpleNamespace(_enforce_data_plane=lambda *_, **__: denial)
    objects = {"there": (200, {}, b"hello")}
    missing = (404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
    s3 = SimpleNamespace(_get_object=lambda _bucket, key, _headers, _query=None: objects.get(key, missing))
    iam_patches.hide_missing_objects(app, s3)
    assert s3._get_object("uploads", "there", {})[0] == 200
    assert s3._get_object("uploads", "gone", {})[0] == status


def test_a_batch_of_messages_needs_leave_to_send_one() -> None:
    evaluator = SimpleNamespace(enforce=lambda _key, action, _service: action)
    iam_patches.know_batches(evaluator)
    assert evaluator.enforce("key", "sqs:SendMessageBatch", "sqs") == "sqs:SendMessage"
    assert evaluator.enforce("key", "dynamodb:BatchGetItem", "dynamodb") == "dynamodb:BatchGetItem"
