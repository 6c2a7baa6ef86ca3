"""Ending a user's sessions, against a stand-in of the table. tests/api does it on a deployed stack."""

from __future__ import annotations

from typing import Any

import pytest
from test_operate import USER, Fake

from infra.operate import sessions
from infra.operate.stack import Problem


class Table:
    """Rows of one partition, and how many transactions are to fail."""

    class exceptions:  # noqa: N801 - as boto3 has it
        class TransactionCanceledException(Exception):
            pass

    def __init__(self, *rows: dict[str, Any], failures: int = 0) -> None:
        self.rows, self.failures, self.written = list(rows), failures, []

    def query(self, **asked: Any) -> dict[str, Any]:
        assert asked["ConsistentRead"] is True
        assert asked["ExpressionAttributeValues"] == {":user": {"S": f"USER#{USER}"}, ":account": {"S": "ACCOUNT"}}
        return {"Items": self.rows}

    def get_item(self, **asked: Any) -> dict[str, Any]:
        claims = asked["Key"] == {"PK": {"S": "EMAIL#asha@example.com"}, "SK": {"S": "CLAIM"}}
        return {"Item": {"userId": {"S": USER}}} if claims else {}

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803
        if self.failures:
            self.failures -= 1
            raise self.exceptions.TransactionCanceledException
        self.written.append(TransactItems)


def row(sk: str, **attributes: dict[str, str]) -> dict[str, Any]:
    return {"PK": {"S": f"USER#{USER}"}, "SK": {"S": sk}, **attributes}


ACCOUNT = row("ACCOUNT", sessionsVersion={"N": "7"})
SESSION = row("ACCOUNT#SESSION#1", id={"S": "1"}, device={"S": "a browser"}, refreshHash={"S": "secret"})


@pytest.mark.parametrize("name", [USER, " Asha@Example.com "])
def test_all_sessions_end_with_what_is_under_way(name: str) -> None:
    table = Table(ACCOUNT, SESSION, row("ACCOUNT#SESSION#2", id={"S": "2"}))
    said = sessions.end_sessions(Fake(dynamodb=table), name)
    assert said == {"ended": 2, "user": USER, "sessions": [{"id": "1", "device": "a browser"}, {"id": "2"}]}
    [[update, *deletes]] = table.written
    assert update["Update"]["ConditionExpression"] == "#sessions = :read"
    assert update["Update"]["ExpressionAttributeValues"] == {":one": {"N": "1"}, ":read": {"N": "7"}}
    assert [it["Delete"]["Key"]["SK"]["S"] for it in deletes] == ["ACCOUNT#SESSION#1", "ACCOUNT#SESSION#2"]


def test_an_account_that_never_signed_in_has_no_version_to_compare() -> None:
    table = Table(row("ACCOUNT"))
    assert sessions.end_sessions(Fake(dynamodb=table), USER)["ended"] == 0
    [[update]] = table.written
    assert "attribute_not_exists(#sessions)" in update["Update"]["ConditionExpression"]


def test_a_sign_in_meanwhile_is_ended_by_the_next_try_and_too_many_are_reported() -> None:
    assert sessions.end_sessions(Fake(dynamodb=Table(ACCOUNT, SESSION, failures=4)), USER)["ended"] == 1
    with pytest.raises(Problem):
        sessions.end_sessions(Fake(dynamodb=Table(ACCOUNT, SESSION, failures=5)), USER)


def test_a_dry_run_ends_nothing_and_shows_no_secret() -> None:
    table = Table(ACCOUNT, SESSION)
    said = sessions.end_sessions(Fake(dynamodb=table), USER, dry_run=True)
    assert table.written == []
    assert "secret" not in str(said)


@pytest.mark.parametrize(("name", "rows"), [("nobody@example.com", [ACCOUNT]), (USER, []), ("../etc", [ACCOUNT])])
def test_who_is_unknown_is_reported(name: str, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Problem):
        sessions.end_sessions(Fake(dynamodb=Table(*rows)), name)
