"""The exceptions of the audits, and what they leave of a tool's findings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that a resource breaks. `resource` is its logical id."""

    rule: str
    resource: str
    title: str = ""


@dataclass(frozen=True)
class Exempted:
    """A rule that some resources may break."""

    rule: str
    pattern: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        return self.rule == finding.rule and fnmatchcase(finding.resource, self.pattern)


def read(tool: str, text: str | None = None) -> list[Exempted]:
    """The exceptions for a tool."""
    declared = tomllib.loads(FILE.read_text() if text is None else text)[tool]
    return [Exempted(rule, it["resources"], it["reason"]) for rule, it in declared.items()]


def complaints(findings: Iterable[Finding], exempted: list[Exempted]) -> list[str]:
    """A line for every finding without an exception, and for every exception without a finding or a reason."""
    found = sorted(set(findings))
    lines = [f"{it.rule} {it.resource}: {it.title}" for it in found if not any(one.covers(it) for one in exempted)]
    lines += [f"{one.rule}: nothing needs this exception" for one in exempted if not any(one.covers(it) for it in found)]
    return lines + [f"{one.rule}: the exception has no reason" for one in exempted if len(one.reason.split()) < 5]
