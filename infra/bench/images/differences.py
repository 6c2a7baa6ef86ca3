"""`make fuzz-images`: reads thousands of random pictures and compares with the picture that was encoded, with a small
compositor of animations, and with Pillow. With `--corpus FOLDER` it compares the pictures of a folder with Pillow."""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from infra.local.instance import LOCAL, ROOT
from infra.local.progress import Problem, say, step

HERE = Path(__file__).resolve().parent
WORK = LOCAL / "bench" / "images" / "differences"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
DIFFER = TARGET / "debug" / "examples" / "differ"
# Of layouts that cameras do not write, chroma is interpolated in several ways.
RARE = 6.0
EXTENSIONS = {".jpg", ".jpeg", ".png", ".gif", ".webp"}


class Reader:
    """Our decoder in one process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([str(DIFFER), "read"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, path: Path) -> dict[str, Any]:
        if not self.process.stdin or not self.process.stdout:
            raise Problem("The decoder does not run.")
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Problem(f"The decoder failed at {path}.")
        return dict(json.loads(line))


def difference(reader: Reader, path: Path, allowed: float) -> str | None:
    """In words, where we read a file differently; None if we do not."""
    from PIL import Image, ImageChops, ImageStat

    from .random_pictures import reading

    ours = reader.read(path)
    try:
        theirs = reading(path)
    # Pillow raises what it likes.
    except Exception as error:
        return None if "refused" in ours else f"is read by us, and by Pillow not: {error}"
    if "refused" in ours:
        return f"is refused by us: {ours['refused']}"
    size, count = (ours["width"], ours["height"]), len(ours["durations"])
    if size != theirs[0].size or count != len(theirs):
        return f"has {count} frames of {size}, and by Pillow {len(theirs)} of {theirs[0].size}"
    pixels = path.with_name(path.name + ".rgba")
    data = pixels.read_bytes()
    pixels.unlink()
    length = len(data) // count
    for number, wanted in enumerate(theirs):
        found = Image.frombytes("RGBA", size, data[number * length : (number + 1) * length])
        # Colours of transparent pixels do not count.
        seen = [Image.alpha_composite(Image.new("RGBA", size, "grey"), one) for one in (found, wanted)]
        channels = ImageStat.Stat(ImageChops.difference(seen[0], seen[1])).mean[:3]
        alpha = ImageStat.Stat(ImageChops.difference(found.getchannel("A"), wanted.getchannel("A"))).mean[0]
        if max(*channels, alpha) > allowed:
            return f"differs in frame {number} by {max(*channels, alpha):.2f} in the mean, allowed are {allowed:.2f}"
    return None


def prepare() -> None:
    """Builds our decoder, and installs Pillow beside the tools."""
    commands = [
        ("the decoder", ["cargo", "build", "--locked", "--quiet", "-p", "media", "--example", "differ"]),
        ("Pillow", [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(HERE / "requirements.txt")]),
    ]
    for title, command in commands:
        with step(title):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Problem(f"{title} could not be made:\n{done.stderr[-2000:]}", "The first time needs the network.")


def written(cases: int, seed: int) -> list[tuple[Path, float]]:
    """Random files, and the mean difference that each may have."""
    from .random_pictures import picture

    WORK.mkdir(parents=True, exist_ok=True)
    for old in WORK.iterdir():
        old.unlink()
    subprocess.run([str(DIFFER), "write", str(cases // 3), str(seed), str(WORK)], check=True)
    files = [(path, RARE) for path in sorted(WORK.glob("layout-*.jpg"))]
    profiles = {path.stem: path.read_bytes() for path in WORK.glob("*.icc")}
    chance = random.Random(seed)  # noqa: S311 (no secret)
    for case in range(cases - len(files)):
        extension, data, allowed = picture(chance, profiles)
        path = WORK / f"picture-{case}.{extension}"
        path.write_bytes(data)
        files.append((path, allowed))
    return files


def compare(files: list[tuple[Path, float]]) -> list[str]:
    reader, found, refused = Reader(), [], 0
    for path, allowed in files:
        words = difference(reader, path, allowed)
        if words and "not supported" in words and allowed == RARE:
            refused += 1
        elif words:
            found.append(f"{path.name} {words}")
        elif path.is_relative_to(WORK):
            path.unlink()
    say(f"{len(files)} files compared with Pillow, {refused} layouts refused as not supported, {len(found)} differ")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.images.differences", description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=3000)
    parser.add_argument("seed", nargs="?", type=int, default=int(time.time()))
    parser.add_argument("--corpus", type=Path, help="a folder of pictures to compare instead")
    given = parser.parse_args()
    try:
        prepare()
        if given.corpus:
            paths = sorted(path for path in given.corpus.rglob("*") if path.suffix.lower() in EXTENSIONS)
            found = compare([(path, 2.5) for path in paths])
        else:
            say(f"seed {given.seed}")
            checked = subprocess.run([str(DIFFER), "check", str(given.cases), str(given.seed)], check=False)
            found = compare(written(given.cases, given.seed))
            if checked.returncode != 0:
                found.append("See the cases above.")
    except Problem as problem:
        sys.exit(f"{problem.what}\n{problem.remedy}".strip())
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
