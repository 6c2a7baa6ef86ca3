"""The parameters of a deployment to AWS: those of samconfig.toml, the architecture that was built, and the version."""

from __future__ import annotations

import subprocess
import tomllib

from .instance import ROOT
from .progress import Problem

ARCHITECTURES = ("x86_64", "arm64")


def overrides(stage: str, architecture: str, version: str, config: str) -> list[str]:
    """`Name=value` pairs. `config` is the text of samconfig.toml; what it sets itself is kept."""
    stages = {name for name in tomllib.loads(config) if name not in ("version", "default")}
    if stage not in stages:
        raise Problem(f"samconfig.toml has no stage {stage}.", f"Say STAGE= one of {', '.join(sorted(stages))}.")
    if architecture not in ARCHITECTURES:
        raise Problem(f"ARCH={architecture} is neither x86_64 nor arm64.")
    declared = tomllib.loads(config)[stage]["deploy"]["parameters"].get("parameter_overrides", [])
    pairs = declared.split() if isinstance(declared, str) else list(declared)
    pairs = [pair for pair in pairs if not pair.startswith("Architecture=")]
    pairs.append(f"Architecture={architecture}")
    if not any(pair.startswith("AppVersion=") for pair in pairs):
        pairs.append(f"AppVersion={version}")
    return pairs


def commit() -> str:
    """The commit that is deployed, marked when there is more than it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "development"


def deploy(stage: str, architecture: str) -> None:
    """`sam deploy` of what `make build` has built."""
    config = (ROOT / "samconfig.toml").read_text()
    command = ["sam", "deploy", "--config-env", stage]
    command += ["--parameter-overrides", *overrides(stage, architecture, commit(), config)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise Problem("SAM did not deploy (see above).")
