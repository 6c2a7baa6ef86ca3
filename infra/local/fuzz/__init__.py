"""Fuzzes the published contract with schemathesis: each operation, with valid and invalid requests.

It runs twice, signed in and not signed in. `make test` uses a bounded number of examples, `make fuzz` many.
"""

from __future__ import annotations

import re
import sys

from ..checks import Check
from ..instance import ROOT, Instance

# The number of examples per operation and phase in `make test`, and the seed: each run uses the same examples, so that
# the result depends on the change alone.
FEW = 8
SEED = "1"


def checks(instance: Instance, examples: int = FEW, seed: str = SEED) -> list[Check]:
    """Both runs, against the running test instance. Without a seed, each run uses different examples."""
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
                "SEED": seed,
            },
        )
        for who, title in (("user", "signed in"), ("nobody", "not signed in"))
    ]


def count(output: str) -> tuple[int, int]:
    """Reads the closing line of `run`: the numbers of operations without and with failures."""
    found = re.findall(r"^operations: (\d+) passed, (\d+) failed;", output, re.MULTILINE)
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)
