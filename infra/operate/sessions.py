"""Ends all sessions of one user, as after a stolen device or a leaked token."""

from __future__ import annotations

from typing import Any

from .stack import Problem, Stack
from .trigger import identifier

# Sign-ins that open a session at the same moment make the transaction fail; then it is tried with what they left.
TRIES = 5
ACCOUNT = "ACCOUNT"


def user_of(table: Any, name: str, text: str) -> str:
    """The id of a user, given by id or by e-mail address."""
    if "@" not in text:
        return identifier(text)
    # A claim's key holds the address as the product stores it.
    key = {"PK": {"S": f"EMAIL#{text.strip().lower()}"}, "SK": {"S": "CLAIM"}}
    claim = table.get_item(TableName=name, Key=key, ConsistentRead=True).get("Item")
    if claim is None:
        raise Problem("No account has this address.")
    return str(claim["userId"]["S"])


def end_sessions(stack: Stack, user: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Deletes the sessions, and makes sign-ins void that are under way; says which sessions there were."""
    table, name = stack.client("dynamodb"), stack.output("TableName")
    user = user_of(table, name, user)
    for left in reversed(range(TRIES)):
        account, sessions = _rows(table, name, user)
        shown = {"user": user, "sessions": [_shown(session) for session in sessions]}
        if dry_run:
            return shown
        if _end(table, name, account, sessions):
            return {"ended": len(sessions), **shown}
        if not left:
            raise Problem("Sign-ins kept opening sessions meanwhile. Try again.")
    raise AssertionError


def _rows(table: Any, name: str, user: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The account's row and those of its sessions, which lie behind it."""
    found = table.query(
        TableName=name,
        KeyConditionExpression="PK = :user AND begins_with(SK, :account)",
        ExpressionAttributeValues={":user": {"S": f"USER#{user}"}, ":account": {"S": ACCOUNT}},
        ConsistentRead=True,
    )["Items"]
    accounts = [row for row in found if row["SK"]["S"] == ACCOUNT]
    if not accounts:
        raise Problem("There is no such user.")
    return accounts[0], [row for row in found if row["SK"]["S"] != ACCOUNT]


def _shown(session: dict[str, Any]) -> dict[str, str]:
    return {name: session[name]["S"] for name in ("id", "device", "createdAt", "refreshedAt") if name in session}


def _end(table: Any, name: str, account: dict[str, Any], sessions: list[dict[str, Any]]) -> bool:
    """One transaction; false when the sessions changed after they were read.

    A sign-in requires the version of the sessions that it read, and a challenge that waits for its code the version of the
    password: raising both ends what is under way.
    """
    key = {part: account[part] for part in ("PK", "SK")}
    names = {"#sessions": "sessionsVersion", "#password": "passwordVersion"}
    values = {":one": {"N": "1"}}
    condition = "attribute_exists(PK) AND attribute_not_exists(#sessions)"
    if "sessionsVersion" in account:
        condition = "#sessions = :read"
        values[":read"] = account["sessionsVersion"]
    update = {
        "TableName": name,
        "Key": key,
        "UpdateExpression": "ADD #sessions :one, #password :one",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    deletes = [{"Delete": {"TableName": name, "Key": {part: row[part] for part in ("PK", "SK")}}} for row in sessions]
    try:
        table.transact_write_items(TransactItems=[{"Update": update}, *deletes])
    except table.exceptions.TransactionCanceledException:
        return False
    return True
