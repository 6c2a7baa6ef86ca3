"""The software bill of materials of the deployed binaries, in CycloneDX (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

import json
import subprocess
import tomllib
from typing import Any

from infra.local.build import deployed_packages
from infra.local.instance import ROOT
from infra.local.progress import Problem

TARGET = "x86_64-unknown-linux-gnu"


def components(version: str) -> dict[str, Any]:
    """The crates that the deployed packages are built from, at the versions of Cargo.lock."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={TARGET}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"cargo metadata failed: {done.stderr[-500:]}")
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return document(json.loads(done.stdout), lock, set(deployed_packages()), version)


def document(metadata: dict[str, Any], lock: dict[str, Any], deployed: set[str], version: str) -> dict[str, Any]:
    """The bill of materials from cargo's metadata: the dependencies of the `deployed` packages, but not of tests and builds."""
    packages = {package["id"]: package for package in metadata["packages"]}
    checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}
    reached = _reached(metadata, {id_ for id_, package in packages.items() if package["name"] in deployed})
    third_party = [packages[id_] for id_ in reached if packages[id_]["source"]]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "spacedly", "version": version}},
        "components": [
            _component(package, checksums.get((package["name"], package["version"])))
            for package in sorted(third_party, key=lambda it: (it["name"], it["version"]))
        ],
    }


def _reached(metadata: dict[str, Any], roots: set[str]) -> set[str]:
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    reached, waiting = set(), list(roots)
    while waiting:
        id_ = waiting.pop()
        if id_ in reached:
            continue
        reached.add(id_)
        for dependency in nodes[id_]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return reached


def _component(package: dict[str, Any], checksum: str | None) -> dict[str, Any]:
    name, version = package["name"], package["version"]
    component = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{name}@{version}",
        "purl": f"pkg:cargo/{name}@{version}",
        "name": name,
        "version": version,
    }
    if package.get("license"):
        component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return component
