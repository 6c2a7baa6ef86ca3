"""The developer's loop: `make unit` runs everything below HTTP, `make api` runs API tests against `make run`."""

from __future__ import annotations

import subprocess
import time

from . import testrun
from .build import cargo
from .checks import API_TESTS, NEXTEST, POSTGRES, environment, install_cargo_tools
from .instance import ROOT, local_instance
from .processes import is_listening
from .progress import Problem, say, took


def unit(*filters: str) -> None:
    """`make unit`: unit and store tests with cargo-nextest, which starts a process per test; `filters` are parts of names."""
    started = time.monotonic()
    install_cargo_tools(NEXTEST)
    if (installing := time.monotonic() - started) > 1:
        say(f"Installing cargo-nextest took {took(installing)}.")
    command = cargo("nextest", "run", "--workspace", "--exclude", API_TESTS, "--no-fail-fast", *filters)
    _end(subprocess.run(command, cwd=ROOT, env=environment(POSTGRES), check=False).returncode)


def api(*filters: str) -> None:
    """`make api`: the API tests whose names contain one of the words, against the system that `make run` started."""
    instance = local_instance()
    if not is_listening(instance.port):
        raise Problem(
            f"Nothing listens on port {instance.port}.", "Start the system with 'make run' in another terminal (or 'make start')."
        )
    command = cargo("test", "-p", API_TESTS, "--no-fail-fast", "--", *filters)
    _end(subprocess.run(command, cwd=ROOT, env=environment(testrun.api_environment(instance)), check=False).returncode)


def _end(status: int) -> None:
    if status != 0:
        # cargo has printed the failures.
        raise SystemExit(1)
