"""Brings users' rows back to what a restored copy of the table holds, in the stage's own table.

The table stays, and with it its stream, indexes, permissions and event source mappings. Only rows that differ are written. The
dispatcher sees each of them, so reminders get their schedules back. What has left the system stays recorded: a reminder that
fired since the copy was taken does not fire again.
"""

from __future__ import annotations

import copy
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from botocore.exceptions import ClientError

from .stack import Problem, Stack
from .trigger import identifier

Row = dict[str, Any]
# Sort key → row, of one user.
Rows = dict[str, Row]

# Attempts for a user whose rows change in the meantime.
TRIES = 5
# Each counts the changes of a row, so that a writer or an ETag of before is recognized.
_VERSIONS = ("version", "cardsVersion")
# What of a reminder says that it fired, and what became of it.
_RECEIPT = (
    *("status", "delivery", "firedFor", "emailSent", "emailSentAt", "morningEmailSent", "counted", "keptDay"),
    *("open", "dueShard", "dueAt", "byCreated", "updatedAt"),
)
_REFUSED = {"ConditionalCheckFailedException", "TransactionConflictException"}


class Treatment(Enum):
    """What a restore does to a row of a user."""

    # It becomes what the copy holds, or is deleted.
    RESTORED = auto()
    # It follows from restored rows: `replay --repair` counts again. The copy's is taken only where there is none.
    COUNTED = auto()
    # It says what happened to the account or left the system: it stays, and comes back only with its account.
    KEPT = auto()
    # The same, but it does not come back: a session, a mail or an export of before has no use any more.
    ENDED = auto()


# By the beginning of the sort key; the longest that fits counts.
TREATMENTS = {
    "TASK#": Treatment.RESTORED,
    "REM#": Treatment.RESTORED,
    "OCC#": Treatment.RESTORED,
    "ATT#": Treatment.RESTORED,
    "DONE#": Treatment.RESTORED,
    "IDEM#": Treatment.RESTORED,
    "COUNTERS": Treatment.COUNTED,
    "CATEGORY#": Treatment.COUNTED,
    "DAYS#": Treatment.COUNTED,
    "STREAK#": Treatment.COUNTED,
    "ACCOUNT": Treatment.KEPT,
    "REVIEWS": Treatment.KEPT,
    "TAP#": Treatment.KEPT,
    "INBOX": Treatment.KEPT,
    "NTF#": Treatment.KEPT,
    "ACCOUNT#SESSION#": Treatment.ENDED,
    "EXPORT": Treatment.ENDED,
    "MAIL#": Treatment.ENDED,
    "PROCESSING": Treatment.ENDED,
}


def treatment(sort_key: str) -> Treatment:
    fitting = [prefix for prefix in TREATMENTS if sort_key.startswith(prefix)]
    if not fitting:
        raise Problem(f"Nothing says how rows like {sort_key} are restored: is this another version's command?")
    return TREATMENTS[max(fitting, key=len)]


@dataclass
class Change:
    """What a restore does to the rows of one user. Each write names the row that it replaces."""

    puts: list[tuple[Row, Row | None]] = field(default_factory=list)
    deletes: list[Row] = field(default_factory=list)
    # Reminders that fired since the copy was taken.
    fired: list[str] = field(default_factory=list)


def change(before: Rows, present: Rows, now: float) -> Change:
    """What makes a user's `present` rows those of `before`; `now` in epoch seconds."""
    is_gone = "ACCOUNT" not in present
    wanted: Rows = {}
    for key, row in before.items():
        taken = {
            Treatment.RESTORED: True,
            Treatment.COUNTED: key not in present,
            Treatment.KEPT: is_gone,
            Treatment.ENDED: False,
        }[treatment(key)]
        if taken and float(row.get("expiresAt", {"N": "inf"})["N"]) > now:
            wanted[key] = copy.deepcopy(row)
    made = Change(fired=_carry_fired(wanted, present))
    _carry_files(wanted, present)
    _carry_overdue(wanted, present)
    for key, row in wanted.items():
        there = present.get(key)
        if there is None or _content(there) != _content(row):
            made.puts.append((_newer(row, there), there))
    for key, row in present.items():
        if key not in wanted and treatment(key) is Treatment.RESTORED:
            made.deletes.append(row)
    return made


def _content(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _VERSIONS}


def _newer(row: Row, there: Row | None) -> Row:
    """The row with versions that nobody has seen yet."""
    seen = {name: max(int(it[name]["N"]) for it in (row, there) if it and name in it) for name in _VERSIONS if name in row}
    return row if there is None else {**row, **{name: {"N": str(version + 1)} for name, version in seen.items()}}


def _carry_fired(wanted: Rows, present: Rows) -> list[str]:
    """Takes over what became of reminders that fired; returns those that the copy's row still waits for."""
    mailed = {
        (content["reminderId"]["S"], content["plan"]["N"])
        for key, row in present.items()
        if key.startswith("MAIL#") and "reminderId" in (content := row["content"]["M"])
    }
    fired = []
    for key in [key for key in wanted if key.startswith("REM#")]:
        row, there = wanted[key], present.get(key)
        has_fired = there is not None and there.get("firedFor") == row["scheduledAt"]
        if there is not None and has_fired and there["plan"] == row["plan"]:
            wanted[key] = _with_receipt(row, there)
        elif "dueShard" in row and (has_fired or (row["id"]["S"], row["plan"]["N"]) in mailed):
            wanted[key] = _over(row)
        else:
            continue
        if "dueShard" in row:
            fired.append(row["id"]["S"])
        _set_card(wanted, wanted[key])
        completions = f"DONE#{row['taskId']['S']}#{row['id']['S']}#"
        wanted.update({sort_key: done for sort_key, done in present.items() if sort_key.startswith(completions)})
    return fired


def _with_receipt(row: Row, there: Row) -> Row:
    """A reminder as it was, with what became of it."""
    left = {name: value for name, value in row.items() if name not in _RECEIPT}
    return {**left, **{name: there[name] for name in _RECEIPT if name in there}}


def _over(row: Row) -> Row:
    """A reminder that fired, and whose own record of that is lost. A review stays open until it is rated."""
    is_review = row.get("kind") == {"S": "review"}
    gone = ("dueShard", "dueAt", "byCreated") if is_review else ("open", "dueShard", "dueAt")
    left = {name: value for name, value in row.items() if name not in gone}
    status = row["status"] if is_review else {"S": "completed"}
    delivery = {**row["delivery"]["M"], "state": {"S": "sent"}}
    return {**left, "status": status, "firedFor": row["scheduledAt"], "delivery": {"M": delivery}}


def _set_card(wanted: Rows, reminder: Row) -> None:
    """Makes the card of a reminder in its task what the reminder says."""
    task = wanted.get(f"TASK#{reminder['taskId']['S']}")
    if task is not None:
        names = ("scheduledAt", "type", "status", "kind", "offsetMinutes", "counted")
        task["reminders"]["M"][reminder["id"]["S"]] = {"M": {name: reminder[name] for name in names if name in reminder}}


def _carry_files(wanted: Rows, present: Rows) -> None:
    """Takes over what became of an upload that was under way: its file is there, or never will be."""
    for key in [key for key, row in wanted.items() if key.startswith("ATT#") and "dueShard" in row]:
        there = present.get(key)
        if there is None or "dueShard" in there:
            continue
        task_key, attachment = f"TASK#{there['taskId']['S']}", there["id"]["S"]
        cards = [rows[task_key]["attachments"]["M"] for rows in (wanted, present) if task_key in rows]
        if len(cards) == 2 and attachment in cards[1]:
            wanted[key], cards[0][attachment] = there, cards[1][attachment]


def _carry_overdue(wanted: Rows, present: Rows) -> None:
    """Takes over that a user was notified of a due date that passed."""
    for key, row in wanted.items():
        told = present.get(key, {}).get("overdueTold")
        if key.startswith("TASK#") and told is not None and told == row.get("dueDate"):
            row["overdueTold"] = told
            row.pop("dueShard", None)
            row.pop("dueAt", None)


class Restore:
    """A restore of the stage's rows from the table `source`."""

    def __init__(self, stack: Stack, source: str) -> None:
        self.dynamodb, self.source, self.target = stack.client("dynamodb"), source, stack.output("TableName")
        if source == self.target:
            raise Problem(f"{source} is the stage's own table. Restore it to another name first.")

    def users(self, table: str) -> set[str]:
        """The users that have an account."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression="SK = :account",
            ExpressionAttributeValues={":account": {"S": "ACCOUNT"}},
            ProjectionExpression="PK",
            ConsistentRead=True,
        )
        return {row["PK"]["S"].removeprefix("USER#") for page in pages for row in page["Items"]}

    def rows(self, table: str, user: str) -> Rows:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression="PK = :user",
            ExpressionAttributeValues={":user": {"S": f"USER#{user}"}},
            ConsistentRead=True,
        )
        return {row["SK"]["S"]: row for page in pages for row in page["Items"]}

    def restore(self, user: str, *, dry_run: bool) -> Change:
        """Restores one user. Rows that change in the meantime are looked at again."""
        before = self.rows(self.source, user)
        for left in reversed(range(TRIES)):
            made = change(before, self.rows(self.target, user), time.time())
            try:
                if not dry_run:
                    self._write(made)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _REFUSED:
                    raise
                if not left:
                    raise Problem(f"The rows of {user} keep changing: stop the requests first.") from error
            else:
                return made
        raise AssertionError

    def _write(self, made: Change) -> None:
        for row, there in made.puts:
            self.dynamodb.put_item(TableName=self.target, Item=row, **_unchanged(there))
        for there in made.deletes:
            key = {name: there[name] for name in ("PK", "SK")}
            self.dynamodb.delete_item(TableName=self.target, Key=key, **_unchanged(there))

    def claims(self, users: set[str]) -> list[Row]:
        """The copy's claims of addresses and Google accounts by these users."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.source,
            FilterExpression="SK = :claim",
            ExpressionAttributeValues={":claim": {"S": "CLAIM"}},
            ConsistentRead=True,
        )
        return [row for page in pages for row in page["Items"] if row["userId"]["S"] in users]

    def claim(self, row: Row) -> bool:
        """Restores a claim; false if somebody else has it now."""
        try:
            self.dynamodb.put_item(TableName=self.target, Item=row, **_unchanged(None))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSED:
                raise
            there = self.dynamodb.get_item(
                TableName=self.target, Key={name: row[name] for name in ("PK", "SK")}, ConsistentRead=True
            )
            return there.get("Item", {}).get("userId") == row["userId"]
        return True


def _unchanged(there: Row | None) -> dict[str, Any]:
    """The condition that a row still is what was read."""
    if there is None:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    versions = [name for name in _VERSIONS if name in there]
    if not versions:
        return {}
    return {
        "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in versions),
        "ExpressionAttributeNames": {f"#{name}": name for name in versions},
        "ExpressionAttributeValues": {f":{name}": there[name] for name in versions},
    }


def restore_rows(
    stack: Stack, source: str, *, user: str | None = None, deleted_accounts: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """Restores all users that `source` and the stage have, or one of them; returns what was done, or would be.

    Accounts that were deleted since the copy was taken stay deleted unless `deleted_accounts`; those that are new stay as
    they are.
    """
    restore = Restore(stack, source)
    there, here = restore.users(source), restore.users(restore.target)
    wanted = there if user is None else there & {identifier(user)}
    if not wanted:
        raise Problem(f"{source} has no such user." if user else f"{source} has no users.")
    gone = wanted - here
    conflicts = set()
    if deleted_accounts and gone:
        claims = restore.claims(gone)
        # All of a user's claims or no account: one without its address could not be signed in to.
        conflicts = set() if dry_run else {row["userId"]["S"] for row in claims if not restore.claim(row)}
    done: Counter[str] = Counter()
    fired = []
    for each in sorted(wanted - (conflicts if deleted_accounts else gone)):
        made = restore.restore(each, dry_run=dry_run)
        done.update(users=1, written=len(made.puts), deleted=len(made.deletes))
        fired += made.fired
    return {
        "from": source,
        "to": restore.target,
        "restored": not dry_run,
        **{name: done[name] for name in ("users", "written", "deleted")},
        "fired_since": sorted(fired),
        "accounts_deleted_since": sorted(gone),
        "accounts_whose_address_is_taken": sorted(conflicts),
        "accounts_made_since": len(here - there) if user is None else 0,
    }
