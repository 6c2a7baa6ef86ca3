"""Builds the deployed binaries with cargo and zips them for Lambda.

Every build names the packages of functions/. In a build of the whole workspace, cargo would unify features, and the
deployed code would have features that only the contract generator or the tests enable.

A local run uses debug binaries from `cargo build`. Their zips are in .local/build, apart from target/lambda, where
`make build` puts the release binaries and where a deployment reads them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .instance import LOCAL, ROOT
from .progress import Problem, Step

BUILD = LOCAL / "build"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Artifact:
    """The zip of one binary. `digest` is its SHA-256 in hex."""

    binary: str
    zip: Path
    digest: str

    @property
    def key(self) -> str:
        return f"{self.binary}/{self.digest[:16]}.zip"


@dataclass(frozen=True)
class Strip:
    """A program that removes symbols from executables."""

    tool: str
    environment: dict[str, str] = field(default_factory=dict)


def cargo(*arguments: str) -> list[str]:
    """A cargo command, with `--locked` if there is a Cargo.lock."""
    locked = ["--locked"] if (ROOT / "Cargo.lock").exists() else []
    subcommand, *rest = arguments
    return ["cargo", subcommand, *locked, *rest]


def deployed_packages() -> list[str]:
    """The names of the packages in functions/."""
    manifests = sorted((ROOT / "functions").glob("*/Cargo.toml"))
    return [tomllib.loads(manifest.read_text())["package"]["name"] for manifest in manifests]


def selection() -> list[str]:
    """Cargo's options that select the deployed packages."""
    return [word for package in deployed_packages() for word in ("--package", package)]


def compile_functions(step: Step) -> dict[str, Path]:
    """Builds the binaries of the deployed packages; returns name → executable."""
    colour = ["--color", "always"] if sys.stderr.isatty() else []
    command = cargo("build", "--bins", *selection(), "--message-format=json-render-diagnostics", *colour)
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    binaries: dict[str, Path] = {}
    messages: list[str] = []
    compiled = 0
    try:
        for line in process.stdout or ():
            if not line.startswith("{"):
                messages.append(line)
                step.note = line.strip() or step.note
                continue
            message = json.loads(line)
            if message.get("executable") and message["reason"] == "compiler-artifact":
                binaries[message["target"]["name"]] = Path(message["executable"])
                compiled += not message["fresh"]
    except BaseException:
        process.terminate()
        raise
    if process.wait() != 0:
        sys.stderr.write("".join(messages[-200:]))
        offline = any("failed to download" in line or "network" in line.lower() for line in messages)
        raise Problem(
            "The functions do not build (see above).",
            "The first build fetches crates: check the network." if offline else "Fix the code, then run the command again.",
        )
    if not binaries:
        raise Problem("There are no binaries: no package in functions/ has a src/main.rs.")
    step.result = f"{len(binaries)} binaries, {compiled or 'none'} changed"
    warnings = [line for line in messages if "warning" in line]
    if warnings:
        step.result += f", {len(warnings)} warnings: see make lint"
    return binaries


def pack(binaries: dict[str, Path], step: Step) -> dict[str, Artifact]:
    """Zips the binaries that changed since they were last packed, and removes the zips of binaries that no longer exist."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for entry in BUILD.iterdir():
        if entry.name.split(".")[0] not in binaries:
            entry.unlink()
    strip = _strip_tool()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        packed = list(pool.map(lambda item: _pack_one(item[0], item[1], strip), sorted(binaries.items())))
    changed = [artifact.binary for artifact, fresh in packed if not fresh]
    size = sum(artifact.zip.stat().st_size for artifact, _ in packed) / 1e6
    step.result = f"{len(changed)} packed, {size:.0f} MB in all" if changed else "none changed"
    return {artifact.binary: artifact for artifact, _ in packed}


def _pack_one(name: str, executable: Path, strip: Strip | None) -> tuple[Artifact, bool]:
    """Returns the artifact, and whether it existed already."""
    status = executable.stat()
    source = f"{status.st_mtime_ns}:{status.st_size}:{strip.tool if strip else ''}"
    package, stamp = BUILD / f"{name}.zip", BUILD / f"{name}.json"
    try:
        known = json.loads(stamp.read_text())
        if known["source"] == source and package.stat().st_size == known["size"]:
            return Artifact(name, package, known["digest"]), True
    except (OSError, ValueError, KeyError):
        pass
    content = _stripped(name, executable, strip)
    partial = BUILD / f"{name}.zip.{os.getpid()}"
    with zipfile.ZipFile(partial, "w") as archive:
        # Fixed time and mode, so that the same binary always gives the same zip and digest.
        entry = zipfile.ZipInfo("bootstrap", _EPOCH)
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=1)
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    os.replace(partial, package)
    stamp.write_text(json.dumps({"source": source, "size": package.stat().st_size, "digest": digest}))
    return Artifact(name, package, digest), False


def _stripped(name: str, executable: Path, strip: Strip | None) -> bytes:
    """The executable without symbols and debug sections, which are half of it."""
    if strip is None:
        return executable.read_bytes()
    partial = BUILD / f"{name}.bin.{os.getpid()}"
    command = [strip.tool, "--strip-all", str(executable), str(partial)]
    try:
        done = subprocess.run(command, env={**os.environ, **strip.environment}, capture_output=True, check=False)
        return (partial if done.returncode == 0 else executable).read_bytes()
    finally:
        partial.unlink(missing_ok=True)


def _strip_tool() -> Strip | None:
    """Rust's own objcopy, so that no binutils are needed; nothing on macOS, where stripping would break the signature."""
    if sys.platform != "linux":
        return None
    try:
        sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    tools = sorted(Path(sysroot).glob("lib/rustlib/*/bin/rust-objcopy"))
    if tools:
        # It is linked with the compiler's LLVM, which it cannot find by itself.
        return Strip(str(tools[0]), {"LD_LIBRARY_PATH": f"{sysroot}/lib"})
    tool = shutil.which("objcopy")
    return Strip(tool) if tool else None
