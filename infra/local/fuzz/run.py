"""`python -m infra.local.fuzz.run EXAMPLES`: runs schemathesis, and prints a closing line with the counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.local.instance import ROOT

HERE = Path(__file__).parent


def command(examples: str, report: Path) -> list[str]:
    """The schemathesis command with its settings; `SEED` repeats a run."""
    program = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
        "docs/openapi.json",
    ]
    options = ["--url", os.environ["BASE_URL"], "--max-examples", examples, "--report-json-path", str(report)]
    seed = os.environ.get("SEED")
    return [*program, *options, "--no-color", *(["--seed", seed] if seed else [])]


def closing_line(report: dict[str, Any]) -> str:
    """The numbers of operations without and with failures, and of calls."""
    operations = report["operations"] or {"tested": 0, "errored": 0, "selected": 1}
    failed = {label for failure in report["failures"] for label in failure["operations"]}
    # An operation that was not tested has not passed.
    untried = operations["selected"] - operations["tested"]
    bad = max(len(failed), operations["errored"]) + untried
    passed = operations["selected"] - bad
    calls = report["test_cases"]["generated"]
    return f"operations: {passed} passed, {bad} failed; {calls} calls in {report['running_time']:.0f} s, seed {report['seed']}"


def main() -> None:
    report = Path(os.environ["FUZZ_REPORT"])
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "infra.local.fuzz.hooks"}
    done = subprocess.run(command(sys.argv[1], report), cwd=ROOT, env=environment, check=False)
    if report.exists():
        print(closing_line(json.loads(report.read_text())), flush=True)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
