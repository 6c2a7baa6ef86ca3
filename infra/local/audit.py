"""`make audit`: known vulnerabilities of all locked crates, npm packages and Python packages.

It queries databases that change every day, so it needs the network and is not part of `make test`.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .checks import environment, install_cargo_tools
from .instance import LOCAL, ROOT
from .progress import Problem, say, step

HERE = ROOT / "infra" / "local"
LOCK = HERE / "requirements-audit.txt"
VENV = LOCAL / "audit"
PYTHON_LOCKS = ("requirements.txt", "requirements-tools.txt", "requirements-audit.txt")
NEEDS_NETWORK = (
    "It needs the network (proxy: HTTPS_PROXY). Advisories are the only check that does; try again where there is one."
)

# Messages of the tools when a database is unreachable. cargo-deny clones a repository, npm and pip-audit call an API.
_UNREACHABLE = re.compile(
    r"failed to fetch advisory database|audit endpoint returned an error|could not be audited|ENOTFOUND|ECONNREFUSED"
    r"|Temporary failure in name resolution|Failed to establish a new connection|failed to resolve address"
    r"|Could not connect|Connection(?:Error| refused| reset)|timed? ?out|network is unreachable",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Audit:
    """A command that fails if there is an advisory or if its database is unreachable."""

    title: str
    command: Sequence[str]
    folder: Path = ROOT


def audits() -> list[Audit]:
    """One audit for the crates, and one for each lock file of npm and of Python packages."""
    crates = ["cargo-deny", "--all-features", "check", "--hide-inclusion-graph", "advisories"]
    found = [Audit("crates", crates)]
    for lock in sorted(_tracked("package-lock.json")):
        folder = ROOT / lock.parent
        found.append(Audit(f"npm packages of {lock.parent}", ["npm", "audit", "--package-lock-only"], folder))
    pip_audit = [str(VENV / "bin" / "pip-audit"), "--strict", "--disable-pip", "--progress-spinner=off"]
    for name in PYTHON_LOCKS:
        found.append(Audit(f"Python packages of {name}", [*pip_audit, "--require-hashes", "-r", name], HERE))
    return found


def _tracked(name: str) -> list[Path]:
    """The files of this name that belong to the project."""
    listed = subprocess.run(["git", "ls-files", f"*{name}"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(line) for line in listed.stdout.splitlines()]


def install() -> None:
    """Creates the environment of pip-audit, unless it already matches the lock file."""
    stamp, wanted = VENV / ".stamp", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with step("installing pip-audit (once)"):
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False)
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        done = made if made.returncode else subprocess.run([*pip, "-r", str(LOCK)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(f"pip-audit could not be installed:\n{done.stderr[-1000:]}", NEEDS_NETWORK)
        stamp.write_text(wanted)


@dataclass(frozen=True)
class Outcome:
    """The result of an audit: `clean`, `advisories` or `unreachable`."""

    word: str
    output: str


def judge(status: int, output: str) -> Outcome:
    """The outcome that an audit's exit status and output mean."""
    if status == 0:
        return Outcome("clean", output)
    return Outcome("unreachable" if _UNREACHABLE.search(output) else "advisories", output)


def run(audit: Audit) -> Outcome:
    """Runs one audit and returns its outcome."""
    done = subprocess.run(
        audit.command,
        cwd=audit.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return judge(done.returncode, done.stdout)


def audit_all(wanted: Sequence[Audit], ask: Callable[[Audit], Outcome] = run) -> None:
    """Runs all audits, and then reports their findings.

    Raises a `Problem` if there is an advisory or if a database was unreachable, since an audit that did not run is not clean.
    """
    found: dict[str, list[str]] = {"advisories": [], "unreachable": []}
    for audit in wanted:
        with step(audit.title) as running:
            outcome = ask(audit)
            running.result = outcome.word
        if outcome.word != "clean":
            found[outcome.word].append(audit.title)
            lines = outcome.output.strip().splitlines()
            say("\n".join("  │ " + line for line in (lines if outcome.word == "advisories" else lines[-3:])))
    if found["advisories"]:
        raise Problem(
            f"There are advisories: {', '.join(found['advisories'])}.",
            "Update the packages that they name. List an advisory that does not apply, with its reason, in deny.toml "
            "or beside the lock file.",
        )
    if found["unreachable"]:
        raise Problem(f"No advisories could be read: {', '.join(found['unreachable'])}.", NEEDS_NETWORK)


def main() -> None:
    """`make audit`."""
    install_cargo_tools()
    install()
    audit_all(audits())
    say("No advisories.")
