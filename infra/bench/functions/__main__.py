"""`make bench`: what a function's process costs, beside the smallest function on the same runtime.

It measures the release binaries of `make build` against the running local system (`make run`), whose table answers them.
With --compare, the binaries of another checkout (its folder target/lambda) get the same events in turn with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local import expand
from infra.local.instance import ROOT, local_instance
from infra.local.progress import Problem, say, step
from infra.local.samples import EVENTS

from . import cases
from .cases import Case
from .measure import WARM_UP, Cost, instructions, median, run, spread

HELLO = Path(__file__).resolve().parent / "hello"
PAGE = ROOT / "docs" / "performance.md"
_HELLO_NAME = "hello-world"


@dataclass(frozen=True)
class Result:
    """One function's figures: the median of the runs and their spread, the same of the other checkout, instructions."""

    case: Case
    cost: Cost
    spread: float
    other: Cost | None
    counted: tuple[int, int] | None


def main() -> None:
    words = argparse.ArgumentParser(prog="make bench", description=__doc__)
    words.add_argument(
        "--binaries",
        type=Path,
        default=ROOT / expand.LAMBDA,
        help="the folder of the release binaries",
    )
    words.add_argument("--compare", type=Path, help="the same of another checkout")
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--calls", type=int, default=200, help="calls a run")
    words.add_argument("--only", default="", help="a part of the function's name")
    words.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions too (needs valgrind; takes minutes)",
    )
    words.add_argument("--write", action="store_true", help="write docs/performance.md")
    given = words.parse_args()
    hello = _build_hello()
    with step("making an account with a page of everything"):
        wanted = [case for case in cases.prepare(local_instance()) if given.only in case.function]
    event = json.loads((EVENTS / "service-health.json").read_text())
    smallest = Case(
        _HELLO_NAME,
        _HELLO_NAME,
        cases.cycle([event]),
        environment={**wanted[0].environment, "_HANDLER": _HELLO_NAME},
    )
    results = [_measure(smallest, hello, None, given)]
    names = cases.binaries()
    for case in wanted:
        binary = names[case.function]
        results.append(
            _measure(
                case,
                _executable(given.binaries, binary),
                given.compare and _executable(given.compare, binary),
                given,
            )
        )
    table = _table(results)
    say("\n" + table)
    if given.write:
        PAGE.write_text(_page(table, _sizes(given.binaries, hello), given))
        say(f"\nWritten to {PAGE.relative_to(ROOT)}.")


def _executable(folder: Path, binary: str) -> Path:
    # `make build` gives each binary a folder; cargo does not.
    for path in (folder / binary / "bootstrap", folder / binary):
        if path.is_file():
            return path
    raise Problem(f"There is no {binary} in {folder}.", "Run: make build")


def _build_hello() -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "hello"
    with step("building the hello-world"):
        command = [
            "cargo",
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
            str(HELLO / "Cargo.toml"),
            "--target-dir",
            str(target),
        ]
        if subprocess.run(command, check=False).returncode != 0:
            raise Problem("The hello-world did not build.")
    return target / "release" / "hello"


def _measure(case: Case, binary: Path, other: Path | None, given: argparse.Namespace) -> Result:
    ours: list[Cost] = []
    theirs: list[Cost] = []
    with step(case.title) as running:
        for number in range(given.runs):
            ours.append(run(binary, case.environment, case.events, given.calls))
            if other:
                theirs.append(run(other, case.environment, case.events, given.calls))
            running.note = f"run {number + 1} of {given.runs}"
        counted = instructions(binary, case.environment, case.events) if given.instructions else None
        cost = median(ours)
        running.result = f"{cost.warm:.3f} ms warm, {cost.cold:.1f} ms cold"
    return Result(case, cost, spread(ours), median(theirs) if theirs else None, counted)


def _table(results: Sequence[Result]) -> str:
    base = results[0].cost
    heads = [
        "Function",
        "warm, ms",
        "÷ hello",
        "goal",
        "± %",
        "cold, ms",
        "÷ hello",
        "wall, ms",
        "resident, MB",
        "page faults",
        "bytes in",
        "bytes out",
    ]
    if any(result.other for result in results):
        heads += ["warm, other", "ours ÷ other"]
    if any(result.counted for result in results):
        heads += ["instructions, first answer", "instructions, warm"]
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    for result in results:
        case, cost = result.case, result.cost
        row = [
            case.title,
            f"{cost.warm:.3f}",
            f"{cost.warm / base.warm:.1f}",
            f"≤ {case.goal}" if case.goal else "",
        ]
        row += [
            f"{result.spread * 50:.0f}",
            f"{cost.cold:.1f}",
            f"{cost.cold / base.cold:.1f}",
            f"{cost.wall:.2f}",
        ]
        row += [
            f"{cost.resident:.1f}",
            f"{cost.faults:,}",
            f"{cost.bytes_in:,}",
            f"{cost.bytes_out:,}",
        ]
        if "warm, other" in heads:
            row += [f"{result.other.warm:.3f}", f"{cost.warm / result.other.warm:.2f}"] if result.other else ["", ""]
        if result.counted:
            row += [f"{result.counted[0]:,}", f"{result.counted[1]:,}"]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _sizes(folder: Path, hello: Path) -> str:
    found = {name: _executable(folder, name) for name in sorted(set(cases.binaries().values()))}
    lines = ["| Binary | MB | zipped, MB |", "|---|--:|--:|"]
    for name, path in {_HELLO_NAME: hello, **found}.items():
        content = path.read_bytes()
        lines.append(f"| {name} | {len(content) / 1e6:.1f} | {len(zlib.compress(content, 9)) / 1e6:.1f} |")
    return "\n".join(lines)


def _page(table: str, sizes: str, given: argparse.Namespace) -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        "",
    )
    when = f"{datetime.now(UTC):%d %B %Y}"
    return f"""# Performance

Written by `make bench WRITE=1`: {when}, {os.cpu_count()} cores of {model or platform.machine()};
{given.runs} runs of {given.calls} calls each, the median of the runs. The release binaries of `make build` run one at a time
under a minimal Runtime API, against the table of the local system. Milliseconds of CPU are those of the function's process
alone, user and system, of all its threads. *Cold* is from exec to the first answer, *warm* a call after the first
{WARM_UP + 1}. *÷ hello* compares with the hello-world in `infra/bench/functions/hello`, on the same runtime and with the same
build profile. *± %* is half the distance between the fastest and the slowest run. The table is reached by plain HTTP here:
TLS on AWS adds its handshake to the first call of an environment.

{table}

## Sizes

{sizes}
"""


if __name__ == "__main__":
    main()
