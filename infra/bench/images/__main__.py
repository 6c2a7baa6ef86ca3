"""`make bench-images`: prints a table of ratios, ours to sharp's, and whether the goals are reached."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.local.instance import LOCAL, ROOT
from infra.local.progress import Problem, say, step

from .measure import Cost, bytes_at, cost, run

HERE = Path(__file__).resolve().parent
WORK = LOCAL / "bench" / "images"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
OURS = TARGET / "release" / "examples" / "optimize"
SCORE = TARGET / "score" / "debug" / "score"
# sharp's qualities from which its bytes at our quality are read.
QUALITIES = {"webp": (50, 60, 65, 70, 75, 80, 90), "png": (20, 40, 60, 70, 80, 90, 100)}
# What the original asks for (WebP as in the contract; the original gives PNG its default).
ORIGINAL = {"webp": "70", "png": "80"}


@dataclass(frozen=True)
class Result:
    """A picture, ours beside sharp's. `quality` and `theirs_quality` are SSIMULACRA2 scores; `at_equal` is the ratio of
    bytes when sharp is set to our score, None where none of its settings reaches it."""

    name: str
    kind: str
    ours: Cost
    theirs: Cost
    quality: float
    theirs_quality: float
    at_equal: float | None

    @property
    def warm(self) -> float:
        return self.ours.warm / self.theirs.warm

    @property
    def cold(self) -> float:
        return self.ours.cold / self.theirs.cold

    @property
    def memory(self) -> float:
        return self.ours.memory / self.theirs.memory

    @property
    def bytes(self) -> float:
        return self.ours.made["bytes"] / self.theirs.made["bytes"]


def build() -> None:
    """Compiles our side with the profile that is deployed, the scorer apart, and installs sharp."""
    commands = [
        ("our optimizer", ["cargo", "build", "--locked", "--release", "--quiet", "-p", "media", "--example", "optimize"], ROOT),
        ("the scorer", ["cargo", "build", "--locked", "--quiet", "--target-dir", str(TARGET / "score")], HERE / "score"),
        ("sharp", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], HERE),
    ]
    for title, command, folder in commands:
        if title == "sharp" and (HERE / "node_modules" / "sharp").is_dir():
            continue
        with step(title):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Problem(f"{title} could not be made:\n{done.stderr[-2000:]}", "The first time needs the network.")


def pictures(given: str | None) -> list[Path]:
    """Those of the folder, else ours."""
    folder = Path(given) if given else WORK / "pictures"
    if not given and not (folder / "cut-out.png").exists():
        with step("making pictures"):
            run(["node", str(HERE / "pictures.mjs"), str(folder), str(ROOT / "media/tests/files/cat.jpg")])
    found = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".jpeg", ".png", ".webp"))
    if not found:
        raise Problem(f"There are no pictures in {folder}.")
    return found


def score(reference: Path, made: list[Path]) -> list[float]:
    """SSIMULACRA2 of each file."""
    return [float(value) for value in json.loads(run([str(SCORE), str(reference), *map(str, made)]).printed)]


def compare(path: Path, repeats: int, rounds: int) -> Result:
    """Measures both sides on one picture."""
    folder = WORK / "made" / path.stem
    sharp = ["node", str(HERE / "sharp.mjs")]
    ours = cost([str(OURS)], path, folder / "ours", [], repeats, rounds)
    kind = "png" if ours.made["kind"] == "png" else "webp"
    theirs = cost(sharp, path, folder / "sharp", [kind, ORIGINAL[kind]], repeats, rounds)
    reference = folder / "reference.png"
    run(["node", str(HERE / "reference.mjs"), str(path), str(reference)])
    curve, sizes = [], []
    for quality in QUALITIES[kind]:
        there = folder / f"sharp-{quality}"
        there.mkdir(parents=True, exist_ok=True)
        run([*sharp, str(path), "1", str(there), kind, str(quality)])
        curve.append(there / "picture")
        sizes.append((there / "picture").stat().st_size)
    our_score, their_score, *scores = score(reference, [folder / "ours" / "picture", folder / "sharp" / "picture", *curve])
    equal = bytes_at(our_score, list(zip(scores, sizes, strict=True)))
    return Result(path.name, kind, ours, theirs, our_score, their_score, ours.made["bytes"] / equal if equal else None)


def show(results: list[Result]) -> None:
    """A line a picture: ratios, then what they are ratios of."""
    say(f"{'':<74}{'ours':^36}{'sharp':^36}".rstrip())
    columns = f"{'ms':>8}{'cold ms':>9}{'MB':>5}{'kB':>6}{'score':>7} "
    say(f"{'picture':<26}{'as':<6}{'warm':>6}{'cold':>7}{'memory':>8}{'bytes':>7}{'at equal score':>14}{columns * 2}".rstrip())
    for result in results:
        equal = f"{result.at_equal:.2f}" if result.at_equal else "–"
        ratios = f"{result.warm:>6.2f}{result.cold:>7.2f}{result.memory:>8.2f}{result.bytes:>7.2f}{equal:>14}"
        ours, theirs = figures(result.ours, result.quality), figures(result.theirs, result.theirs_quality)
        say(f"{result.name:<26}{result.kind:<6}{ratios}{ours}{theirs}".rstrip())


def figures(cost: Cost, quality: float) -> str:
    """What one side took and made."""
    made = f"{cost.memory:>5.0f}{cost.made['bytes'] / 1000:>6.0f}{quality:>7.1f} "
    return f"{cost.warm * 1000:>8.0f}{cost.cold * 1000:>9.0f}{made}"


@dataclass(frozen=True)
class Goal:
    """A bound of a ratio's geometric mean over some pictures, and of each picture's where there is one."""

    title: str
    about: list[Result]
    value: Callable[[Result], float | None]
    mean: float
    each: float | None = None

    def verdict(self) -> str:
        found = [number for number in map(self.value, self.about) if number is not None]
        if not found:
            return "not measured"
        mean, worst = statistics.geometric_mean(found), max(found)
        bounds = f"{self.mean:.2f}" + (f", each {self.each:.2f}" if self.each else "")
        reached = mean <= self.mean and (self.each is None or worst <= self.each)
        without = len(self.about) - len(found)
        missing = f", {without} without a comparison" if without else ""
        return f"mean {mean:.2f}, worst {worst:.2f}, goal {bounds}: {'reached' if reached else 'missed'}{missing}"


def goals(results: list[Result]) -> list[Goal]:
    """The goals, with what was measured."""
    lossy = [result for result in results if result.kind == "webp"]
    graphics = [result for result in results if result.kind == "png"]
    return [
        Goal("warm CPU, photographs", lossy, lambda result: result.warm, 0.70, 0.90),
        Goal("cold CPU, photographs", lossy, lambda result: result.cold, 0.36),
        Goal("memory, photographs", lossy, lambda result: result.memory, 0.33, 0.50),
        Goal("bytes at equal score, WebP", lossy, lambda result: result.at_equal, 1.01),
        Goal("bytes at equal score, PNG", graphics, lambda result: result.at_equal, 0.80),
        Goal("warm CPU, PNG", graphics, lambda result: result.warm, 0.80),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.images", description=__doc__)
    parser.add_argument("--pictures", help="a folder of pictures of your own")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program, of which the median counts")
    parser.add_argument("--rounds", type=int, default=5, help="pictures in a warm run")
    given = parser.parse_args()
    try:
        build()
        results = []
        for path in pictures(given.pictures):
            with step(path.name):
                results.append(compare(path, given.repeats, given.rounds))
        say(f"\nLoad of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
        show(results)
        say()
        for goal in goals(results):
            say(f"{goal.title:<32}{goal.verdict()}")
    except Problem as problem:
        sys.exit(f"{problem.what}\n{problem.remedy}".strip())


if __name__ == "__main__":
    main()
