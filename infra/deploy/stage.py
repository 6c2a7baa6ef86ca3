"""A stage as samconfig.toml declares it: its account, region, stack and parameters."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from infra.local.progress import Problem

ARCHITECTURES = ("x86_64", "arm64")


@dataclass(frozen=True)
class Stage:
    """The target and the parameters of a stage's deployment."""

    name: str
    # Twelve digits; empty if none is declared.
    account: str
    region: str
    stack: str
    parameters: dict[str, str]

    @property
    def is_production(self) -> bool:
        return self.name == "production"


def read(name: str, config: str) -> Stage:
    """The stage of this name; `config` is the text of samconfig.toml."""
    declared: dict[str, Any] = tomllib.loads(config)
    stages = {group for group in declared if group not in ("version", "default")}
    if name not in stages:
        raise Problem(f"samconfig.toml has no stage {name}.", f"Set STAGE to one of {', '.join(sorted(stages))}.")
    given = declared[name]["deploy"]["parameters"]
    pairs = given.get("parameter_overrides", [])
    pairs = pairs.split() if isinstance(pairs, str) else list(pairs)
    account = declared[name].get("account", {}).get("parameters", {}).get("id", "")
    return Stage(
        name,
        account,
        given.get("region", ""),
        given.get("stack_name", f"spacedly-{name}"),
        dict(pair.split("=", 1) for pair in pairs),
    )


def overrides(stage: Stage, defaults: dict[str, str], architecture: str, version: str) -> list[str]:
    """`Name=value` pairs for SAM's command line. A value that samconfig.toml sets is kept, except the architecture.

    SAM rejects `Name=`. An empty value is left out if it is the default; otherwise it cannot be given.
    """
    if architecture not in ARCHITECTURES:
        raise Problem(f"The architecture {architecture} is neither {' nor '.join(ARCHITECTURES)}.")
    values = {"AppVersion": version, **stage.parameters, "Architecture": architecture}
    for name, value in values.items():
        if not value and defaults.get(name):
            raise Problem(
                f"{name} cannot be empty: SAM would take its default, {defaults[name]}.", "Remove it from samconfig.toml."
            )
    return [f"{name}={value}" for name, value in values.items() if value]
