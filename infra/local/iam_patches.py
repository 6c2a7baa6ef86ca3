"""Corrections to the emulator's evaluation of permissions, so that it enforces the template's policies unchanged.

Unpatched it denies every schedule of a group other than `default` and every sender named by its ARN, and it does not
know `dynamodb:LeadingKeys`, `dynamodb:Attributes` of an update and `ses:FromAddress`. The rules follow the Service
Authorization Reference. Where it does not say how AWS decides, the stricter reading applies, so that code that works here
works on AWS either way: all partition keys of a transaction are evaluated together, and a mail also needs permission on
its recipients' identities and its configuration set.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from .patches import replace, require

_LEADING_KEYS = "dynamodb:LeadingKeys"
_ATTRIBUTES = "dynamodb:Attributes"
_CONDITION = re.compile(r"(#[\w-]+|[A-Za-z_][\w.-]*)\s*=\s*(:[\w-]+)")
_TRANSACTION = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Get": "dynamodb:GetItem",
}
# Returns the name of the hash key of a table, or of one of its indexes.
HashKey = Callable[[str, str | None], str | None]


class ItemArn(str):
    """A table's ARN with the partition keys that a request names."""

    leading_keys: list[str]

    def __new__(cls, arn: str, leading_keys: list[str]) -> ItemArn:
        made = super().__new__(cls, arn)
        made.leading_keys = leading_keys
        return made


def _json(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _text(value: Any) -> list[str]:
    """A key's value in the form that policies compare."""
    return [str(next(iter(value.values())))] if isinstance(value, dict) and value else []


def _of_item(part: dict[str, Any], hash_key: HashKey) -> list[str]:
    name = hash_key(part.get("TableName", ""), None)
    item = part.get("Key") or part.get("Item") or {}
    return _text(item.get(name)) if name else []


def leading_keys(request: dict[str, Any], hash_key: HashKey) -> list[str]:
    """The partition keys that a single-item, query or batch request of DynamoDB names."""
    if "KeyConditionExpression" in request:
        name = hash_key(request.get("TableName", ""), request.get("IndexName"))
        names = request.get("ExpressionAttributeNames") or {}
        values = request.get("ExpressionAttributeValues") or {}
        for attribute, value in _CONDITION.findall(request["KeyConditionExpression"]):
            if names.get(attribute, attribute) == name:
                return _text(values.get(value))
        return []
    if "RequestItems" in request:
        keys = []
        for table, wanted in request["RequestItems"].items():
            items = wanted if isinstance(wanted, list) else [{"Get": {"Key": key}} for key in wanted.get("Keys", [])]
            for item in items:
                for part in item.values():
                    keys += _of_item({**part, "TableName": table}, hash_key)
        return keys
    return _of_item(request, hash_key)


def updated_attributes(request: dict[str, Any]) -> list[str]:
    """The attributes that an update names: those of its key, and those behind the placeholders of its expressions."""
    if "UpdateExpression" not in request:
        return []
    return sorted({*(request.get("Key") or {}), *(request.get("ExpressionAttributeNames") or {}).values()})


def transaction_checks(request: dict[str, Any], table_arn: Callable[[str], str], hash_key: HashKey) -> list[tuple[str, ItemArn]]:
    """Action and resource of each item of a transaction, with the partition keys of all of them.

    AWS does not document whether it evaluates the keys item by item.
    """
    parts = [
        (action, part)
        for item in request.get("TransactItems") or []
        for member, action in _TRANSACTION.items()
        if isinstance(part := item.get(member), dict) and part.get("TableName")
    ]
    keys: dict[str, dict[str, None]] = {}
    for _, part in parts:
        keys.setdefault(part["TableName"], {}).update(dict.fromkeys(_of_item(part, hash_key)))
    return [(action, ItemArn(table_arn(part["TableName"]), list(keys[part["TableName"]]))) for action, part in parts]


def know_leading_keys(actions: Any, evaluator: Any, dynamodb: Any) -> None:
    """Sets `dynamodb:LeadingKeys` (for a transaction, the keys of all items) and, for an update, `dynamodb:Attributes`."""
    context = require(actions, "dynamodb_service_context")
    table_arn = require(actions, "_dynamodb_table_arn")
    enforce = require(evaluator, "enforce")
    tables = require(dynamodb, "_tables")

    def hash_key(table: str, index: str | None) -> str | None:
        described = tables.get(table.rpartition("/")[2]) or {}
        schema = described.get("KeySchema") or []
        for known in (described.get("GlobalSecondaryIndexes") or []) if index else []:
            schema = known["KeySchema"] if known["IndexName"] == index else schema
        return next((part["AttributeName"] for part in schema if part["KeyType"] == "HASH"), None)

    @functools.wraps(context)
    def with_keys(body: bytes) -> dict[str, Any]:
        request = _json(body)
        known = {_LEADING_KEYS: leading_keys(request, hash_key), _ATTRIBUTES: updated_attributes(request)}
        return {**context(body), **{name: values for name, values in known.items() if values}}

    def checks(action: str, body: bytes, region: str, account: str) -> list[tuple[str, ItemArn]]:
        if action not in ("dynamodb:TransactWriteItems", "dynamodb:TransactGetItems"):
            return []
        return transaction_checks(_json(body), lambda table: table_arn(table, region, account), hash_key)

    @functools.wraps(enforce)
    def enforce_item(*arguments: Any, **keywords: Any) -> Any:
        arn = keywords.get("resource_arn")
        if isinstance(arn, ItemArn):
            keywords["service_context"] = {**(keywords.get("service_context") or {}), _LEADING_KEYS: arn.leading_keys}
        return enforce(*arguments, **keywords)

    replace(actions, "dynamodb_service_context", with_keys)
    replace(actions, "dynamodb_transaction_checks", checks)
    replace(evaluator, "enforce", enforce_item)


def know_batches(evaluator: Any) -> None:
    """Sending a batch of messages needs the permission to send one message (Amazon SQS permissions reference)."""
    enforce = require(evaluator, "enforce")

    @functools.wraps(enforce)
    def enforce_message(access_key_id: str, iam_action: str, *arguments: Any, **keywords: Any) -> Any:
        one = iam_action.removesuffix("Batch") if iam_action.startswith("sqs:") else iam_action
        return enforce(access_key_id, one, *arguments, **keywords)

    replace(evaluator, "enforce", enforce_message)


def schedule_group(body: bytes, query: dict[str, Any]) -> str:
    """The schedule group in a call about one schedule."""
    named = query.get("groupName") or query.get("GroupName") or []
    return (named[0] if isinstance(named, list) and named else named) or _json(body).get("GroupName") or "default"


def sender(body: bytes, identities: Any) -> tuple[str, str]:
    """The address that a SendEmail request sends from, and the identity that permits it: the address or its domain."""
    address = str(_json(body).get("FromEmailAddress", "")).rpartition("<")[2].rstrip("> ")
    return address, address if address in identities else address.rpartition("@")[2]


def other_resources(body: bytes) -> list[str]:
    """What a SendEmail request also needs permission on: the recipients' identities and the configuration set.

    SES requires the former while an account is in the sandbox, and if a recipient is a verified identity.
    """
    request = _json(body)
    lists = request.get("Destination") or {}
    found = [address for name in ("ToAddresses", "CcAddresses", "BccAddresses") for address in lists.get(name) or []]
    named = [f"identity/{address.rpartition('<')[2].rstrip('> ')}" for address in found]
    configuration_set = request.get("ConfigurationSetName")
    return named + ([f"configuration-set/{configuration_set}"] if configuration_set else [])


def know_resources(app: Any, actions: Any, ses_v2: Any) -> None:
    """Evaluates schedules in their own group, and mails by their sender's identity and `ses:FromAddress`."""
    extract = require(actions, "extract_resource_arn")
    enforce_data_plane = require(app, "_enforce_data_plane")
    identities = require(ses_v2, "_identities")

    @functools.wraps(extract)
    def extract_fully(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        arn = extract(service, method, path, headers, body, query, region, account)
        if service == "scheduler" and ":schedule/default/" in arn:
            return arn.replace(":schedule/default/", f":schedule/{schedule_group(body, query)}/", 1)
        if service == "ses" and method == "POST" and path.rstrip("/").endswith("/v2/email/outbound-emails"):
            address, identity = sender(body, identities)
            prefix = f"arn:aws:ses:{region}:{account}:"
            return SenderArn(f"{prefix}identity/{identity}", address, [prefix + other for other in other_resources(body)])
        return arn

    @functools.wraps(enforce_data_plane)
    def enforce_sender(*arguments: Any, **keywords: Any) -> Any:
        arn = keywords.get("resource_arn")
        if isinstance(arn, SenderArn):
            keywords["service_context"] = {**(keywords.get("service_context") or {}), "ses:FromAddress": arn.address}
            for other in arn.others:
                denied = enforce_data_plane(*arguments, **{**keywords, "resource_arn": other, "named_resource": other})
                if denied:
                    return denied
        return enforce_data_plane(*arguments, **keywords)

    replace(actions, "extract_resource_arn", extract_fully)
    replace(app, "_enforce_data_plane", enforce_sender)


class SenderArn(str):
    """An identity's ARN with the sender's address and the other resources on which the mail needs permission."""

    address: str
    others: list[str]

    def __new__(cls, arn: str, address: str, others: list[str]) -> SenderArn:
        made = super().__new__(cls, arn)
        made.address = address
        made.others = others
        return made


def hide_missing_objects(app: Any, s3: Any) -> None:
    """Returns 403 for a missing key to callers that may not list the bucket, as the API reference of GetObject says.

    A permission to list with a condition on the prefix does not count, since GetObject has no prefix.
    """
    get = require(s3, "_get_object")
    enforce_data_plane = require(app, "_enforce_data_plane")

    @functools.wraps(get)
    def get_or_deny(bucket: str, key: str, headers: Any, query: Any = None) -> Any:
        answer = get(bucket, key, headers, query)
        if answer[0] != 404 or b"NoSuchKey" not in bytes(answer[2]):
            return answer
        denied = enforce_data_plane("s3", "s3:ListBucket", headers, query or {}, "", resource_arn=f"arn:aws:s3:::{bucket}")
        return denied or answer

    replace(s3, "_get_object", get_or_deny)
