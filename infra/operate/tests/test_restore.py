"""What a restore writes and leaves, user by user; the rehearsal runs it against the whole system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.operate import restore
from infra.operate.__main__ import parser
from infra.operate.restore import Row, Rows, Treatment, change, treatment
from infra.operate.stack import Problem, Stack

ROOT = Path(__file__).resolve().parents[3]
SOURCE, TARGET = "spacedly-dev-restored", "spacedly-dev"
ASHA, BELA, CHAN = (f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(3))
NOW = 1_800_000_000.0
MOMENT, LATER = {"S": "2027-01-15T09:00:00Z"}, {"S": "2027-01-16T09:00:00Z"}


def row(sort_key: str, user: str = ASHA, **attributes: Any) -> Row:
    return {"PK": {"S": f"USER#{user}"}, "SK": {"S": sort_key}, **attributes}


def by_key(*rows: Row) -> Rows:
    return {it["SK"]["S"]: it for it in rows}


ACCOUNT = row("ACCOUNT", version={"N": "3"})


def task(*, version: int = 1, reminders: Rows | None = None, attachments: Rows | None = None, **attributes: Any) -> Row:
    cards = {"reminders": {"M": reminders or {}}, "attachments": {"M": attachments or {}}}
    return row("TASK#t", id={"S": "t"}, version={"N": str(version)}, cardsVersion={"N": "0"}, **cards, **attributes)


def reminder(status: str = "pending", *, plan: int = 1, version: int = 1, **attributes: Any) -> Row:
    waits = {"open": MOMENT, "dueShard": {"S": "REM#1"}, "dueAt": MOMENT} if status == "pending" else {}
    state = {"S": "scheduled" if status == "pending" else "sent"}
    made = {"id": {"S": "r"}, "taskId": {"S": "t"}, "scheduledAt": MOMENT, "type": {"S": "email"}, "status": {"S": status}}
    numbers = {"plan": {"N": str(plan)}, "version": {"N": str(version)}}
    return row("REM#r", **{**made, **numbers, "delivery": {"M": {"state": state}}, **waits, **attributes})


def fired(**attributes: Any) -> Row:
    return reminder("completed", version=2, firedFor=MOMENT, counted={"S": "2027-01-15"}, **attributes)


CARD = {"M": {"scheduledAt": MOMENT, "type": {"S": "email"}, "status": {"S": "pending"}}}


def written(before: Rows, present: Rows) -> tuple[Rows, list[str]]:
    """The rows that a restore puts, and the keys that it deletes."""
    made = change(before, present, NOW)
    return {put["SK"]["S"]: put for put, _ in made.puts}, [it["SK"]["S"] for it in made.deletes]


def test_every_kind_of_row_has_a_treatment() -> None:
    page = (ROOT / "shared" / "src" / "store" / "keys.rs").read_text()
    entities = re.findall(r"^//! \| [^|]+ \| `USER#<id>` \| ([^|]+) \|", page, re.MULTILINE)
    keys = [re.sub(r"<.*", "", key) for keys in entities for key in re.findall(r"`([^`]+)`", keys)]
    assert len(keys) == len(restore.TREATMENTS)
    assert {restore.treatment(key) for key in keys} == set(Treatment)
    assert set(keys) == set(restore.TREATMENTS)


def test_a_kind_of_row_that_nobody_knows_is_not_guessed_at() -> None:
    with pytest.raises(Problem, match="NEW#1"):
        treatment("NEW#1")


def test_a_change_is_taken_back_with_a_version_that_nobody_has_seen() -> None:
    before = by_key(ACCOUNT, task(version=4, title={"S": "right"}))
    puts, deletes = written(before, by_key(ACCOUNT, task(version=9, title={"S": "wrong"})))
    assert (puts["TASK#t"]["title"], puts["TASK#t"]["version"]) == ({"S": "right"}, {"N": "10"})
    assert (len(puts), deletes) == (1, [])


def test_what_was_deleted_comes_back_and_what_is_new_goes() -> None:
    puts, deletes = written(by_key(ACCOUNT, task()), by_key(ACCOUNT, row("OCC#t#1"), row("MAIL#m", content={"M": {}})))
    assert (list(puts), deletes) == (["TASK#t"], ["OCC#t#1"])
    assert puts["TASK#t"]["version"] == {"N": "1"}


def test_what_is_the_same_is_not_written() -> None:
    before = by_key(ACCOUNT, task(version=4, reminders={"r": CARD}), reminder())
    assert written(before, by_key(ACCOUNT, task(version=7, reminders={"r": CARD}), reminder(version=5))) == ({}, [])


def test_account_sessions_and_notifications_stay_and_expired_rows_do_not_return() -> None:
    session = row("ACCOUNT#SESSION#old")
    before = by_key(row("ACCOUNT", name={"S": "Old"}), session, row("NTF#1"), row("INBOX"), row("IDEM#1", expiresAt={"N": "5"}))
    assert written(before, by_key(ACCOUNT, row("NTF#2"))) == ({}, [])


def test_counters_are_taken_only_where_there_are_none() -> None:
    before = by_key(ACCOUNT, row("COUNTERS", tasks={"N": "1"}), row("DAYS#2027-01", d15={"N": "1"}))
    puts, deletes = written(before, by_key(ACCOUNT, row("COUNTERS", tasks={"N": "2"}), row("STREAK#2027")))
    assert (list(puts), deletes) == (["DAYS#2027-01"], [])


def test_a_reminder_that_fired_since_keeps_that_with_its_card_and_completion() -> None:
    before = by_key(ACCOUNT, task(reminders={"r": CARD}, title={"S": "right"}), reminder())
    done = row("DONE#t#r#2027-01-15")
    present = by_key(ACCOUNT, task(reminders={"r": {"M": {}}}, title={"S": "wrong"}), fired(), done, row("DONE#t#x#2027-01-15"))
    made = change(before, present, NOW)
    [(put, _)] = made.puts
    assert made.fired == ["r"]
    assert put["title"] == {"S": "right"}
    card = put["reminders"]["M"]["r"]["M"]
    assert (card["status"], card["counted"]) == ({"S": "completed"}, {"S": "2027-01-15"})
    assert [it["SK"]["S"] for it in made.deletes] == ["DONE#t#x#2027-01-15"]


def test_what_became_of_a_mail_since_stays_and_the_reminder_s_words_come_back() -> None:
    before = by_key(ACCOUNT, task(reminders={"r": CARD}), fired(message={"S": "right"}, emailSent={"BOOL": False}))
    present = by_key(ACCOUNT, task(reminders={"r": CARD}), fired(message={"S": "wrong"}, emailSent={"BOOL": True}))
    made = change(before, present, NOW)
    put = next(put for put, _ in made.puts if put["SK"]["S"] == "REM#r")
    assert (put["message"], put["emailSent"], made.fired) == ({"S": "right"}, {"BOOL": True}, [])


@pytest.mark.parametrize(
    "evidence",
    [
        # It was put off after it had fired.
        fired(plan=2),
        # Its row is lost, and its mail shows that it fired.
        row("MAIL#m", content={"M": {"kind": {"S": "hour-before"}, "reminderId": {"S": "r"}, "plan": {"N": "1"}}}),
    ],
)
def test_a_reminder_that_fired_for_this_moment_does_not_wait_any_more(evidence: Row) -> None:
    before = by_key(ACCOUNT, task(reminders={"r": CARD}), reminder())
    puts, _ = written(before, by_key(ACCOUNT, evidence))
    over = puts["REM#r"]
    assert (over["status"], over["firedFor"]) == ({"S": "completed"}, MOMENT)
    assert not {"open", "dueShard", "dueAt"} & set(over)
    assert puts["TASK#t"]["reminders"]["M"]["r"]["M"]["status"] == {"S": "completed"}


def test_a_review_that_fired_for_this_moment_stays_open_until_it_is_rated() -> None:
    review = {**reminder(), "kind": {"S": "review"}, "byCreated": {"S": "FOLLOW#r"}}
    before = by_key(ACCOUNT, task(reminders={"r": CARD}), review)
    # It was rated since: its next review has another plan.
    rated = {**fired(plan=2), "kind": {"S": "review"}, "status": {"S": "pending"}}
    puts, _ = written(before, by_key(ACCOUNT, rated))
    over, card = puts["REM#r"], puts["TASK#t"]["reminders"]["M"]["r"]["M"]
    assert (over["status"], over["firedFor"], over["open"]) == ({"S": "pending"}, MOMENT, review["open"])
    assert not {"dueShard", "dueAt", "byCreated"} & set(over)
    assert (card["status"], card["kind"]) == ({"S": "pending"}, {"S": "review"})


@pytest.mark.parametrize(
    "present",
    [
        # Moved since, or completed by its user, or lost: it did not go out for its moment.
        [reminder(plan=2, scheduledAt=LATER)],
        [reminder("completed", plan=2)],
        [row("MAIL#m", content={"M": {"kind": {"S": "hour-before"}, "reminderId": {"S": "r"}, "plan": {"N": "7"}}})],
        [],
    ],
)
def test_a_reminder_that_did_not_fire_waits_again(present: list[Row]) -> None:
    before = by_key(ACCOUNT, task(reminders={"r": CARD}), reminder())
    puts, _ = written(before, by_key(ACCOUNT, task(reminders={"r": CARD}), *present))
    assert (puts["REM#r"]["dueAt"], puts["REM#r"]["scheduledAt"], puts["REM#r"]["plan"]) == (MOMENT, MOMENT, {"N": "1"})


def test_an_upload_that_finished_since_stays_finished() -> None:
    parts = {"id": {"S": "a"}, "taskId": {"S": "t"}}
    before = by_key(ACCOUNT, task(attachments={"a": {"S": "pending"}}), row("ATT#a", dueShard={"S": "ATT#1"}, **parts))
    present = by_key(ACCOUNT, task(attachments={"a": {"S": "ready"}}), row("ATT#a", fileSize={"N": "9"}, **parts))
    assert written(before, present) == ({}, [])


def test_a_due_date_that_its_user_was_notified_of_is_not_notified_again() -> None:
    dated = {"dueDate": MOMENT, "dueShard": {"S": "TASK#1"}, "dueAt": MOMENT}
    before = by_key(ACCOUNT, task(title={"S": "right"}, **dated))
    puts, _ = written(before, by_key(ACCOUNT, task(title={"S": "wrong"}, dueDate=MOMENT, overdueTold=MOMENT)))
    assert puts["TASK#t"]["overdueTold"] == MOMENT
    assert "dueShard" not in puts["TASK#t"]
    puts, _ = written(before, by_key(ACCOUNT, task(title={"S": "wrong"}, dueDate=LATER, overdueTold=LATER)))
    assert "dueShard" in puts["TASK#t"]


class Tables:
    """DynamoDB with two tables. `meddling` is the number of writes that somebody else is faster with."""

    def __init__(self, source: list[Row], target: list[Row], meddling: int = 0) -> None:
        self.tables = {
            name: {(it["PK"]["S"], it["SK"]["S"]): it for it in rows} for name, rows in ((SOURCE, source), (TARGET, target))
        }
        self.meddling = meddling
        self.operation = ""

    def get_paginator(self, operation: str) -> Tables:
        self.operation = operation
        return self

    def paginate(self, TableName: str, ExpressionAttributeValues: Row, **_: Any) -> list[dict[str, list[Row]]]:  # noqa: N803
        part = "SK" if self.operation == "scan" else "PK"
        [value] = ExpressionAttributeValues.values()
        rows = [it for it in self.tables[TableName].values() if it[part] == value]
        return [{"Items": rows[:1]}, {"Items": rows[1:]}]

    def get_item(self, TableName: str, Key: Row, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Item": self.tables[TableName].get((Key["PK"]["S"], Key["SK"]["S"]), {})}

    def put_item(self, TableName: str, Item: Row, **condition: Any) -> None:  # noqa: N803
        self._check(TableName, Item, condition)
        self.tables[TableName][Item["PK"]["S"], Item["SK"]["S"]] = Item

    def delete_item(self, TableName: str, Key: Row, **condition: Any) -> None:  # noqa: N803
        self._check(TableName, Key, condition)
        del self.tables[TableName][Key["PK"]["S"], Key["SK"]["S"]]

    def _check(self, table: str, key: Row, condition: dict[str, Any]) -> None:
        self.meddling -= 1
        there = self.tables[table].get((key["PK"]["S"], key["SK"]["S"]))
        expected = {name[1:]: value for name, value in condition.get("ExpressionAttributeValues", {}).items()}
        is_so = there is None if "attribute_not_exists" in condition.get("ConditionExpression", "") else there is not None
        is_so = is_so and all(there is not None and there[name] == value for name, value in expected.items())
        if self.meddling >= 0 or not is_so:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")


class Fake(Stack):
    def __init__(self, tables: Tables) -> None:
        super().__init__("dev")
        self.tables = tables

    def client(self, _: str) -> Any:
        return self.tables

    def output(self, _: str) -> str:
        return TARGET


def run(tables: Tables, *words: str) -> dict[str, Any]:
    given = parser().parse_args(["--stage", "dev", "restore-rows", *words])
    return given.run(Fake(tables), given)


def claim(user: str, address: str = "a@b.example") -> Row:
    return {"PK": {"S": f"EMAIL#{address}"}, "SK": {"S": "CLAIM"}, "userId": {"S": user}}


def test_one_user_or_all_who_are_in_both_tables() -> None:
    source = [row(key, user) for user in (ASHA, BELA) for key in ("ACCOUNT", "OCC#t#1")]
    tables = Tables(source, [row("ACCOUNT", user) for user in (ASHA, BELA, CHAN)])
    assert run(tables, SOURCE, "--user", BELA)["written"] == 1
    assert (f"USER#{ASHA}", "OCC#t#1") not in tables.tables[TARGET]
    planned, done = run(tables, SOURCE, "--dry-run"), run(tables, SOURCE)
    assert (planned["users"], planned["written"], planned["restored"]) == (2, 1, False)
    assert (done["users"], done["written"], done["accounts_made_since"]) == (2, 1, 1)
    assert run(tables, SOURCE)["written"] == 0


def test_deleted_accounts_come_back_only_on_request_with_their_claims_and_without_sessions() -> None:
    source = [row(key) for key in ("ACCOUNT", "ACCOUNT#SESSION#1", "NTF#1", "INBOX", "EXPORT")]
    tables = Tables([*source, claim(ASHA)], [])
    assert run(tables, SOURCE)["accounts_deleted_since"] == [ASHA]
    assert tables.tables[TARGET] == {}
    assert run(tables, SOURCE, "--deleted-accounts")["written"] == 3
    assert {key for _, key in tables.tables[TARGET]} == {"ACCOUNT", "NTF#1", "INBOX", "CLAIM"}


def test_an_account_whose_address_is_another_s_now_stays_deleted() -> None:
    tables = Tables([ACCOUNT, claim(ASHA)], [row("ACCOUNT", BELA), claim(BELA)])
    assert run(tables, SOURCE, "--deleted-accounts")["accounts_whose_address_is_taken"] == [ASHA]
    assert (f"USER#{ASHA}", "ACCOUNT") not in tables.tables[TARGET]


def test_rows_that_change_in_the_meantime_are_looked_at_again_but_not_for_ever() -> None:
    source = [ACCOUNT, task(title={"S": "right"})]
    assert run(Tables(source, [ACCOUNT], meddling=2), SOURCE)["written"] == 1
    with pytest.raises(Problem, match="keep changing"):
        run(Tables(source, [ACCOUNT], meddling=99), SOURCE)


@pytest.mark.parametrize(
    ("words", "message"), [([TARGET], "own table"), ([SOURCE, "--user", CHAN], "no such user"), ([SOURCE], "no users")]
)
def test_a_copy_that_cannot_be_restored_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(Problem, match=message):
        run(Tables([], [ACCOUNT]), *words)
