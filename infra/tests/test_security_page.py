"""docs/security.md names what is there: its counts are those of its rows, and its evidence exists."""

from __future__ import annotations

import re
import subprocess
from collections import Counter

from conftest import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
ROW = re.compile(r"^\| ([\d.]+(?:–[\d.]+)?) \| (met|not met|n/a) \| (.+) \|$", re.MULTILINE)


def items(cell: str) -> list[str]:
    """The items of a cell: `1.2.6–1.2.8` are three."""
    first, _, last = cell.partition("–")
    chapter, number = first.rsplit(".", 1)
    return [f"{chapter}.{n}" for n in range(int(number), int((last or first).rsplit(".", 1)[1]) + 1)]


def test_every_item_has_one_row_and_the_counts_are_theirs() -> None:
    rows = [(item, state) for cell, state, _ in ROW.findall(PAGE) for item in items(cell)]
    assert len(rows) == len(dict(rows)) == 253
    counted = Counter(state for _, state in rows)
    stated = f"{counted['met']} met, {counted['not met']} not met, {counted['n/a']} not applicable"
    assert f"**{stated}**" in PAGE.replace("\n", " ")


def test_what_is_not_met_says_why() -> None:
    for cell, state, text in ROW.findall(PAGE):
        if state == "not met":
            assert len(text) > 60, f"{cell}: {text}"


def test_the_files_and_tests_that_it_names_exist() -> None:
    quoted = set(re.findall(r"`([^`\n]+)`", PAGE))
    files = {it for it in quoted if re.fullmatch(r"[\w.-]+(/[\w.-]+)+", it) and not it.startswith("application")}
    missing = [it for it in files if not (ROOT / it).exists()]
    assert missing == []
    names = {it for it in quoted if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){3,}", it)}
    assert len(names) > 50
    tracked = subprocess.run(
        ["git", "grep", "-hoE", r"\b[a-z0-9]+(_[a-z0-9]+){3,}\b", "--", "*.rs", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert names - set(tracked.stdout.split()) == set()
