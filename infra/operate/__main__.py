"""`python -m infra.operate COMMAND`: see docs/operations.md."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from . import copy, redrive, restore, sessions, trigger, work
from .stack import Problem, Stack


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m infra.operate", description=__doc__)
    made.add_argument("--stage", default="local", help="dev, staging, production; local is the default")
    made.add_argument("--endpoint", help="address of the local cloud (default for local: http://127.0.0.1:4566)")
    commands = made.add_subparsers(dest="command", required=True)
    parked = commands.add_parser("parked", help="counts the dead-letter messages of each queue")
    parked.set_defaults(run=lambda stack, _: redrive.parked(stack))
    again = commands.add_parser("redrive", help="moves dead-letter messages back to their source queue")
    again.add_argument("queue", choices=[*redrive.QUEUES, "all"])
    again.add_argument("--dry-run", action="store_true", help="only counts")
    again.set_defaults(run=lambda stack, given: redrive.redrive(stack, given.queue, dry_run=given.dry_run))
    digest = commands.add_parser("digest", help="sends a user's digest for today, now")
    digest.add_argument("user", help="the user's id")
    digest.add_argument("--dry-run", action="store_true", help="only shows what would be sent")
    digest.set_defaults(run=lambda stack, given: trigger.digest(stack, given.user, dry_run=given.dry_run))
    fire = commands.add_parser("fire", help="fires a reminder now, if it is still due")
    fire.add_argument("user", help="the user's id")
    fire.add_argument("reminder", help="the reminder's id")
    fire.add_argument("--dry-run", action="store_true", help="only shows what would be sent")
    fire.set_defaults(run=lambda stack, given: trigger.fire(stack, given.user, given.reminder, dry_run=given.dry_run))
    end = commands.add_parser("end-sessions", help="ends all sessions of a user, and sign-ins in progress")
    end.add_argument("user", help="the user's id or email address")
    end.add_argument("--dry-run", action="store_true", help="only lists the sessions")
    end.set_defaults(run=lambda stack, given: sessions.end_sessions(stack, given.user, dry_run=given.dry_run))
    stop = commands.add_parser("stop-work", help="stops every function behind a queue or the stream")
    stop.add_argument("--dry-run", action="store_true", help="only lists which are running")
    stop.set_defaults(run=work.stop)
    start = commands.add_parser("start-work", help="starts them again")
    start.add_argument("--dry-run", action="store_true", help="only lists which are running")
    start.set_defaults(run=work.start)
    back = commands.add_parser("restore-rows", help="restores users' rows from a restored copy of the table")
    back.add_argument("source", help="the copy's name")
    back.add_argument("--user", help="the id of the only user to restore")
    back.add_argument("--deleted-accounts", action="store_true", help="also restores accounts that were deleted since")
    back.add_argument("--dry-run", action="store_true", help="only counts")
    back.set_defaults(run=_restore_rows)
    rows = commands.add_parser("copy-rows", help="copies another table's rows into the stage's, which must be empty")
    rows.add_argument("source", help="the other table's name")
    rows.add_argument("--dry-run", action="store_true", help="only counts")
    rows.set_defaults(run=lambda stack, given: copy.copy_rows(stack, given.source, dry_run=given.dry_run))
    return made


def _restore_rows(stack: Stack, given: argparse.Namespace) -> dict[str, Any]:
    return restore.restore_rows(
        stack, given.source, user=given.user, deleted_accounts=given.deleted_accounts, dry_run=given.dry_run
    )


def main() -> None:
    given = parser().parse_args()
    try:
        answer = given.run(Stack(given.stage, given.endpoint), given)
    except Problem as problem:
        sys.exit(f"{problem}")
    sys.stdout.write(json.dumps(answer, indent=2, default=str) + "\n")


if __name__ == "__main__":
    main()
