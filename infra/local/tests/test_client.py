"""The TypeScript client's set-up."""

from __future__ import annotations

import json

from infra.local import client


def test_versions_are_pinned_by_the_lock_file() -> None:
    package = json.loads((client.CLIENT / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    locked = json.loads((client.CLIENT / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package for name, package in locked.items() if name)


def test_every_script_that_is_run_is_there() -> None:
    scripts = json.loads((client.CLIENT / "package.json").read_text())["scripts"]
    assert {check.command[-1] for check in client.checks()} | {"test"} <= scripts.keys()
