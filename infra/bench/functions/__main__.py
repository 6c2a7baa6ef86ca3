"""`make bench`: what a function's process costs, beside the smallest function on the same runtime.

It measures the release binaries of `make build` against the running local system (`make run`), whose table answers them.
With --compare, the binaries of another checkout (its folder target/lambda) get the same events in turn with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path

from infra.local import expand
from infra.local.instance import ROOT, local_instance
from infra.local.progress import Problem, say, step
from infra.local.samples import EVENTS

from . import cases, growth, page
from .cases import Case
from .measure import Cost, counted, median, run, spread
from .page import Result

HELLO = Path(__file__).resolve().parent / "hello"
PAGE = ROOT / "docs" / "performance.md"
# The section on growth, which takes longer to measure than all others.
GROWTH = Path(__file__).resolve().parent / "growth.md"
_HELLO_NAME = "hello-world"


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
    words.add_argument("--growth", action="store_true", help="measure users of three sizes too (writes 100,000 rows)")
    words.add_argument("--write", action="store_true", help="write docs/performance.md, with instructions")
    given = words.parse_args()
    given.instructions = given.instructions or given.write
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
    parts = {"costs": page.costs(results), "calls": page.calls(results), "memory": page.memory(results[1:])}
    parts["sizes"] = page.sizes(_binaries(given.binaries, hello))
    if given.growth:
        # The emulated table takes a second for a call beside 100,000 rows.
        few = argparse.Namespace(**{**vars(given), "runs": 1, "calls": min(given.calls, 20)})
        grown = {}
        for size in growth.sizes(local_instance()):
            grown[size.tasks] = [
                _measure(case, _executable(given.binaries, names[case.function]), None, few, is_counted=False)
                for case in size.cases
            ]
        parts["growth"] = page.growth(grown, growth.REMINDERS, few.calls)
        GROWTH.write_text(parts["growth"] + "\n")
    elif GROWTH.exists():
        parts["growth"] = GROWTH.read_text().strip()
    say("\n" + "\n\n".join(parts.values()))
    if given.write:
        PAGE.write_text(page.page(parts, given.runs, given.calls))
        say(f"\nWritten to {PAGE.relative_to(ROOT)}.")


def _binaries(folder: Path, hello: Path) -> dict[str, Path]:
    return {_HELLO_NAME: hello, **{name: _executable(folder, name) for name in sorted(set(cases.binaries().values()))}}


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


def _measure(case: Case, binary: Path, other: Path | None, given: argparse.Namespace, *, is_counted: bool = True) -> Result:
    ours: list[Cost] = []
    theirs: list[Cost] = []
    with step(case.title) as running:
        for number in range(given.runs):
            ours.append(run(binary, case.environment, case.events, given.calls))
            if other:
                theirs.append(run(other, case.environment, case.events, given.calls))
            running.note = f"run {number + 1} of {given.runs}"
        count = counted(binary, case.environment, case.events) if given.instructions and is_counted else None
        cost = median(ours)
        running.result = f"{cost.warm:.3f} ms warm, {cost.cold:.1f} ms cold"
    return Result(case, cost, spread(ours), median(theirs) if theirs else None, count)


if __name__ == "__main__":
    main()
