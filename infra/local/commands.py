"""Runs the commands in the documentation as they are printed.

Every block marked `sh` of `PAGES` runs against a running system, one shell for all pages, in reading order.
Lines that begin with `make` run with `make --dry-run` instead, since they install, build or start another system.
Pages about AWS, such as docs/operations.md, need an account and are not run.

    python -m infra.local.commands http://localhost:3000
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .checks import Check
from .instance import ROOT, Instance

PAGES = (
    "README.md",
    "docs/api.md",
    "docs/reminders.md",
    "docs/reviews.md",
    "docs/local-development.md",
    "docs/testing.md",
    "CONTRIBUTING.md",
)
_PRINTED = "http://localhost:3000"
_BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# Commands that do not end by themselves.
_SERVERS = ("python3 -m http.server",)
_PHOTOGRAPH = ROOT / "media" / "tests" / "files" / "cat.jpg"
# Every response of the API says whether it is a success; the response to an upload to S3 is empty.
_FAILURE = re.compile(r'"success":false.*')


def check(instance: Instance) -> Check:
    """The check of `make test`, against the system that it has started."""
    return Check("commands of the documentation", [sys.executable, "-m", "infra.local.commands", instance.public_url], _count)


def _count(output: str) -> tuple[int, int]:
    blocks = re.findall(r"^(ok|failed): ", output, re.MULTILINE)
    return blocks.count("ok"), blocks.count("failed")


def blocks(page: str) -> list[str]:
    """The commands of a page, block by block."""
    text = (ROOT / page).read_text()
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in _BLOCK.findall(text)]


def script(block: str, url: str) -> str:
    """A block as the test runs it: against the system at `url`, with the `make` lines resolved only."""
    lines = []
    for line in block.replace(_PRINTED, url).splitlines():
        if line.startswith("make "):
            line = f"make --dry-run --no-print-directory -C '{ROOT}' {line.removeprefix('make ')}"
        lines.append("" if line.startswith(_SERVERS) else line)
    return "\n".join(lines)


def main(url: str) -> int:
    """Runs all blocks; prints `ok:` or `failed:` for each. Returns the exit status."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_PHOTOGRAPH, Path(folder) / "beach.jpg")
        # Passes the shell's variables from one block to the next.
        state = Path(folder) / "variables"
        state.touch()
        for page in PAGES:
            for number, block in enumerate(blocks(page), start=1):
                lines = ["set -a", f". '{state}'", script(block, url), f"export -p > '{state}'"]
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
                    cwd=folder,
                    env={**os.environ, "STAGE": "dev"},
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
                wrong = done.stderr if done.returncode else "".join(_FAILURE.findall(done.stdout))
                wrong = wrong or ("" if done.returncode == 0 else f"exit status {done.returncode}")
                failed += bool(wrong)
                print(f"failed: {page}, block {number}: {wrong}" if wrong else f"ok: {page}, block {number}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
