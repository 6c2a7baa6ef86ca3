"""Copies the rows of a table into a stage's own: for a stage whose table had to be created again."""

from __future__ import annotations

import time
from typing import Any

from .stack import Problem, Stack

# BatchWriteItem takes no more.
_BATCH = 25
_LONGEST_PAUSE = 5.0


def copy_rows(stack: Stack, source: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Puts every row of `source` into the stage's table, which must not be in use yet. Returns the number of rows.

    The stage's stream sees each row as new, so the dispatcher plans schedules and clean-ups for it.
    """
    dynamodb, target = stack.client("dynamodb"), stack.output("TableName")
    if source == target:
        raise Problem(f"{source} is the stage's own table.")
    if not dry_run and _is_used(dynamodb, target):
        raise Problem(f"{target} has rows already, which the copy could overwrite with older ones.")
    rows = 0
    for page in dynamodb.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
        items = page["Items"]
        rows += len(items)
        if not dry_run:
            for start in range(0, len(items), _BATCH):
                _put(dynamodb, target, items[start : start + _BATCH])
    return {"from": source, "to": target, "rows": rows, "copied": not dry_run}


def _is_used(dynamodb: Any, table: str) -> bool:
    """Whether the table has any row but the counters of the rate limiter, which every request leaves."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="NOT begins_with(PK, :counters)",
        ExpressionAttributeValues={":counters": {"S": "RATE#"}},
    )
    return any(page["Items"] for page in pages)


def _put(dynamodb: Any, table: str, items: list[dict[str, Any]]) -> None:
    """Writes a batch, and what DynamoDB leaves out of it when it throttles, until all of it is written."""
    left = {table: [{"PutRequest": {"Item": item}} for item in items]}
    pause = 0.1
    while left:
        left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems", {})
        if left:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
