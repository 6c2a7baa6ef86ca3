"""What `make audit` makes of what its tools say."""

from __future__ import annotations

import pytest

from infra.local import audit
from infra.local.audit import Audit, Outcome
from infra.local.instance import ROOT
from infra.local.progress import Problem

CRATES, NPM = Audit("crates", ["true"]), Audit("npm packages", ["true"])


@pytest.mark.parametrize(
    ("status", "output", "word"),
    [
        (0, "advisories ok", "clean"),
        (1, "error[vulnerability]: heap overflow\n  = ID: RUSTSEC-2026-0001", "advisories"),
        (1, "[ERROR] failed to fetch advisory database https://github.com/rustsec/advisory-db", "unreachable"),
        (1, "npm error audit endpoint returned an error", "unreachable"),
        (1, "1 critical severity vulnerability", "advisories"),
        (1, "Dependency not found on PyPI and could not be audited: yarl (1.25.1)", "unreachable"),
        (1, "Found 1 known vulnerability in 1 package\nyarl 1.0 PYSEC-2026-1 1.1", "advisories"),
    ],
)
def test_an_advisory_is_told_from_a_database_that_could_not_be_asked(status: int, output: str, word: str) -> None:
    assert audit.judge(status, output).word == word


def test_all_are_asked_before_one_is_reported() -> None:
    asked = []

    def ask(wanted: Audit) -> Outcome:
        asked.append(wanted)
        return Outcome("advisories" if wanted is CRATES else "unreachable", "RUSTSEC-2026-0001")

    with pytest.raises(Problem, match="advisories: crates"):
        audit.audit_all([CRATES, NPM], ask)
    assert asked == [CRATES, NPM]


def test_what_could_not_be_asked_is_not_clean() -> None:
    with pytest.raises(Problem, match="No advisories could be read: npm") as problem:
        audit.audit_all([CRATES, NPM], lambda wanted: Outcome("clean" if wanted is CRATES else "unreachable", ""))
    assert "network" in problem.value.remedy
    audit.audit_all([CRATES, NPM], lambda _: Outcome("clean", ""))


def test_every_lock_of_the_project_is_audited() -> None:
    folders = {wanted.folder for wanted in audit.audits() if wanted.command[0] == "npm"}
    assert {ROOT / "clients/typescript", ROOT / "infra/local/oidc", ROOT / "tests/browser"} <= folders
    locks = {path.name for path in (ROOT / "infra/local").glob("requirements*.txt")}
    assert locks == set(audit.PYTHON_LOCKS)
