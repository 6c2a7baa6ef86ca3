"""The browser test, tests/browser: a page on another origin, in a Chromium that npm brings along."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess

from .checks import Check
from .instance import ROOT, Instance
from .progress import Problem, step

BROWSER = ROOT / "tests" / "browser"


def install() -> None:
    """Fetches and unpacks the browser, once for each state of the lock file; the stamp lies among the packages."""
    wanted = hashlib.sha256((BROWSER / "package-lock.json").read_bytes()).hexdigest()
    stamp = BROWSER / "node_modules" / ".spacedly.stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step("installing the test's browser (once)"):
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(npm, cwd=BROWSER, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(
                f"The browser test's packages could not be installed:\n{(done.stdout + done.stderr)[-2000:].strip()}",
                "The first time needs the network (proxy: HTTPS_PROXY, mirror: npm config set registry …). Try again.",
            )
        stamp.write_text(wanted)


def check(instance: Instance) -> Check:
    """The test, against the running instance, whose API lets its page in."""
    # One file after the other: the app's origin is one port.
    command = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *test_files()]
    return Check("browser test", command, count_node, {"BASE_URL": instance.public_url, "PAGE_URL": instance.page_url})


def test_files() -> list[str]:
    """Named one by one: Node 20 takes no patterns."""
    return sorted(os.path.relpath(file, ROOT) for file in BROWSER.glob("*.test.mjs"))


def count_node(output: str) -> tuple[int, int]:
    """Reads the closing lines of Node's test runner. A test that was never run because its file ended counts as failed."""
    found = {word: int(number) for word, number in re.findall(r"^ℹ (pass|fail|cancelled) (\d+)$", output, re.MULTILINE)}
    return found.get("pass", 0), found.get("fail", 0) + found.get("cancelled", 0)
