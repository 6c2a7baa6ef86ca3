"""Copying the rows of one table into another, against a stand-in of DynamoDB."""

from __future__ import annotations

from typing import Any

import pytest

from infra.operate import copy
from infra.operate.__main__ import parser
from infra.operate.stack import Problem, Stack

Row = dict[str, dict[str, str]]
SOURCE, TARGET = "spacedly-dev-before", "spacedly-dev"


def row(pk: str, sk: str = "X") -> Row:
    return {"PK": {"S": pk}, "SK": {"S": sk}}


class Tables:
    """DynamoDB with rows in lists by table; a page has 40 rows, and each batch leaves its last row out the first time."""

    def __init__(self, **tables: list[Row]) -> None:
        self.tables = tables
        self.refused: list[Row] = []

    def get_paginator(self, _: str) -> Tables:
        return self

    def paginate(self, TableName: str, **options: Any) -> list[dict[str, list[Row]]]:  # noqa: N803
        rows = self.tables[TableName]
        if "FilterExpression" in options:
            rows = [it for it in rows if not it["PK"]["S"].startswith(options["ExpressionAttributeValues"][":counters"]["S"])]
        return [{"Items": rows[start : start + 40]} for start in range(0, max(len(rows), 1), 40)]

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803
        [(table, requests)] = RequestItems.items()
        assert 0 < len(requests) <= 25
        rows = [request["PutRequest"]["Item"] for request in requests]
        left = [] if rows[-1] in self.refused else rows[-1:]
        self.refused += left
        self.tables[table] += rows[: len(rows) - len(left)]
        return {"UnprocessedItems": {table: [{"PutRequest": {"Item": it}} for it in left]}} if left else {}


class Fake(Stack):
    """A stack with one table."""

    def __init__(self, tables: Tables) -> None:
        super().__init__("dev")
        self.tables = tables

    def client(self, _: str) -> Any:
        return self.tables

    def output(self, _: str) -> str:
        return TARGET


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy.time, "sleep", lambda _: None)


def run(tables: Tables, *words: str) -> dict[str, Any]:
    given = parser().parse_args(["--stage", "dev", "copy-rows", *words])
    return given.run(Fake(tables), given)


def test_every_row_is_copied_once_even_where_dynamodb_throttles() -> None:
    rows = [row(f"USER#{number}") for number in range(95)]
    tables = Tables(**{SOURCE: rows, TARGET: [row("RATE#1")]})
    assert run(tables, SOURCE) == {"from": SOURCE, "to": TARGET, "rows": 95, "copied": True}
    copied = sorted(it["PK"]["S"] for it in tables.tables[TARGET])
    assert copied == sorted(["RATE#1", *(it["PK"]["S"] for it in rows)])


def test_a_dry_run_only_counts() -> None:
    tables = Tables(**{SOURCE: [row("USER#1")], TARGET: []})
    assert run(tables, SOURCE, "--dry-run") == {"from": SOURCE, "to": TARGET, "rows": 1, "copied": False}
    assert tables.tables[TARGET] == []


@pytest.mark.parametrize(("source", "message"), [(SOURCE, "has rows already"), (TARGET, "the stage's own table")])
def test_a_table_in_use_is_not_overwritten(source: str, message: str) -> None:
    tables = Tables(**{SOURCE: [row("USER#1")], TARGET: [row("RATE#1"), row("USER#2")]})
    with pytest.raises(Problem, match=message):
        run(tables, source)
    assert len(tables.tables[TARGET]) == 2
