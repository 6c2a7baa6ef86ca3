"""`make deploy`: checks the account, deploys a bundle to a stage, and then tests it with a few requests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from infra.local import deploy as local
from infra.local import expand
from infra.local.build import Artifact
from infra.local.instance import ROOT, local_instance
from infra.local.progress import Problem, say, step

from . import bundle as bundles
from . import doctor, smoke, versions
from .bundle import Bundle
from .stage import Stage, overrides, read

CONFIG = ROOT / "samconfig.toml"
# Moves the aliases to the new versions at once, whatever the alarms say: how a rollback is deployed.
AT_ONCE = {"GradualDeployment": "false"}


def defaults(template: Path) -> dict[str, str]:
    """The template's parameters with their defaults."""
    return {name: str(it.get("Default", "")) for name, it in expand.load(template)["Parameters"].items()}


def deploy(name: str, path: Path, *, at_once: bool = False) -> None:
    """Deploys a bundle. The stage `local` is the running local cloud, which has no aliases."""
    with tempfile.TemporaryDirectory(prefix="spacedly-bundle-") as folder:
        with step("checking the bundle") as running:
            bundle = bundles.open_bundle(path, Path(folder))
            running.result = f"{bundle.version}, {bundle.architecture}, {len(bundle.files)} files"
        if name == "local":
            _to_local_cloud(bundle)
        else:
            stage = read(name, CONFIG.read_text())
            _to_aws(replace(stage, parameters={**stage.parameters, **AT_ONCE}) if at_once else stage, bundle)
    say(f"{name} runs {bundle.version}. Roll back with the previous bundle: make deploy STAGE={name} AT_ONCE=1 BUNDLE=…")


def _to_local_cloud(bundle: Bundle) -> None:
    instance = local_instance()
    code = {file.stem: file for file in (bundle.folder / "code").glob("*.zip")}
    artifacts = {binary: Artifact(binary, file, bundle.files[f"code/{file.name}"]) for binary, file in code.items()}
    with step("deploying to the local cloud") as running:
        local.deploy(instance, artifacts, running, bundle.template, {"AppVersion": bundle.version})
    with step("smoke test"):
        smoke.check(instance.public_url, bundle.version, patience=20)


def _to_aws(stage: Stage, bundle: Bundle) -> None:
    client = doctor.clients(stage)
    values = defaults(bundle.template)
    with step("checking the account"):
        findings = doctor.examine(stage, client, values)
    for finding in findings:
        say(f"  {finding}")
    doctor.require(findings)
    cloudformation = client("cloudformation")
    is_new = doctor.describe(cloudformation, stage.stack) is None
    pairs = overrides(stage, values, bundle.architecture, bundle.version)
    _sam(stage, bundle, [*pairs, "ProtectData=false"] if is_new else pairs)
    if stage.is_production:
        cloudformation.update_termination_protection(EnableTerminationProtection=True, StackName=stage.stack)
        if is_new:
            # A first deployment with a protected table could not be rolled back.
            _sam(stage, bundle, pairs)
    stack = doctor.describe(cloudformation, stage.stack) or {}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    with step("smoke test"):
        smoke.check(outputs["PublicUrl"], bundle.version)


def command(stage: Stage, template: Path, pairs: list[str]) -> list[str]:
    """The SAM command that deploys a bundle's template. SAM uploads the packages unchanged, under their checksums."""
    # Without a terminal nobody can confirm; there, the workflow's approval has come before.
    unattended = [] if sys.stdin.isatty() else ["--no-confirm-changeset"]
    return [
        "sam",
        "deploy",
        *unattended,
        "--config-file",
        str(CONFIG),
        "--config-env",
        stage.name,
        "--template-file",
        str(template),
        "--parameter-overrides",
        *pairs,
    ]


def _sam(stage: Stage, bundle: Bundle, pairs: list[str]) -> None:
    # If a parameter is given twice, the last value counts.
    given = dict(pair.split("=", 1) for pair in pairs)
    words = command(stage, versions.prepare(bundle, given), [f"{name}={value}" for name, value in given.items()])
    if subprocess.run(words, cwd=bundle.folder, check=False).returncode != 0:
        raise Problem("SAM did not deploy (see above).", "CloudFormation rolls a failed deployment back by itself.")
