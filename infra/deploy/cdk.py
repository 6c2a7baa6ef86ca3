"""The CDK's way to the same stack: prepares its input, writes its templates, and compares them with SAM's.

The CDK takes the template after our expansion, since CfnInclude knows neither loops nor SAM. What samconfig.toml declares of the
stage goes with it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from infra.audit.exceptions import Finding, complaints, read
from infra.local import expand, npm
from infra.local.instance import LOCAL, ROOT, TEMPLATE
from infra.local.progress import Problem

from . import bundle as bundles
from . import versions
from .stage import Stage

HOME = ROOT / "infra" / "cdk"
OUT = LOCAL / "cdk"
_BUCKET = "packages"
# What comes before a resource's logical id in cdk-nag's reports.
_INCLUDED = "Service/Template/"


def expanded(stage: Stage, parameters: dict[str, str], template: Path = TEMPLATE) -> dict[str, Any]:
    """The template as CloudFormation gets it from SAM, its packages by name, what depends on the stage's name decided."""
    loaded = expand.load(template)
    packages = {binary: f"{binary}.zip" for binary in expand.binaries(loaded)}
    made = expand.transform(expand.with_code(loaded, _BUCKET, packages), parameters)
    made.pop("Mappings", None)
    for resource in made["Resources"].values():
        # CfnInclude takes texts only.
        if isinstance(policy := resource.get("DeletionPolicy"), dict):
            resource["DeletionPolicy"] = policy["Fn::If"][1 if stage.is_production else 2]
    return made


def values(stage: Stage, template: dict[str, Any]) -> dict[str, str | int]:
    """The parameters that samconfig.toml gives, numbers as numbers."""
    declared = template["Parameters"]
    return {name: int(value) if declared[name]["Type"] == "Number" else value for name, value in stage.parameters.items()}


def prepare(stage: Stage, code: Path, template: Path = TEMPLATE, more: dict[str, str] | None = None) -> Path:
    """Writes the input of the CDK's app into `.local/cdk`; returns its path."""
    OUT.mkdir(parents=True, exist_ok=True)
    parameters = {**stage.parameters, **(more or {})}
    made = expanded(stage, parameters, template)
    (OUT / "template.json").write_text(json.dumps(made, indent=1, default=str))
    given = {
        "stage": stage.name,
        "account": stage.account,
        "region": stage.region,
        "stackName": stage.stack,
        "parameters": values(Stage(stage.name, stage.account, stage.region, stage.stack, parameters), made),
        "template": str(OUT / "template.json"),
        "code": str(code),
        "suppressions": [{"id": one.rule, "reason": " ".join(one.reason.split())} for one in read("nag")],
    }
    file = OUT / "input.json"
    file.write_text(json.dumps(given, indent=1))
    return file


def synthesize(file: Path, out: Path) -> None:
    """Compiles the app, and writes the stacks' templates."""
    npm.install(HOME, "the CDK")
    environment = {
        **os.environ,
        "SPACEDLY_CDK_INPUT": str(file),
        "CDK_OUTDIR": str(out),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    for script in ("build", "synth"):
        done = subprocess.run(
            ["npm", "--prefix", str(HOME), "run", "--silent", script],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Problem(f"The CDK's {script} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def placeholders(folder: Path, binaries: set[str]) -> Path:
    """Packages of nothing, for templates that are only compared."""
    folder.mkdir(parents=True, exist_ok=True)
    for binary in binaries:
        with zipfile.ZipFile(folder / f"{binary}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("bootstrap"), binary)
    return folder


def filled(value: Any, given: dict[str, str | int]) -> Any:
    """A part of a template with the parameters' values in their places, as the CDK writes it."""
    if isinstance(value, list):
        return [filled(part, given) for part in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in given:
        return given[value["Ref"]]
    if "Fn::Sub" in value and isinstance(value["Fn::Sub"], str):
        return {"Fn::Sub": re.sub(r"\$\{(\w+)}", lambda it: str(given.get(it[1], it[0])), value["Fn::Sub"])}
    return {key: filled(part, given) for key, part in value.items()}


def normal(value: Any) -> Any:
    """The same part in one spelling: texts for numbers and truths, which CloudFormation takes for one another."""
    if isinstance(value, list):
        return [normal(part) for part in value]
    if isinstance(value, dict):
        if set(value) == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], str):
            return {"Fn::GetAtt": value["Fn::GetAtt"].split(".", 1)}
        return _evaluated({key: normal(part) for key, part in value.items()})
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _evaluated(value: dict[str, Any]) -> Any:
    """A function of texts that are known, which the CDK evaluates itself."""
    match value:
        case {"Fn::Sub": str(text)} if "${" not in text:
            return text
        case {"Fn::Split": [str(separator), str(text)]}:
            return text.split(separator)
        case {"Fn::Select": [index, [*parts]]} if all(isinstance(part, str) for part in parts):
            return parts[int(index)]
    return value


def differences(sam: dict[str, Any], cdk: dict[str, Any], given: dict[str, str | int]) -> list[str]:
    """What the CDK's template has otherwise than SAM's: a line for each resource. Packages differ, and the CDK's own metadata."""
    lines = []
    ours, theirs = sam["Resources"], {name: it for name, it in cdk["Resources"].items() if it["Type"] != "AWS::CDK::Metadata"}
    lines += [f"{name} is missing" for name in ours.keys() - theirs.keys()]
    lines += [f"{name} is only in the CDK's" for name in theirs.keys() - ours.keys()]
    for name in sorted(ours.keys() & theirs.keys()):
        left, right = (_comparable(it, given) for it in (ours[name], theirs[name]))
        lines += [
            f"{name}.{key}: {left.get(key)} / {right.get(key)}"
            for key in sorted(left.keys() | right.keys())
            if left.get(key) != right.get(key)
        ]
    lines += [f"output {name}" for name in sam["Outputs"].keys() ^ cdk.get("Outputs", {}).keys()]
    return lines


def _comparable(resource: dict[str, Any], given: dict[str, str | int]) -> dict[str, Any]:
    resource = {key: part for key, part in resource.items() if key != "Metadata"}
    properties = dict(resource.get("Properties", {}))
    if resource["Type"] == "AWS::Lambda::Function":
        del properties["Code"]
    # The CDK tags what SAM's command line tags at deployment.
    properties.pop("Tags", None)
    depends = resource.get("DependsOn", [])
    resource["DependsOn"] = sorted(depends if isinstance(depends, list) else [depends])
    return normal(filled({**resource, "Properties": properties}, given))


def nag(out: Path) -> list[str]:
    """Complaints about what cdk-nag found: nothing without a reason, and no reason without a finding."""
    found, used = [], []
    for report in sorted(out.glob("AwsSolutions-*-NagReport.json")):
        for line in json.loads(report.read_text())["lines"]:
            finding = Finding(line["ruleId"].partition("[")[0], line["resourceId"].removeprefix(_INCLUDED), line["ruleInfo"])
            if line["compliance"] == "Suppressed":
                used.append(finding)
            elif line["compliance"] != "Compliant":
                found.append(finding)
    return [f"{it.rule} {it.resource}: {it.title}" for it in found] + complaints(used, read("nag"))


def check(stage: Stage) -> list[str]:
    """Synthesizes a stage with empty packages; returns what is wrong with the result."""
    out = OUT / f"{stage.name}.out"
    code = placeholders(OUT / "placeholders", expand.binaries(expand.load(TEMPLATE)))
    file = prepare(stage, code)
    synthesize(file, out)
    sam = expanded(stage, stage.parameters)
    cdk = json.loads((out / "Service.template.json").read_text())
    return differences(sam, cdk, values(stage, sam)) + nag(out)


def from_bundle(stage: Stage, path: Path) -> Path:
    """Writes a stage's templates and packages from a bundle; returns the folder that `cdk deploy` takes."""
    out, opened = OUT / f"{stage.name}.out", OUT / f"{stage.name}.bundle"
    shutil.rmtree(opened, ignore_errors=True)
    bundle = bundles.open_bundle(path, opened)
    more = {"AppVersion": bundle.version, "Architecture": bundle.architecture}
    template = versions.prepare(bundle, {**stage.parameters, **more})
    synthesize(prepare(stage, opened / "code", template, more), out)
    return out
