"""`make build`: the release binaries that a deployment to AWS takes, in target/lambda."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

from infra.deploy.stage import ARCHITECTURES

from . import build as builds
from . import expand
from .instance import ROOT, TEMPLATE
from .progress import Problem

# The crate that describes types for the contract. Panic messages in its code name it, so a binary with it contains this.
SCHEMA_CRATE = b"schemars"


def command(architecture: str, packages: Iterable[str], binaries: Iterable[str]) -> list[str]:
    """The build of these binaries, which `cargo lambda` also copies. Without their names it copies every one it finds."""
    words = ["cargo", "lambda", "build", "--release", "--locked", "--arm64" if architecture == "arm64" else "--x86-64"]
    words += [word for package in packages for word in ("--package", package)]
    return words + [word for binary in sorted(binaries) for word in ("--bin", binary)]


def build(architecture: str) -> None:
    """Builds what template.yaml deploys, and nothing else."""
    if architecture not in ARCHITECTURES:
        raise Problem(f"ARCH={architecture} is neither {' nor '.join(ARCHITECTURES)}.")
    wanted = expand.binaries(expand.load(TEMPLATE))
    folder = ROOT / expand.LAMBDA
    shutil.rmtree(folder, ignore_errors=True)
    if subprocess.run(command(architecture, builds.deployed_packages(), wanted), cwd=ROOT, check=False).returncode != 0:
        raise Problem("The release build failed (see above).")
    built = {file.parent.name: file for file in folder.glob("*/bootstrap")}
    if built.keys() != wanted:
        raise Problem(f"{expand.LAMBDA} has {', '.join(sorted(built))}; template.yaml deploys {', '.join(sorted(wanted))}.")
    described = sorted(name for name, file in built.items() if SCHEMA_CRATE in file.read_bytes())
    if described:
        raise Problem(f"{', '.join(described)} contain code that only the contract's writer needs: is `schema` enabled?")
