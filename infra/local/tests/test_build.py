"""Building, packing, and serving what was built."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.local import build, expand, release, watch
from infra.local.instance import TEMPLATE
from infra.local.progress import Problem, Step

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    monkeypatch.setattr(build, "_strip_tool", lambda: None)
    return tmp_path


def test_a_binary_is_packed_as_an_executable_bootstrap(folder: Path) -> None:
    binary = folder / "tasks"
    binary.write_bytes(b"\x7fELF")
    artifact = build.pack({"tasks": binary}, Step("x"))["tasks"]
    with zipfile.ZipFile(artifact.zip) as archive:
        assert archive.read("bootstrap") == b"\x7fELF"
        assert archive.getinfo("bootstrap").external_attr >> 16 == 0o100755
    assert artifact.key.startswith("tasks/")


def test_only_what_changed_is_packed_again_and_what_is_gone_is_forgotten(folder: Path) -> None:
    one, two = folder / "one", folder / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    step = Step("x")
    first = build.pack({"one": one, "two": two}, step)
    assert step.result.startswith("2 packed")
    build.pack({"one": one, "two": two}, step)
    assert step.result == "none changed"
    one.write_bytes(b"11")
    second = build.pack({"one": one}, step)
    assert step.result.startswith("1 packed")
    assert second["one"].digest != first["one"].digest
    assert {file.name for file in (folder / "build").iterdir()} == {"one.zip", "one.json"}


def test_the_same_binary_gives_the_same_digest(folder: Path) -> None:
    one = folder / "one"
    one.write_bytes(b"1")
    first = build.pack({"one": one}, Step("x"))["one"]
    os.utime(one, (1, 1))
    assert build.pack({"one": one}, Step("x"))["one"].digest == first.digest


def test_a_half_written_package_is_made_again(folder: Path) -> None:
    one = folder / "one"
    one.write_bytes(b"1" * 100)
    artifact = build.pack({"one": one}, Step("x"))["one"]
    artifact.zip.write_bytes(b"PK")
    assert zipfile.is_zipfile(build.pack({"one": one}, Step("x"))["one"].zip)


def test_locked_comes_before_what_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "ROOT", tmp_path)
    assert build.cargo("clippy", "--", "-D") == ["cargo", "clippy", "--", "-D"]
    (tmp_path / "Cargo.lock").touch()
    assert build.cargo("clippy", "--", "-D") == ["cargo", "clippy", "--locked", "--", "-D"]


def test_only_deployed_packages_are_built() -> None:
    packages = build.deployed_packages()
    assert {"auth", "tasks"} <= set(packages)
    assert not {"admin", "api-tests", "contract", "shared"} & set(packages)
    assert build.selection()[:2] == ["--package", packages[0]]
    assert len(build.selection()) == 2 * len(packages)


def test_a_release_build_names_its_packages_and_binaries() -> None:
    assert release.command("arm64", ["attachments", "tasks"], {"tasks", "attachments-optimize", "attachments"}) == [
        *("cargo", "lambda", "build", "--release", "--locked", "--arm64"),
        *("--package", "attachments", "--package", "tasks"),
        *("--bin", "attachments", "--bin", "attachments-optimize", "--bin", "tasks"),
    ]
    assert "--x86-64" in release.command("x86_64", ["tasks"], {"tasks"})
    with pytest.raises(Problem, match="riscv"):
        release.build("riscv")


def release_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[str], code: bytes = b"") -> None:
    """Replaces cargo by a program that leaves these binaries."""

    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        for name in built:
            (tmp_path / "target/lambda" / name).mkdir(parents=True)
            (tmp_path / "target/lambda" / name / "bootstrap").write_bytes(b"\x7fELF" + code)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release.subprocess, "run", run)


def test_a_release_build_leaves_nothing_but_what_is_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = sorted(expand.binaries(expand.load(TEMPLATE)))
    (tmp_path / "target/lambda/tasks-create").mkdir(parents=True)
    (tmp_path / "target/lambda/tasks-create/bootstrap").touch()
    release_fixture(tmp_path, monkeypatch, wanted)
    release.build("x86_64")
    assert sorted(file.parent.name for file in tmp_path.glob("target/lambda/*/bootstrap")) == wanted


def test_a_release_build_that_lacks_a_binary_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release_fixture(tmp_path, monkeypatch, ["tasks"])
    with pytest.raises(Problem, match=r"target/lambda has tasks; template\.yaml deploys .*users"):
        release.build("x86_64")


def test_a_release_build_with_schema_code_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = sorted(expand.binaries(expand.load(TEMPLATE)))
    release_fixture(tmp_path, monkeypatch, wanted, b"/registry/src/schemars-1.0.0/src/schema.rs")
    with pytest.raises(Problem, match=r"analytics, .* contract generator"):
        release.build("x86_64")


def test_no_deployed_package_depends_on_schemars() -> None:
    command = build.cargo("tree", *build.selection(), "--edges", "normal", "--prefix", "none", "--format", "{p}")
    tree = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    crates = {line.split(" ")[0] for line in tree.splitlines() if line}
    assert {"tasks", "shared", "aws-sdk-dynamodb"} <= crates
    assert release.SCHEMA_CRATE.decode() not in crates


def test_every_sample_event_goes_to_the_binary_of_its_function() -> None:
    known = expand.functions(expand.load(TEMPLATE))
    events = {file.stem for file in (ROOT / "events").glob("*.json")}
    assert events == set(known)
    facts = json.loads((ROOT / "docs" / "facts.json").read_text())["functions"]
    binaries = {fact["function"]: fact["binary"] for fact in facts}
    assert {event: watch.binary(event, known) for event in events} == binaries


@pytest.mark.parametrize(("function", "message"), [("", "FUNCTION is missing"), ("tasks", "no function tasks")])
def test_a_function_that_is_none_is_not_invoked(function: str, message: str) -> None:
    with pytest.raises(Problem, match=message) as caught:
        watch.binary(function, {"tasks-create": expand.Function("tasks-create", "TasksCreate", "tasks")})
    assert "tasks-create" in caught.value.remedy


def test_watch_needs_a_local_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "ENV_FILE", tmp_path / ".env.local")
    with pytest.raises(Problem, match="no running local cloud"):
        watch.serve()
