"""The runner of the documentation's commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local import commands
from infra.local.instance import ROOT


def test_every_page_but_those_about_aws_is_run() -> None:
    pages = {str(file.relative_to(ROOT)) for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
    with_commands = {page for page in pages if commands.blocks(page)}
    assert with_commands - {"docs/operations.md"} <= set(commands.PAGES)
    assert {"README.md", "docs/api.md"} <= with_commands


def test_a_block_calls_the_running_system_and_only_resolves_make_targets() -> None:
    script = commands.script(
        "API=http://localhost:3000/api\nmake run     # starts it\ncurl -s $API/tasks", "http://localhost:3100"
    )
    first, make, last = script.splitlines()
    assert (first, last) == ("API=http://localhost:3100/api", "curl -s $API/tasks")
    assert re.match(r"make --dry-run .* run ", make)


def test_a_block_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "PAGE.md").write_text("```sh\nWORD=one\n```\n```sh\ntest $WORD = two\n```\n```sh\nmake no-such-target\n```\n")
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    monkeypatch.setattr(commands, "PAGES", ("PAGE.md",))
    assert commands.main("http://localhost:1") == 1
    outcomes = [line.split(": ")[0] for line in capsys.readouterr().out.splitlines() if re.match("ok|failed", line)]
    assert outcomes == ["ok", "failed", "failed"]
