"""The browser test's set-up: its files, its page's origin, what Node's runner says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import browser, npm, overrides
from infra.local.instance import ROOT, local_instance
from infra.local.instance import test_instance as the_test_instance
from infra.local.progress import Problem

TEMPLATE = {"Parameters": {"FrontendUrl": {}, "AllowedOrigins": {}}}


def test_every_file_of_tests_is_run() -> None:
    command = browser.check(the_test_instance()).command
    tests = [file for file in browser.BROWSER.rglob("*.test.mjs") if "node_modules" not in file.parts]
    assert [ROOT / word for word in command if word.endswith(".test.mjs")] == sorted(tests)


def test_the_app_under_test_has_an_origin_of_its_own_and_make_run_allows_the_app_alone() -> None:
    instance = replace(the_test_instance(), port=3100, cloud_port=4576, web_port=8180)
    surroundings = browser.check(instance).environment
    assert surroundings == {
        "BASE_URL": "http://localhost:3100",
        "WEB_URL": "http://localhost:8180",
        "FORMS_URL": "http://localhost:8181",
        "CLOUD_URL": "http://127.0.0.1:4576",
    }
    allowed = overrides.parameters(TEMPLATE, instance)["AllowedOrigins"].split(",")
    assert allowed == [overrides.FRONTEND, surroundings["WEB_URL"], surroundings["FORMS_URL"]]
    local = overrides.parameters(TEMPLATE, replace(local_instance(), web_port=8081))
    assert local["FrontendUrl"] == "http://localhost:8081"
    assert "AllowedOrigins" not in local


@pytest.mark.parametrize(
    ("ended", "counted"),
    [("pass 12\nℹ fail 0\nℹ cancelled 0", (12, 0)), ("pass 3\nℹ fail 1\nℹ cancelled 2", (3, 3)), ("tests 0", (0, 0))],
)
def test_the_closing_lines_of_node_are_counted(ended: str, counted: tuple[int, int]) -> None:
    assert browser.count_node(f"✔ pass 99 of them (3ms)\nℹ tests 15\nℹ {ended}\nℹ skipped 0\n") == counted


def test_versions_are_pinned_by_the_lock_file() -> None:
    wanted = json.loads((browser.BROWSER / "package.json").read_text())["devDependencies"]
    locked = json.loads((browser.BROWSER / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package for name, package in locked.items() if name)


def test_without_network_it_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"tar-fs": "3.1.2"}}')
    lock = {
        "lockfileVersion": 3,
        "packages": {"": {"dependencies": {"tar-fs": "3.1.2"}}, "node_modules/tar-fs": {"version": "3.1.2"}},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(browser, "BROWSER", tmp_path)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(Problem, match="could not be installed") as raised:
        browser.install()
    assert "needs the network" in raised.value.remedy


def test_an_installed_browser_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    calls: list[list[str]] = []

    def fetch(command: list[str], **_: object) -> object:
        calls.append(command)
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(browser, "BROWSER", tmp_path)
    monkeypatch.setattr(npm.subprocess, "run", fetch)
    browser.install()
    browser.install()
    assert len(calls) == 1
    (tmp_path / "package-lock.json").write_text('{"changed": true}')
    browser.install()
    assert len(calls) == 2
