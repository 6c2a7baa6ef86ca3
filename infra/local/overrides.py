"""The differences between the local stack and the one on AWS, and their reasons.

The template's permissions stay unchanged: where the emulator evaluates one incorrectly, `iam_patches` corrects the
emulator, so that a function has the same permissions as on AWS.
"""

from __future__ import annotations

import copy
import platform
from typing import Any

from .expand import Template
from .instance import STAGE, Instance

# The app's address that the API tests expect: links in mails point to it.
FRONTEND = "http://localhost:8080"

# Resource types for which the emulator rejects the whole template. The running system does not depend on them.
LEFT_OUT = {
    "AWS::CloudWatch::CompositeAlarm": "alarms do not go off locally",
    "AWS::Logs::QueryDefinition": "there is no console to use it in",
    "AWS::SecretsManager::ResourcePolicy": "only its role reads the secret anyway",
    "AWS::SecretsManager::RotationSchedule": "nothing rotates locally",
    "AWS::WAFv2::WebACLAssociation": "there is no firewall",
    "AWS::Budgets::Budget": "nothing costs anything",
}


def parameters(template: Template, instance: Instance) -> dict[str, str]:
    """The local values of the template's parameters."""
    wanted = {
        "Stage": STAGE,
        "Architecture": "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64",
        "FrontendUrl": FRONTEND if instance.is_test else instance.web_url,
        "PublicUrl": instance.public_url,
        "LogLevel": "info",
        "OidcIssuer": instance.oidc_url,
        # With a display name, so that tests cover it in the permission, the function and the mail.
        "MailFrom": "Spacedly <no-reply@spacedly.example>",
        # One developer's browser and scripts share one address here, and trying things out takes more than 100 requests.
        "GlobalLimit": "1000",
        "RegisterLimit": "100",
    }
    if instance.is_test:
        # The suite makes thousands of requests within minutes. Each test is a client of its own, so the classes that
        # count failures and mails keep their limits: they are tested as they are.
        wanted["GlobalLimit"] = wanted["AccountLimit"] = "100000"
        del wanted["RegisterLimit"]
        # The browser tests leave the app's default port to a running `make run`.
        wanted["AllowedOrigins"] = f"{FRONTEND},{instance.web_url},{instance.forms_url}"
    return {name: value for name, value in wanted.items() if name in template.get("Parameters", {})}


def without_aliases(template: Template) -> Template:
    """The template as written, without versions and aliases: local deployments are all at once, so routes lead to functions."""
    template = copy.deepcopy(template)
    template.get("Globals", {}).get("Function", {}).pop("DeploymentPreference", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            for name in ("AutoPublishAlias", "VersionDeletionPolicy", "DeploymentPreference"):
                resource.get("Properties", {}).pop(name, None)
    return template


def adapt(template: Template, values: dict[str, str]) -> tuple[Template, dict[str, str]]:
    """Removes what the emulator rejects from the expanded template; returns it and the omitted parts with their reasons.

    `values` are the given parameters.
    """
    template = copy.deepcopy(template)
    resources = template["Resources"]
    left_out = {}
    for name, resource in list(resources.items()):
        reason = LEFT_OUT.get(resource["Type"])
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource.get("Properties", {}):
            reason = "the emulator knows no metric math"
        if reason:
            left_out[name] = f"{resource['Type']}: {reason}"
            del resources[name]
    _merge_role_policies(resources)
    for resource in resources.values():
        _drop_dependencies(resource, left_out)
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" and "ScalingConfig" in resource["Properties"]:
            scaling = resource["Properties"]["ScalingConfig"]
            scaling["MaximumConcurrency"] = _number(scaling["MaximumConcurrency"], template, values)
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            # CloudFormation turns numbers into strings; the emulator passes them to the process as numbers, and fails.
            variables.update({name: str(value) for name, value in variables.items() if isinstance(value, int)})
        if resource["Type"] == "AWS::SecretsManager::Secret":
            _without_punctuation(resource["Properties"])
    secrets = {name for name, resource in resources.items() if resource["Type"] == "AWS::SecretsManager::Secret"}
    # On AWS, the Ref of a secret is its ARN; in the emulator it is the name.
    template["Resources"] = _refs_to_arns(resources, secrets)
    template["Outputs"] = {
        name: output for name, output in template.get("Outputs", {}).items() if not _mentions(output, left_out)
    }
    return template, left_out


def _merge_role_policies(resources: Template) -> None:
    """Moves each AWS::IAM::RolePolicy, which the emulator rejects, into its role."""
    for name, resource in list(resources.items()):
        if resource["Type"] != "AWS::IAM::RolePolicy":
            continue
        properties = resource["Properties"]
        role = resources.get(properties["RoleName"].get("Ref", "") if isinstance(properties["RoleName"], dict) else "")
        if role is not None:
            policy = {key: properties[key] for key in ("PolicyName", "PolicyDocument")}
            role["Properties"].setdefault("Policies", []).append(policy)
            del resources[name]


def _drop_dependencies(resource: dict[str, Any], left_out: dict[str, str]) -> None:
    depends = resource.get("DependsOn")
    if depends:
        names = [depends] if isinstance(depends, str) else depends
        kept = [name for name in names if name not in left_out]
        resource["DependsOn"] = kept
        if not kept:
            del resource["DependsOn"]


def _number(value: Any, template: Template, values: dict[str, str]) -> int:
    """Turns a numeric parameter into a number; the emulator leaves it a string and then compares it with numbers."""
    if isinstance(value, dict):
        name = value["Ref"]
        value = values.get(name, template["Parameters"][name].get("Default"))
    return int(value)


def _without_punctuation(properties: dict[str, Any]) -> None:
    """Replaces ExcludePunctuation by ExcludeCharacters, since the emulator supports only the latter."""
    generate = properties.get("GenerateSecretString", {})
    if generate.pop("ExcludePunctuation", False):
        generate["ExcludeCharacters"] = generate.get("ExcludeCharacters", "") + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def _refs_to_arns(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, list):
        return [_refs_to_arns(item, secrets) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in secrets:
        return {"Fn::GetAtt": [value["Ref"], "Id"]}
    if "Fn::Sub" in value:
        value = {**value, "Fn::Sub": _subs_to_arns(value["Fn::Sub"], secrets)}
    return {key: _refs_to_arns(item, secrets) for key, item in value.items()}


def _subs_to_arns(sub: Any, secrets: set[str]) -> Any:
    text, *variables = sub if isinstance(sub, list) else [sub]
    for secret in secrets:
        text = text.replace(f"${{{secret}}}", f"${{{secret}.Id}}")
    return [text, *variables] if isinstance(sub, list) else text


def _mentions(value: Any, names: dict[str, str]) -> bool:
    if isinstance(value, dict):
        return any(_mentions(item, names) for item in value.values())
    if isinstance(value, list):
        return any(_mentions(item, names) for item in value)
    return isinstance(value, str) and any(value == name or f"${{{name}" in value for name in names)
