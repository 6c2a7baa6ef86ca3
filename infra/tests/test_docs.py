"""The Markdown pages as a code host shows them: links and anchors lead somewhere, decisions are complete and listed."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import ROOT

NOT_OURS = {".git", ".local", "node_modules", "target"}
DECISIONS = ROOT / "docs" / "decisions"
# Pages of the code host itself, relative to the repository's own: /owner/name/blob/main/README.md.
HOST_PAGES = "../../actions/"
_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]: *<?([^\s>]+)", re.MULTILINE)
_HTML = re.compile(r"<(?:a|img|source|video)\b[^>]*?\b(?:href|src|srcset)=\"([^\"\s]+)", re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.+?)(?: +#+)? *$", re.MULTILINE)
_DATE = r"\d{4}-\d\d-\d\d"
_HEAD = rf"# N\. \S.*\n\n- Status: (accepted|superseded by \[.+)\n- Date: {_DATE}( \(extended {_DATE}\))?\n\n"
_SECTIONS = ["Context", "Decision", "Alternatives", "Consequences"]


def pages() -> list[Path]:
    """The Markdown files of the project."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        found += [Path(folder) / name for name in files if name.endswith(".md")]
    return sorted(found)


def prose(text: str) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """The targets of a page's links and pictures."""
    shown = prose(text)
    written = _CODE.sub("", shown)
    return _INLINE.findall(written) + _REFERENCE.findall(written) + _HTML.findall(written)


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it (https://github.com/Flet/github-slugger)."""
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    kept = (c for c in plain if c in " -_" or unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "Mn")
    return "".join(kept).strip().replace(" ", "-")


def anchors(text: str) -> set[str]:
    """All anchors of a page; equal headings are numbered."""
    seen: Counter[str] = Counter()
    found = set(re.findall(r"<[^>]*\b(?:id|name)=\"([^\"]+)\"", prose(text)))
    for heading in _HEADING.findall(prose(text)):
        name = slug(heading)
        found.add(name if seen[name] == 0 else f"{name}-{seen[name]}")
        seen[name] += 1
    return found


@cache
def anchors_of(page: Path) -> set[str]:
    """The anchors of a file."""
    return anchors(page.read_text())


def broken(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    return [link for link in links(text) if not leads_somewhere(page, text, link)]


def leads_somewhere(page: Path, text: str, link: str) -> bool:
    """Whether a link resolves inside the repository; links to other sites are not fetched."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link) or link.startswith(("//", HOST_PAGES)):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    if link.startswith("/") or not target.is_relative_to(ROOT) or not target.exists():
        return False
    if not anchor or target.suffix != ".md":
        return True
    return anchor in (anchors(text) if target == page else anchors_of(target))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_anchor_resolves(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_a_broken_link_is_noticed() -> None:
    page = ROOT / "README.md"
    text = "# A `b`: c_d, e & f\n# Two\n# Two\n```sh\n[no](nowhere.md)\n```\n`[no](nowhere.md)`\n"
    assert anchors(text) == {"a-b-c_d-e--f", "two", "two-1"}
    good = '[a](#two-1) [b](docs/api.md#upload-a-file) ![c](docs/) [d](https://example.com) <img src="LICENSE">\n[e]: Makefile\n'
    assert broken(page, text + good) == []
    bad = '[a](#three) [b](docs/api.md#no) [c](docs/no.md) [d](/etc/hosts) [e](../) <img srcset="no.svg">\n[f]: no.md\n'
    assert broken(page, text + bad) == ["#three", "docs/api.md#no", "docs/no.md", "/etc/hosts", "../", "no.md", "no.svg"]


def decisions() -> list[Path]:
    """The files of decisions, without the template."""
    return sorted(DECISIONS.glob("[0-9]*.md"))[1:]


def test_decisions_are_numbered_without_gaps_and_listed_once() -> None:
    names = [file.name for file in decisions()]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    listed = re.findall(r"^- \[(\d+\. .+?)\]\((\d{4}-[a-z0-9-]+\.md)\): \S", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    titles = {file.name: file.read_text().splitlines()[0].removeprefix("# ") for file in decisions()}
    assert sorted(listed) == sorted((title, name) for name, title in titles.items())


@pytest.mark.parametrize("file", decisions(), ids=lambda file: file.name)
def test_a_decision_has_every_part(file: Path) -> None:
    text = file.read_text()
    number = int(file.name[:4])
    assert re.match(_HEAD.replace("N", str(number), 1), text)
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == _SECTIONS
    assert all(part.strip() for part in parts[2::2])
