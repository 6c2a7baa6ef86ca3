"""Detects disturbances while tests run: a paused machine, a jump of its clock, an unresponsive local cloud.

Hosts pause, move and starve their virtual machines. A test that was waiting then fails although nothing is wrong with
it; the report says when this happened and for how long, so that nobody searches for a bug.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

# The interval between two checks, and the delay that is too long for a merely busy machine; in seconds.
_STEP = 0.5
_LONG = 3.0
# How long to wait for the cloud; longer than any pause that a run survives.
_PATIENCE = 300.0


@dataclass
class Watch:
    """Watches during its `with` block; `seen` has a line for each disturbance."""

    health_url: str = ""
    seen: list[str] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        looks = [self._look_at_clocks, *([self._look_at_cloud] if self.health_url else [])]
        for look in looks:
            threading.Thread(target=look, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()

    def judge(self, slept: float, passed: float) -> None:
        """Compares the clocks after a sleep of `_STEP`: `slept` by the monotonic clock, `passed` by the wall clock."""
        if slept - _STEP > _LONG:
            self._note(f"the machine stood still for {slept - _STEP:.0f} s")
        if abs(passed - slept) > _LONG:
            self._note(f"the machine's clock jumped by {passed - slept:+.0f} s")

    def _look_at_clocks(self) -> None:
        while not self._done.is_set():
            monotonic, wall = time.monotonic(), time.time()
            time.sleep(_STEP)
            self.judge(time.monotonic() - monotonic, time.time() - wall)

    def _look_at_cloud(self) -> None:
        while not self._done.wait(_STEP):
            asked = time.monotonic()
            try:
                with urllib.request.urlopen(self.health_url, timeout=_PATIENCE) as answer:
                    answer.read()
            except OSError as error:
                if not self._done.is_set():
                    self._note(f"the local cloud did not answer: {error}")
                    self._done.wait(_LONG)
                continue
            if (waited := time.monotonic() - asked) > _LONG:
                self._note(f"the local cloud took {waited:.0f} s to say that it is well")

    def _note(self, what: str) -> None:
        self.seen.append(f"{datetime.now():%H:%M:%S} {what}")
