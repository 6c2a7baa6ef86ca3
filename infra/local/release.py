"""`make build`: the release binaries for a deployment to AWS, in target/lambda."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

from infra.deploy.stage import ARCHITECTURES

from . import build as builds
from . import expand
from .instance import ROOT, TEMPLATE
from .progress import Problem

# The crate that generates schemas for the contract. Its panic messages name it, so a binary that contains it has this text.
SCHEMA_CRATE = b"schemars"


def command(architecture: str, packages: Iterable[str], binaries: Iterable[str]) -> list[str]:
    """The command that builds these binaries; without names, `cargo lambda` would copy every binary that it finds."""
    words = ["cargo", "lambda", "build", "--release", "--locked", "--arm64" if architecture == "arm64" else "--x86-64"]
    words += [word for package in packages for word in ("--package", package)]
    return words + [word for binary in sorted(binaries) for word in ("--bin", binary)]


def build(architecture: str) -> None:
    """Builds only the packages that template.yaml deploys."""
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
        raise Problem(f"{', '.join(described)} contain code that only the contract generator needs: is `schema` enabled?")
