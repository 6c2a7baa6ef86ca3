"""A bundle: one file with everything that a deployment of one commit needs, so that every stage gets the same binaries.

    bundle.json     version, commit, architecture, and the SHA-256 of every other file
    template.yaml   the template, whose functions take their code from code/
    code/*.zip      one package per binary
    sbom.cdx.json   the crates in the binaries, as CycloneDX

A rollback deploys an earlier bundle, without a build.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from infra.local import expand
from infra.local.instance import LOCAL, ROOT, TEMPLATE
from infra.local.progress import Problem

from . import sbom

BUNDLES = LOCAL / "bundles"
MANIFEST = "bundle.json"
TEMPLATE_NAME = "template.yaml"
SBOM = "sbom.cdx.json"
FORMAT = 1
# The oldest time that a zip can store, so that the same binary always gives the same package.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """A bundle that is unpacked in a folder."""

    folder: Path
    version: str
    commit: str
    architecture: str
    files: dict[str, str]

    @property
    def template(self) -> Path:
        return self.folder / TEMPLATE_NAME


def zipped(bootstrap: bytes) -> bytes:
    """A Lambda package of one executable."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap", _EPOCH)
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, bootstrap, zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()


def architecture_of(bootstrap: bytes) -> str:
    """The architecture of an executable, from its ELF header."""
    machines = {0x3E: "x86_64", 0xB7: "arm64"}
    machine = int.from_bytes(bootstrap[18:20], "little")
    if bootstrap[:4] != b"\x7fELF" or machine not in machines:
        raise Problem("target/lambda contains a file that is not an executable for Lambda.", "Run `make build`.")
    return machines[machine]


def with_packages(template: str) -> str:
    """The template's text with the bundle's packages in place of the build's folders."""
    return re.sub(rf"(?m)^( +CodeUri: ){expand.LAMBDA}/([\w-]+)/$", r"\1code/\2.zip", template)


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"git {words[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def contents(
    template: str, binaries: dict[str, bytes], components: dict[str, Any], version: str, commit: str
) -> dict[str, bytes]:
    """The files of a bundle by name. The same inputs give the same bytes."""
    architectures = {architecture_of(binary) for binary in binaries.values()}
    if len(architectures) != 1:
        raise Problem("The binaries were built for different processors.", "Run `make build`.")
    files = {f"code/{name}.zip": zipped(binary) for name, binary in sorted(binaries.items())}
    files[TEMPLATE_NAME] = with_packages(template).encode()
    files[SBOM] = (json.dumps(components, indent=1, sort_keys=True) + "\n").encode()
    manifest = {
        "format": FORMAT,
        "version": version,
        "commit": commit,
        "architecture": architectures.pop(),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return {MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode(), **files}


def write(path: Path, files: dict[str, bytes]) -> None:
    """Writes the bundle, without times, owners and other facts that differ between machines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".new")
    with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    partial.replace(path)


def open_bundle(path: Path, folder: Path) -> Bundle:
    """Unpacks a bundle into an empty folder, after checking every file's checksum."""
    try:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, tarfile.TarError, ValueError) as error:
        raise Problem(f"{path} is not a bundle: {error}", "`make package` writes one.") from error
    if manifest.get("format") != FORMAT:
        raise Problem(f"{path} has format {manifest.get('format')}; this version reads {FORMAT}.")
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {MANIFEST}
    if found != set(manifest["files"]):
        raise Problem(f"{path} has other files than it lists: {', '.join(sorted(found ^ set(manifest['files'])))}.")
    for name, digest in manifest["files"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise Problem(f"{name} in {path} is damaged: its checksum differs.")
    return Bundle(folder, manifest["version"], manifest["commit"], manifest["architecture"], manifest["files"])


def package() -> Path:
    """Creates a bundle from the output of `make build` for the commit that is checked out."""
    if changed := git("status", "--porcelain"):
        raise Problem(f"There are uncommitted changes:\n{changed}", "Commit or stash them: a bundle is built from a commit.")
    wanted = expand.binaries(expand.load(TEMPLATE))
    built = {file.parent.name: file.read_bytes() for file in (ROOT / expand.LAMBDA).glob("*/bootstrap")}
    if built.keys() != wanted:
        missing = ", ".join(sorted(wanted - built.keys())) or "nothing"
        raise Problem(f"{expand.LAMBDA} does not hold what template.yaml deploys: {missing} is missing.", "Run `make build`.")
    commit = git("rev-parse", "HEAD")
    version = git("describe", "--always", "--abbrev=12")
    files = contents(TEMPLATE.read_text(), built, sbom.components(version), version, commit)
    architecture = json.loads(files[MANIFEST])["architecture"]
    path = BUNDLES / f"spacedly-{version}-{architecture}.tar"
    write(path, files)
    return path
