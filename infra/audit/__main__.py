"""`python -m infra.audit`: checkov over the template as CloudFormation gets it, for production."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from infra.local import expand
from infra.local.instance import LOCAL, TEMPLATE
from infra.local.progress import Problem, fail, say, step

from .exceptions import Finding, complaints, read

LOCK = Path(__file__).with_name("requirements.txt")
HOME = LOCAL / "checkov"


def install() -> Path:
    """Installs checkov of the lock file, once; returns its program."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = HOME / ".stamp"
    if not (stamp.exists() and stamp.read_text() == wanted):
        with step("installing checkov (once)"):
            venv.create(HOME, clear=True, with_pip=True)
            pip = [HOME / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
            done = subprocess.run([*pip, "-r", LOCK], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Problem(f"checkov could not be installed:\n{done.stderr[-2000:]}", "The first time needs the network.")
            stamp.write_text(wanted)
    return HOME / "bin" / "checkov"


def production() -> dict[str, Any]:
    """The template after SAM's transform, with production's name and the defaults."""
    template = expand.load(TEMPLATE)
    packages = {binary: f"{binary}.zip" for binary in expand.binaries(template)}
    return expand.transform(expand.with_code(template, "artifacts", packages), {"Stage": "production"})


def findings(report: dict[str, Any]) -> list[Finding]:
    """The failed checks of checkov's report."""
    failed = report["results"]["failed_checks"]
    return [Finding(it["check_id"], it["resource"].rpartition(".")[2], it["check_name"]) for it in failed]


def run(program: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="spacedly-audit-") as folder:
        file = Path(folder) / "template.json"
        file.write_text(json.dumps(production(), default=str))
        command = [program, "--file", file, "--framework", "cloudformation", "--compact", "--quiet", "--output", "json"]
        # It would look for a newer version of itself.
        environment = {**os.environ, "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise Problem(f"checkov did not run:\n{(done.stderr or done.stdout)[-2000:]}") from None


def main() -> None:
    try:
        report = run(install())
    except Problem as problem:
        fail(problem)
    exempted = read("checkov")
    summary, lines = report["summary"], complaints(findings(report), exempted)
    say(f"checkov: {summary['passed']} passed, {summary['failed']} failed of {len(exempted)} kinds with a reason")
    for line in lines:
        say(line)
    sys.exit(1 if lines or summary["parsing_errors"] else 0)


if __name__ == "__main__":
    main()
