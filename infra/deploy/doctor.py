"""`make doctor`: checks whether an account is ready for the deployment of a stage and for sending mail.

All checks are read-only. A finding `missing` stops a deployment, a warning does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.progress import Problem

from .stage import Stage

# Concurrent executions that a stage needs: the event sources use up to 100, the rest serves requests.
CONCURRENCY = 200
# The alarms of the template that stop a gradual deployment, without the stage's name.
ALARMS = ("server-errors", "latency")
# Creates a client for a service.
Clients = Callable[[str], Any]
_STUCK = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}


@dataclass(frozen=True)
class Finding:
    """The result of a check and, for a problem, its solution."""

    verdict: Literal["ok", "warning", "missing"]
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.verdict:<8} {self.what}" + (f"\n         → {self.remedy}" if self.remedy else "")


def clients(stage: Stage) -> Clients:
    """Clients with the credentials of the environment, in the stage's region."""
    return lambda service: boto3.client(service, region_name=stage.region)


def examine(stage: Stage, client: Clients, defaults: dict[str, str]) -> list[Finding]:
    """All findings. With wrong credentials that is the only one, since all others would be about another account."""
    parameters = {**defaults, **stage.parameters}
    found = _attempt("account", lambda: _account(stage, client))
    if any(finding.verdict == "missing" for finding in found):
        return found
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("concurrency", lambda: _concurrency(client, int(parameters["AccountConcurrency"]))),
        ("SES", lambda: _mail(stage, client, _address(parameters["MailFrom"]))),
        ("certificate", lambda: _domain(client, parameters)),
        ("stack", lambda: _stack(stage, client)),
        ("alarms", lambda: _alarms(stage, client, parameters)),
    ]
    for name, check in checks:
        found += _attempt(name, check)
    return found


def _attempt(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except (BotoCoreError, ClientError) as error:
        return [Finding("missing", f"{name}: {error}", "Check that the credentials are those of the stage and allow this call.")]


def _account(stage: Stage, client: Clients) -> Iterator[Finding]:
    identity = client("sts").get_caller_identity()
    account = identity["Account"]
    if not stage.region:
        yield Finding(
            "missing", f"samconfig.toml names no region for {stage.name}.", f"Set region in [{stage.name}.deploy.parameters]."
        )
    if not stage.account:
        remedy = f'Set id = "{account}" in [{stage.name}.account.parameters], if that is the stage\'s account.'
        yield Finding(
            "missing" if stage.is_production else "warning", f"samconfig.toml names no account for {stage.name}.", remedy
        )
    elif account != stage.account:
        remedy = f"Use credentials of {stage.account}."
        yield Finding("missing", f"The credentials are of account {account}; {stage.name} is {stage.account}.", remedy)
    else:
        yield Finding("ok", f"account {account}, region {stage.region}, as {identity['Arn'].rpartition(':')[2]}")


def _concurrency(client: Clients, declared: int) -> Iterator[Finding]:
    quota = client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if quota < CONCURRENCY:
        remedy = "Request `Concurrent executions` of Lambda in Service Quotas; it takes hours to days."
        yield Finding("missing", f"The account may run {quota} functions at a time; a stage needs {CONCURRENCY}.", remedy)
    elif quota != declared:
        remedy = f"Set AccountConcurrency={quota} in samconfig.toml."
        yield Finding("warning", f"ConcurrencyAlarm compares with {declared}, but the account's quota is {quota}.", remedy)
    else:
        yield Finding("ok", f"{quota} concurrent executions")


def _address(mail_from: str) -> str:
    return mail_from.rpartition("<")[2].rstrip("> ")


def identities(address: str) -> list[str]:
    """The identities that can be verified for a sender: the address, its domain, or a parent domain."""
    labels = address.rpartition("@")[2].split(".")
    return [address, *(".".join(labels[start:]) for start in range(len(labels) - 1))]


def _mail(stage: Stage, client: Clients, address: str) -> Iterator[Finding]:
    ses = client("sesv2")
    account = ses.get_account()
    if not account.get("SendingEnabled", True):
        yield Finding("missing", "SES has suspended the account's sending.", "Read SES's mails to the account's owner.")
    if account.get("ProductionAccessEnabled"):
        yield Finding("ok", "SES sends to every address")
    else:
        verdict = "missing" if stage.is_production else "warning"
        yield Finding(verdict, "SES is in the sandbox: it sends to verified addresses only.", "Request production access in SES.")
    identity = next((found for name in identities(address) if (found := _identity(ses, name))), None)
    if not identity:
        remedy = f"aws sesv2 create-email-identity --email-identity {address.rpartition('@')[2]}, and publish its DKIM records."
        yield Finding("missing", f"No identity in SES covers the sender {address}.", remedy)
        return
    name, found = identity
    if not found.get("VerifiedForSendingStatus"):
        yield Finding("missing", f"SES has not verified {name}.", "Publish the DKIM records that get-email-identity shows.")
        return
    yield Finding("ok", f"SES has verified {name}")
    if "@" not in name and found.get("DkimAttributes", {}).get("Status") != "SUCCESS":
        yield Finding("warning", f"Mails of {name} are not signed with DKIM.", "Publish the three CNAME records of DKIM.")
    if "@" not in name and found.get("MailFromAttributes", {}).get("MailFromDomainStatus") != "SUCCESS":
        yield Finding("warning", f"{name} has no MAIL FROM domain, so SPF does not pass for it.", "docs/operations.md, Mail.")


def _identity(ses: Any, name: str) -> tuple[str, dict[str, Any]] | None:
    try:
        return name, ses.get_email_identity(EmailIdentity=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return None
        raise


def _domain(client: Clients, parameters: dict[str, str]) -> Iterator[Finding]:
    domain, arn = parameters.get("DomainName", ""), parameters.get("CertificateArn", "")
    if not domain:
        yield Finding(
            "warning",
            "The API has no domain of its own.",
            "Users of browsers that block third-party cookies cannot stay signed in.",
        )
        return
    if not arn:
        yield Finding("missing", "DomainName needs CertificateArn.", "Request a certificate in ACM.")
        return
    certificate = client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    names = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]
    if certificate["Status"] != "ISSUED":
        yield Finding("missing", f"The certificate is {certificate['Status']}.", "Publish its validation record in the DNS.")
    elif not any(_covers(name, domain) for name in names):
        yield Finding("missing", f"The certificate is for {', '.join(names)}, not for {domain}.", "Request one for it.")
    else:
        yield Finding("ok", f"certificate for {domain}")
    zone = parameters.get("HostedZoneId", "")
    if zone:
        name = client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"].rstrip(".")
        fits = domain == name or domain.endswith(f".{name}")
        yield (
            Finding("ok", f"hosted zone {name}")
            if fits
            else Finding("missing", f"The hosted zone {zone} is {name}.", "Correct HostedZoneId.")
        )


def _covers(name: str, domain: str) -> bool:
    return name == domain or (name.startswith("*.") and domain.partition(".")[2] == name[2:])


def _stack(stage: Stage, client: Clients) -> Iterator[Finding]:
    stack = describe(client("cloudformation"), stage.stack)
    if stack is None:
        yield Finding("ok", f"the stack {stage.stack} does not exist yet")
        return
    status = stack["StackStatus"]
    if status in _STUCK:
        yield Finding("missing", f"{stage.stack} is {status}.", "docs/operations.md, Roll back.")
    elif status.endswith("_IN_PROGRESS"):
        yield Finding("missing", f"{stage.stack} is {status}.", "Wait until that is done.")
    else:
        yield Finding("ok", f"{stage.stack} is {status}")
    if stage.is_production and not stack.get("EnableTerminationProtection"):
        yield Finding(
            "warning", f"{stage.stack} can be deleted by a single command.", "`make deploy` turns on termination protection."
        )
    yield from _provider(stack, client)


def _provider(stack: dict[str, Any], client: Clients) -> Iterator[Finding]:
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    if secret := outputs.get("OidcSecretId"):
        value = client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        if re.search(r'"clientId"\s*:\s*""', value):
            yield Finding("warning", "Sign-in with Google is not set up.", "docs/operations.md, Sign-in with Google.")
        else:
            yield Finding("ok", "sign-in with Google has a client")


def _alarms(stage: Stage, client: Clients, parameters: dict[str, str]) -> Iterator[Finding]:
    """The alarms that stop a gradual deployment stop it before it begins, too."""
    if parameters.get("GradualDeployment", "false") == "false":
        return
    names = [f"spacedly-{stage.name}-{what}" for what in ALARMS]
    alarms = client("cloudwatch").describe_alarms(AlarmNames=names, StateValue="ALARM")["MetricAlarms"]
    for alarm in alarms:
        remedy = "If the deployment is the repair or a rollback: make deploy AT_ONCE=1."
        yield Finding("missing", f"The alarm {alarm['AlarmName']} is on, and would stop a gradual deployment.", remedy)
    if not alarms:
        yield Finding("ok", "no alarm is on that would stop a gradual deployment")


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """The stack; `None` if it does not exist."""
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def require(findings: list[Finding]) -> None:
    """Raises a problem if something is missing."""
    if missing := [str(finding) for finding in findings if finding.verdict == "missing"]:
        raise Problem("The account is not ready:\n" + "\n".join(missing))
