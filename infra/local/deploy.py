"""Deploys template.yaml and the packed functions to the emulator: everything, or only what changed."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from . import expand, overrides
from .build import Artifact
from .expand import Template
from .instance import OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, REGION, ROOT_KEY, STACK, TEMPLATE, Instance
from .progress import Problem, Step

ARTIFACTS = "spacedly-local-artifacts"
_BROKEN = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}


@dataclass
class Outcome:
    """The result of a deployment."""

    created: bool = False
    # Binary → the number of its functions that were updated.
    functions: dict[str, int] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    total: int = 0

    def __str__(self) -> str:
        if self.created:
            return f"{self.total} resources created, {len(self.left_out)} left out locally"
        parts = []
        if self.functions:
            counted = (f"{binary} ({count} function{'s' * (count > 1)})" for binary, count in self.functions.items())
            parts.append(f"updated {', '.join(counted)}")
        if self.resources:
            shown = ", ".join(self.resources[:6]) + (" …" if len(self.resources) > 6 else "")
            parts.append(f"changed {shown}")
        return "; ".join(parts) or "nothing changed"


def client(instance: Instance, service: str) -> Any:
    """An AWS client of the emulator's root user."""
    return boto3.client(
        service,
        endpoint_url=instance.cloud_url,
        region_name=REGION,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, max_pool_connections=4),
    )


def build_template(
    instance: Instance, artifacts: dict[str, Artifact], source: Path = TEMPLATE, given: dict[str, str] | None = None
) -> tuple[Template, Outcome, dict[str, str]]:
    """The template to deploy, what was left out of it, and its parameters."""
    template = overrides.without_aliases(expand.load(source))
    values = {**overrides.parameters(template, instance), **(given or {})}
    keys = {name: artifact.key for name, artifact in artifacts.items()}
    expanded = expand.split_body(expand.transform(expand.with_code(template, ARTIFACTS, keys), values))
    adapted, left_out = overrides.adapt(expanded, values)
    return adapted, Outcome(left_out=left_out, total=len(adapted["Resources"])), values


def deploy(
    instance: Instance,
    artifacts: dict[str, Artifact],
    step: Step,
    file: Path = TEMPLATE,
    given: dict[str, str] | None = None,
) -> Outcome:
    """Creates the stack of the template in `file`, or updates what differs. `given` are parameters besides the local ones."""
    template, outcome, values = build_template(instance, artifacts, file, given)
    body = json.dumps(template, indent=1, sort_keys=True, default=str)
    # For debugging a template that the emulator rejects.
    (instance.run / "stack.json").write_text(body)
    source = expand.load(file)
    used = expand.binaries(source)
    wanted = {artifact.key: artifact for name, artifact in artifacts.items() if name in used}
    s3 = client(instance, "s3")
    step.note = "uploading code"
    _upload(s3, wanted)
    s3.put_object(Bucket=ARTIFACTS, Key="stack.json", Body=body.encode())
    step.note = "deploying"
    _apply(instance, outcome, json.loads(body)["Resources"], values)
    _after(instance, template)
    _forget_old(s3, set(wanted))
    binaries = {function.logical_id: function.binary for function in expand.functions(source).values()}
    outcome.functions = dict(Counter(sorted(binaries[resource] for resource in outcome.resources if resource in binaries)))
    outcome.resources = sorted(resource for resource in outcome.resources if resource not in binaries)
    step.result = str(outcome)
    return outcome


def _objects(s3: Any) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=ARTIFACTS)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def _upload(s3: Any, wanted: dict[str, Artifact]) -> None:
    try:
        s3.create_bucket(Bucket=ARTIFACTS)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    present = _objects(s3)
    for key, artifact in wanted.items():
        if key not in present:
            s3.put_object(Bucket=ARTIFACTS, Key=key, Body=artifact.zip.read_bytes())


def _forget_old(s3: Any, wanted: set[str]) -> None:
    for key in _objects(s3) - wanted - {"stack.json"}:
        s3.delete_object(Bucket=ARTIFACTS, Key=key)


def _status(cloudformation: Any) -> str | None:
    try:
        return cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None


def _apply(instance: Instance, outcome: Outcome, wanted: Template, values: dict[str, str]) -> None:
    cloudformation = client(instance, "cloudformation")
    status = _status(cloudformation)
    if status in _BROKEN:
        # Only a first deployment can end like this, so no data is lost.
        cloudformation.delete_stack(StackName=STACK)
        _wait(cloudformation, "stack_delete_complete")
        status = None
    request = {
        "StackName": STACK,
        "TemplateURL": f"{instance.cloud_url}/{ARTIFACTS}/stack.json",
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    since = time.time()
    before = _deployed_resources(cloudformation) if status else {}
    refuse_older_tables(before, wanted)
    try:
        if status is None or status == "DELETE_COMPLETE":
            outcome.created = True
            cloudformation.create_stack(**request)
            _wait(cloudformation, "stack_create_complete")
        else:
            cloudformation.update_stack(**request)
            _wait(cloudformation, "stack_update_complete")
            outcome.resources = differences(before, wanted)
    except WaiterError as error:
        raise Problem("The stack was refused:\n" + _reasons(cloudformation, since), "Correct template.yaml.") from error
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise Problem(f"The stack was refused: {error.response['Error'].get('Message', error)}") from error


def _wait(cloudformation: Any, what: str) -> None:
    cloudformation.get_waiter(what).wait(StackName=STACK, WaiterConfig={"Delay": 0.2, "MaxAttempts": 600})


def _events(cloudformation: Any, since: float) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
    return [event for page in pages for event in page["StackEvents"] if event["Timestamp"].timestamp() >= since - 1]


def _deployed_resources(cloudformation: Any) -> Template:
    body = cloudformation.get_template(StackName=STACK, TemplateStage="Original")["TemplateBody"]
    return (json.loads(body) if isinstance(body, str) else body).get("Resources", {})


def refuse_older_tables(before: Template, after: Template) -> None:
    """Raises a problem if a table's local indexes differ: an update would replace the table and lose its rows.

    DynamoDB creates local indexes only together with their table.
    """
    for name, resource in after.items():
        if resource["Type"] != "AWS::DynamoDB::Table" or name not in before:
            continue
        old, new = (_local_indexes(each) for each in (before[name], resource))
        if old == new:
            continue
        missing, other = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
        parts = [f"has no local index {', '.join(missing)}"] * bool(missing) + [f"still has {', '.join(other)}"] * bool(other)
        raise Problem(
            f"Another version created the local state: its table {' and '.join(parts) or 'has other local indexes'}. "
            "DynamoDB creates local indexes only together with their table.",
            "`make reset` removes the local users, tasks and mails; `make run` then creates a new table.",
        )


def _local_indexes(table: dict[str, Any]) -> dict[str, Any]:
    return {index["IndexName"]: index for index in table["Properties"].get("LocalSecondaryIndexes", [])}


def differences(before: Template, after: Template) -> list[str]:
    """The resources that were added, changed or removed. (The emulator reports every one as updated.)"""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _reasons(cloudformation: Any, since: float) -> str:
    lines = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(_events(cloudformation, since))
        if event["ResourceStatus"].endswith("FAILED")
    ]
    return "\n".join(lines) or "  (no reason given; see .local/log/cloud.log)"


def _after(instance: Instance, template: Template) -> None:
    """Applies settings that the emulator does not take from the template: expiry, concurrency, senders, the OIDC client."""
    resources = client(instance, "cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    physical = {
        item["LogicalResourceId"]: item["PhysicalResourceId"] for page in resources for item in page["StackResourceSummaries"]
    }
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::DynamoDB::Table" and "TimeToLiveSpecification" in properties:
            _set_expiry(client(instance, "dynamodb"), physical[name], properties["TimeToLiveSpecification"])
        if resource["Type"] == "AWS::Lambda::Function" and isinstance(properties.get("ReservedConcurrentExecutions"), int):
            client(instance, "lambda").put_function_concurrency(
                FunctionName=physical[name], ReservedConcurrentExecutions=properties["ReservedConcurrentExecutions"]
            )
    _verify_senders(instance, physical, template)
    if "OidcClient" in physical:
        _fill_in_client(client(instance, "secretsmanager"), physical["OidcClient"])


def _fill_in_client(secrets: Any, secret: str) -> None:
    """Does what an operator does for sign-in with Google: stores the local provider's client in its secret."""
    wanted = {"clientId": OIDC_CLIENT_ID, "clientSecret": OIDC_CLIENT_SECRET}
    if json.loads(secrets.get_secret_value(SecretId=secret)["SecretString"]) != wanted:
        secrets.put_secret_value(SecretId=secret, SecretString=json.dumps(wanted))


def _set_expiry(dynamodb: Any, table: str, wanted: dict[str, Any]) -> None:
    current = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if current.get("AttributeName") != wanted["AttributeName"]:
        dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": wanted["AttributeName"]}
        )


def _verify_senders(instance: Instance, physical: dict[str, str], template: Template) -> None:
    """Verifies every function's MAIL_FROM and its domain as senders; the emulator does so at once."""
    lambda_, ses = client(instance, "lambda"), client(instance, "sesv2")
    known = {identity["IdentityName"] for identity in ses.list_email_identities().get("EmailIdentities", [])}
    for name, resource in template["Resources"].items():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        if resource["Type"] != "AWS::Lambda::Function" or "MAIL_FROM" not in variables:
            continue
        configuration = lambda_.get_function_configuration(FunctionName=physical[name])
        sender = configuration["Environment"]["Variables"]["MAIL_FROM"].rpartition("<")[2].rstrip("> ")
        for identity in {sender, sender.rpartition("@")[2]} - known:
            ses.create_email_identity(EmailIdentity=identity)
            known.add(identity)
