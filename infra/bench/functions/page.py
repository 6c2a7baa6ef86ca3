"""The tables of `make bench`, and docs/performance.md, which is made of them."""

from __future__ import annotations

import os
import platform
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.costs.model import FULL_CORE, Model

from .cases import Case
from .measure import WARM_UP, Cost, Counted

# The sizes for which costs are computed, in MB; the last one has a full core.
_MEMORY = (128, 192, 256, 512, 1024, FULL_CORE)


@dataclass(frozen=True)
class Result:
    """One function's figures: the median of the runs and their spread, the same of the other checkout, callgrind's counts."""

    case: Case
    cost: Cost
    spread: float
    other: Cost | None = None
    counted: Counted | None = None


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def costs(results: Sequence[Result]) -> str:
    """CPU and memory; the first result is the hello-world's."""
    base = results[0].cost
    is_compared = any(result.other for result in results)
    heads = ["Function", "warm, ms", "÷ hello", "goal", "± %", "cold, ms", "÷ hello", "resident, MB", "page faults"]
    rows = []
    for result in results:
        case, cost = result.case, result.cost
        goal = f"≤ {case.goal:g}" if case.goal else ""
        row = [case.title, f"{cost.warm:.3f}", f"{cost.warm / base.warm:.1f}", goal, f"{result.spread * 50:.0f}"]
        row += [f"{cost.cold:.1f}", f"{cost.cold / base.cold:.1f}", f"{cost.resident:.1f}", f"{cost.faults:,}"]
        if is_compared:
            other = result.other
            row += [f"{other.warm:.3f}", f"{cost.warm / other.warm:.2f}"] if other else ["", ""]
        rows.append(row)
    return _table([*heads, "warm, other", "ours ÷ other"] if is_compared else heads, rows)


def calls(results: Sequence[Result]) -> str:
    """What a warm call moves and takes."""
    is_counted = any(result.counted for result in results)
    heads = ["Function", "bytes in", "bytes out", "table calls", "RCU", "WCU", "calls a second", "99 % below, ms"]
    rows = []
    for result in results:
        cost, counted = result.cost, result.counted
        row = [result.case.title, f"{cost.bytes_in:,}", f"{cost.bytes_out:,}", *(cost.table or ("", "", ""))]
        row += [f"{1000 / cost.wall:,.0f}", f"{cost.slow:.1f}"]
        if is_counted:
            row += (
                [f"{counted.first / 1e6:.1f}", f"{counted.warm / 1e6:.2f}", f"{counted.allocations:,}"] if counted else [""] * 3
            )
        rows.append(row)
    return _table([*heads, "instructions cold, M", "warm, M", "allocations"] if is_counted else heads, rows)


def sizes(binaries: dict[str, Path]) -> str:
    """Of the executables."""
    rows = []
    for name, path in binaries.items():
        content = path.read_bytes()
        rows.append([name, f"{len(content) / 1e6:.2f}", f"{len(zlib.compress(content, 9)) / 1e6:.2f}"])
    return _table(["Binary", "MB", "zipped, MB"], rows)


def growth(grown: dict[int, Sequence[Result]], reminders: int, calls_each: int) -> str:
    """The same calls for users of several sizes: the number of tasks, and the results."""
    heads = ["Function", *(f"{tasks:,} tasks, ms" for tasks in grown), "RCU", "WCU"]
    rows = []
    for same in zip(*grown.values(), strict=True):
        units = [
            " / ".join(dict.fromkeys(result.cost.table[place] if result.cost.table else "" for result in same))
            for place in (1, 2)
        ]
        rows.append([same[0].case.title, *(f"{result.cost.warm:.3f}" for result in same), *units])
    when = f"{datetime.now(UTC):%d %B %Y}"
    text = f"Milliseconds of CPU of a warm call, the mean of {calls_each} calls, {when}. Each task has {reminders} reminders."
    return text + "\n\n" + _table(heads, rows)


def memory(results: Sequence[Result]) -> str:
    """What a million warm calls would cost with several sizes of memory, and how long one takes."""
    model = Model()
    price, wait = model.prices["lambda"]["gb_second_arm64"], model.measured["waiting_ms"]["table_call"]
    rows = []
    for result in results:
        waits = wait * int((result.cost.table or ("1",))[0])
        row = [result.case.title]
        for size in _MEMORY:
            milliseconds = result.cost.warm / (size / FULL_CORE) + waits
            cold = result.cost.cold / (size / FULL_CORE)
            row.append(f"{milliseconds:.0f} ms, ${milliseconds / 1000 * size / 1024 * price * 1e6:.2f}, cold {cold:.0f} ms")
        rows.append(row)
    return _table(["Function", *(f"{size:,} MB" for size in _MEMORY)], rows)


def page(parts: dict[str, str], runs: int, calls_of_a_run: int) -> str:
    """docs/performance.md."""
    growth_section = f"## Growth\n\n{parts['growth']}\n\n" if "growth" in parts else ""
    return f"""# Performance

`make bench WRITE=1` wrote this page on {datetime.now(UTC):%d %B %Y}, on {os.cpu_count()} cores of {_processor()}.
Each release binary of `make build` ran alone, under a minimal Runtime API, against the table of the local system, and
answered {calls_of_a_run} calls in each of {runs} runs; the figures are the medians of the runs.

## CPU and memory

Milliseconds of CPU are of the function's process alone, user and system. *Cold* is from the start of the process to its
first answer; *warm* is a call after the first {WARM_UP + 1}. *÷ hello* compares with the hello-world in
`infra/bench/functions/hello`, which has the same runtime and the same build profile. *± %* is half the distance between the
lowest and the highest run. The table is reached without TLS here; on AWS, an environment's first call adds a handshake.

{parts["costs"]}

Goals that are missed: nearly nothing of what is left is our own code. A page of 50 tasks was sampled with `perf` in 400 calls
on 1 December 2026, with a release binary that kept its symbols:

| Part of a page of 50 tasks | % of the CPU |
|---|--:|
| the AWS SDK reads DynamoDB's JSON into attribute values | 13 |
| attribute maps: hashing and growing them | 10 |
| `serde_dynamo` turns the maps into rows | 3 |
| allocating and freeing, most of it for the three above | 12 |
| copying memory | 5 |
| HTTP and the runtime: hyper, tokio, the Lambda runtime | 13 |
| the AWS SDK around a call: interceptors, endpoint, retries | 7 |
| signing (SHA-256, HMAC) | 4 |
| the kernel: sockets, wake-ups | 11 |
| writing JSON | 3 |
| our own functions | 2 |
| each below 2 %: UTF-8 checks, formatting, tracing, dates | 15 |

## A call

*Calls a second* is what one environment answers when the next event always waits, and *99 % below* how long such a call
takes at most in 99 of 100 cases. Both include the local table, an emulator on the same two cores. Instructions and
allocations are counted by valgrind's callgrind, which other work on the machine does not disturb; `make guard`
compares the instructions of debug builds with recorded figures.

{parts["calls"]}

{growth_section}## Memory

The duration, the price of a million warm calls (arm64, us-east-1) and the CPU time of a cold start, computed for sizes of a
function's memory: Lambda gives a share of a core in proportion to it, a full one at {FULL_CORE:,} MB. The waits for the table are
assumed to be {Model().measured["waiting_ms"]["table_call"]:g} ms a call.

{parts["memory"]}

Waiting costs as much as computing, so more memory makes a call dearer where most of it is waiting. The template's 256 MB for
requests and events halves the cold start of 128 MB, and a warm call costs about a fifth to a third more. Functions that hash
passwords have a full core: nearly all of their time is hashing, so they answer in a tenth of the time for about a third more.

## Sizes

{parts["sizes"]}
"""


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
