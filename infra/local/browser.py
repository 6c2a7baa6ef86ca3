"""The browser tests, tests/browser: the web app in a Chromium that npm installs."""

from __future__ import annotations

import os
import re

from . import npm
from .checks import Check
from .instance import ROOT, Instance

BROWSER = ROOT / "tests" / "browser"


def install() -> None:
    """Fetches and unpacks the browser."""
    npm.install(BROWSER, "the test's browser")


def check(instance: Instance) -> Check:
    """The check, against the running instance, whose API allows the page's origin."""
    # One file after the other: each starts its own browser.
    command = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *test_files()]
    places = {
        "BASE_URL": instance.public_url,
        "WEB_URL": instance.web_url,
        "FORMS_URL": instance.forms_url,
        "CLOUD_URL": instance.cloud_url,
    }
    return Check("browser test", command, count_node, places)


def test_files() -> list[str]:
    """The test files by name, since Node 20 does not accept patterns."""
    return sorted(os.path.relpath(file, ROOT) for file in BROWSER.glob("*.test.mjs"))


def count_node(output: str) -> tuple[int, int]:
    """Reads the closing lines of Node's test runner. A test that was never run because its file ended counts as failed."""
    found = {word: int(number) for word, number in re.findall(r"^ℹ (pass|fail|cancelled) (\d+)$", output, re.MULTILINE)}
    return found.get("pass", 0), found.get("fail", 0) + found.get("cancelled", 0)
