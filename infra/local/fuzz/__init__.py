"""Fuzzing the published contract with schemathesis: each operation, with what it takes and what it must refuse.

Twice, signed in and not. `make test` gives it a bounded number of examples, `make fuzz` many.
"""

from __future__ import annotations

import re
import sys

from ..checks import Check
from ..instance import ROOT, Instance

# Examples of each operation and phase in `make test`.
FEW = 8


def checks(instance: Instance, examples: int = FEW) -> list[Check]:
    """Both runs, against the running test instance."""
    command = [sys.executable, "-m", "infra.local.fuzz.run", str(examples)]
    reports = instance.log / "fuzz"
    return [
        Check(
            f"fuzzing the contract, {title}",
            command,
            count,
            {
                "BASE_URL": instance.public_url,
                "FUZZ_AS": who,
                "FUZZ_REPORT": str(reports / f"{who}.json"),
                "PYTHONPATH": str(ROOT),
            },
        )
        for who, title in (("user", "signed in"), ("nobody", "not signed in"))
    ]


def count(output: str) -> tuple[int, int]:
    """Reads the closing line of `run`: operations without and with failures."""
    found = re.findall(r"^operations: (\d+) passed, (\d+) failed;", output, re.MULTILINE)
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)
