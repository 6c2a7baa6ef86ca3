"""A bundle holds the bytes of one commit, and shows when they were changed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import bundle, sbom
from infra.local import expand
from infra.local.instance import ROOT, TEMPLATE
from infra.local.progress import Problem


def elf(machine: int, more: bytes = b"") -> bytes:
    """The head of an executable for a processor."""
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + more


X86, ARM = elf(0x3E), elf(0xB7)
TEMPLATE_TEXT = "Resources:\n  Tasks:\n    Properties:\n      CodeUri: target/lambda/tasks/\n"


def files(**binaries: bytes) -> dict[str, bytes]:
    return bundle.contents(TEMPLATE_TEXT, binaries or {"tasks": X86}, {"components": []}, "v1", "c0ffee")


def written(folder: Path, contents: dict[str, bytes]) -> Path:
    path = folder / "bundle.tar"
    bundle.write(path, contents)
    return path


def test_the_same_commit_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (written(tmp_path / name, files()).read_bytes() for name in ("a", "b"))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


def test_a_bundle_says_what_it_was_built_for(tmp_path: Path) -> None:
    opened = bundle.open_bundle(written(tmp_path, files(tasks=ARM)), tmp_path / "open")
    assert (opened.version, opened.commit, opened.architecture) == ("v1", "c0ffee", "arm64")
    assert opened.template.read_text().endswith("CodeUri: code/tasks.zip\n")
    archive = zipfile.ZipFile(opened.folder / "code" / "tasks.zip")
    assert archive.namelist() == ["bootstrap"]
    assert archive.read("bootstrap") == ARM
    assert archive.infolist()[0].external_attr >> 16 == 0o100755, "Lambda executes it"


@pytest.mark.parametrize("binaries", [{"tasks": X86, "auth": ARM}, {"tasks": b"#!/bin/sh"}, {"tasks": elf(0x28)}])
def test_binaries_that_lambda_would_not_run_together_are_refused(binaries: dict[str, bytes]) -> None:
    with pytest.raises(Problem):
        files(**binaries)


@pytest.mark.parametrize("change", ["damaged", "missing", "added", "outside", "other format"])
def test_a_bundle_that_is_not_as_it_was_written_is_refused(tmp_path: Path, change: str) -> None:
    contents = files()
    match change:
        case "damaged":
            contents["code/tasks.zip"] += b"x"
        case "missing":
            del contents["code/tasks.zip"]
        case "added":
            contents["code/more.zip"] = b"x"
        case "outside":
            contents["../escaped"] = b"x"
        case _:
            contents[bundle.MANIFEST] = json.dumps({**json.loads(contents[bundle.MANIFEST]), "format": 9}).encode()
    with pytest.raises(Problem):
        bundle.open_bundle(written(tmp_path, contents), tmp_path / "open")
    assert not (tmp_path / "escaped").exists()


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"nothing")
    with tarfile.open(tmp_path / "empty.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("x"), io.BytesIO())
    for name in ("x.tar", "empty.tar", "absent.tar"):
        with pytest.raises(Problem, match="is not a bundle"):
            bundle.open_bundle(tmp_path / name, tmp_path / "open")


def test_every_function_of_the_template_takes_its_code_from_the_bundle(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(bundle.with_packages(TEMPLATE.read_text()))
    packed = expand.load(tmp_path / "template.yaml")
    assert expand.functions(packed) == expand.functions(expand.load(TEMPLATE))
    assert "target/lambda" not in (tmp_path / "template.yaml").read_text()


def test_changes_that_no_commit_has_are_not_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "git", lambda *words: " M template.yaml" if words[0] == "status" else "")
    with pytest.raises(Problem, match=r"template\.yaml"):
        bundle.package()


def test_the_bill_lists_what_is_linked_and_nothing_else() -> None:
    def node(name: str, *dependencies: tuple[str, str | None]) -> dict[str, Any]:
        return {"id": name, "deps": [{"pkg": pkg, "dep_kinds": [{"kind": kind}]} for pkg, kind in dependencies]}

    def package(name: str, source: str | None) -> dict[str, Any]:
        return {"id": name, "name": name, "version": "1.0.0", "source": source, "license": "MIT/Apache-2.0"}

    metadata = {
        "packages": [package("tasks", None), package("admin", None), *(package(name, "registry") for name in "abcd")],
        "resolve": {"nodes": [node("tasks", ("a", None), ("b", "dev"), ("c", "build")), node("a", ("d", None)), node("d")]},
    }
    lock = {"package": [{"name": "a", "version": "1.0.0", "checksum": "0f"}]}
    bill = sbom.document(metadata, lock, {"tasks"}, "v1")
    assert [component["name"] for component in bill["components"]] == ["a", "d"]
    assert bill["components"][0]["hashes"] == [{"alg": "SHA-256", "content": "0f"}]
    assert bill["components"][0]["licenses"] == [{"expression": "MIT OR Apache-2.0"}]


def test_bundles_are_not_committed() -> None:
    assert bundle.BUNDLES.is_relative_to(ROOT / ".local")
