"""Reads the page of budgets that opens shared/src/store/keys.rs: calls and units of every route and event function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "shared" / "src" / "store" / "keys.rs"
_SAME = "the same, "
# A number; what it is per, with how many of that; or what it comes with.
_AMOUNT = re.compile(r"(½|\d+)(?: per (?:further )?(?:(\d+) )?([A-Za-z]+)| (with|for|each))?")


@dataclass(frozen=True)
class Budget:
    """A row of the page: its calls in order, and the table's units as they are written there."""

    calls: str
    reads: str
    writes: str

    @property
    def steps(self) -> int:
        """Calls of the table that wait for one another."""
        if self.calls.startswith("none"):
            return 0
        return len(re.split(r" → |→ ", self.calls.split(";")[0]))

    def read_units(self, kb: float = 0, each: float = 0, alternative: int = 0) -> float:
        return units(self.reads, kb, each, alternative)

    def write_units(self, kb: float = 0, each: float = 0, alternative: int = 0) -> float:
        return units(self.writes, kb, each, alternative)


def units(text: str, kb: float = 0, each: float = 0, alternative: int = 0) -> float:
    """The units that a cell says for so many KB read, and for so many of what it counts `per`.

    Of a cell's alternatives the first is the usual case; one that has fewer has its last.
    """
    alternatives = [part for part in re.split(r"[;,] (?!\+)", text) if _AMOUNT.search(part)]
    if not alternatives:
        raise ValueError(f"no number of units in {text!r}")
    chosen = alternatives[min(alternative, len(alternatives) - 1)]
    total = 0.0
    for part in re.split(r",? \+ ", chosen):
        found = _AMOUNT.search(part)
        if not found:
            raise ValueError(f"no number of units in {part!r}")
        number = 0.5 if found[1] == "½" else float(found[1])
        if found[3] == "KB":
            number *= kb / float(found[2] or 1)
        elif found[3] or (part != chosen and found[4]):
            number *= each
        total += number
    return total


def read(page: Path = PAGE) -> dict[str, Budget]:
    """The rows by name. `the same, X` is `ROUTE, X`."""
    text = page.read_text()
    _, _, rest = text.partition("//! | Route | Calls | RCU | WCU |\n")
    rows, last = {}, ""
    for line in rest.splitlines()[1:]:
        if not line.startswith("//! | "):
            break
        name, calls, reads, writes = line.removeprefix("//! | ").removesuffix(" |").split(" | ")
        if name.startswith(_SAME):
            name = f"{last}, {name.removeprefix(_SAME)}"
        else:
            last = name
        rows[name] = Budget(calls, reads, writes)
    if not rows:
        raise ValueError(f"{page} has no table of budgets")
    return rows
