"""The progress output of the commands: one line per step, with its duration.

On a terminal, the line of a running step counts the seconds. Elsewhere, a long step prints every 20 s that it is still
running, so that a log shows progress.
"""

from __future__ import annotations

import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Problem(Exception):
    """An error that the user can act on: one sentence says what is wrong, another what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class Step:
    """A running step: `note` is shown after its title while it runs, `result` when it is done."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self.result = ""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def _symbol(good: str, plain: str) -> str:
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return good if encoding.startswith("utf") else plain


def say(text: str = "") -> None:
    """Prints one line immediately, even into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def took(seconds: float) -> str:
    """A readable duration: `0.4 s`, `2 min 05 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _line(mark: str, step: Step, tail: str) -> str:
    return f"{mark} {step.title:<34} {took(step.seconds):>12}{'  ' + tail if tail else ''}"


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Shows `title` while the block runs; an exception marks the step as failed and propagates."""
    running = Step(title)
    done = threading.Event()
    terminal = sys.stdout.isatty()

    def tick() -> None:
        while not done.wait(1 if terminal else 20):
            line = _line(_symbol("▸", ">"), running, _COLOUR.sub("", running.note)[:60])
            # A line that wraps cannot be overwritten.
            line = line[: shutil.get_terminal_size().columns - 1] if terminal else line
            sys.stdout.write(f"\r\033[K{line}" if terminal else f"{line}\n")
            sys.stdout.flush()

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    mark = _symbol("✗", "x")
    try:
        yield running
        mark = _symbol("✓", "+")
    finally:
        done.set()
        ticker.join()
        say(("\r\033[K" if terminal else "") + _line(mark, running, running.result))


def report(problem: Problem) -> None:
    """Writes the problem and its solution to standard error."""
    text = f"\n{_symbol('✗', 'x')} {problem.what}\n"
    if problem.remedy:
        text += f"  {_symbol('→', '->')} {problem.remedy}\n"
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()


def fail(problem: Problem) -> NoReturn:
    """Ends the command with the problem's two sentences on standard error."""
    report(problem)
    raise SystemExit(1)
