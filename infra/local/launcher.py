"""Runs MiniStack with our corrections: `python -m infra.local.launcher`, in an environment that `supervisor` prepares.

It ends on SIGTERM, and also when its standard input closes, which means that its parent process has ended. In both
cases it saves its state first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from .cloud import MARKER
from .patches import PatchError


def _end_with_parent() -> None:
    """Waits for the end of standard input, then asks this process to stop."""
    # Not through sys.stdin: a thread that waits there breaks the interpreter's shutdown.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def correct(functions_log: Path, mailbox: Path, marker: Path) -> None:
    """Applies every correction; raises a PatchError if the emulator has changed."""
    import socketserver

    import hypercorn.config
    from ministack import app
    from ministack.core import iam_actions, iam_evaluator, lambda_runtime
    from ministack.services import dynamodb, lambda_svc, s3, scheduler, ses_v2

    from . import iam_patches, patches

    patches.speed_up(socketserver, lambda_runtime, scheduler, hypercorn.config.Config)
    patches.rest_when_idle(socketserver, lambda_runtime)
    patches.real_events(lambda_svc)
    patches.keep_function_logs(lambda_runtime, functions_log)
    patches.refuse_mail(ses_v2)
    patches.keep_mail(ses_v2, mailbox)
    patches.restart_streams(lambda_svc)
    patches.mark_saves(app, marker, os.environ.get("GATEWAY_PORT", ""))
    patches.count_as_encrypted(app)
    iam_patches.know_leading_keys(iam_actions, iam_evaluator, dynamodb)
    iam_patches.know_resources(app, iam_actions, ses_v2)
    iam_patches.know_batches(iam_evaluator)
    iam_patches.hide_missing_objects(app, s3)


def main() -> None:
    marker = Path(os.environ["STATE_DIR"]) / MARKER
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        correct(Path(os.environ["LOCAL_FUNCTIONS_LOG"]), Path(os.environ["LOCAL_MAILBOX"]), marker)
    except PatchError as error:
        raise SystemExit(f"PATCH: {error}") from error
    from ministack.app import main as ministack

    sys.argv = ["ministack"]
    ministack()


if __name__ == "__main__":
    main()
