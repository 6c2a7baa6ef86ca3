"""What is missing in an account is found before a deployment, and named with its remedy."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy import doctor
from infra.deploy.stage import Stage
from infra.local.progress import Problem

ACCOUNT, REGION = "333333333333", "eu-west-1"
DEFAULTS = {
    "AccountConcurrency": "1000",
    "MailFrom": "no-reply@spacedly.example",
    "DomainName": "",
    "HostedZoneId": "",
    "GradualDeployment": "Linear10PercentEvery3Minutes",
}
DOMAIN = {"DomainName": "api.spacedly.example", "CertificateArn": "arn:certificate", "HostedZoneId": "Z1"}


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Account:
    """An account in which everything is in place, but for what a test takes out."""

    def __init__(self) -> None:
        self.account = ACCOUNT
        self.concurrency = 1000
        self.ses: dict[str, Any] = {"ProductionAccessEnabled": True, "SendingEnabled": True}
        signed = {"Status": "SUCCESS"}
        from_domain = {"MailFromDomainStatus": "SUCCESS"}
        good = {"VerifiedForSendingStatus": True, "DkimAttributes": signed, "MailFromAttributes": from_domain}
        self.identities: dict[str, dict[str, Any]] = {"spacedly.example": good}
        self.certificate = {"DomainName": "*.spacedly.example", "Status": "ISSUED"}
        self.zone = "spacedly.example."
        self.stack: dict[str, Any] | None = {"StackStatus": "UPDATE_COMPLETE", "EnableTerminationProtection": True}
        self.alarms: list[str] = []
        self.failing: set[str] = set()

    def client(self, service: str) -> Any:
        if service in self.failing:
            raise error("AccessDenied", "no")
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account, "Arn": f"arn:aws:sts::{self.account}:assumed-role/deployer/me"}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}

    def get_account(self) -> dict[str, Any]:
        return self.ses

    def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803
        if EmailIdentity not in self.identities:
            raise error("NotFoundException")
        return self.identities[EmailIdentity]

    def describe_certificate(self, **_: str) -> dict[str, Any]:
        return {"Certificate": self.certificate}

    def get_hosted_zone(self, **_: str) -> dict[str, Any]:
        return {"HostedZone": {"Name": self.zone}}

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.stack is None:
            raise error("ValidationError", "Stack with id spacedly-production does not exist")
        return {"Stacks": [self.stack]}

    def describe_alarms(self, AlarmNames: list[str], StateValue: str) -> dict[str, Any]:  # noqa: N803
        assert StateValue == "ALARM"
        return {"MetricAlarms": [{"AlarmName": name} for name in self.alarms if name in AlarmNames]}

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": '{"clientId": "", "clientSecret": "generated"}'}


def production(**parameters: str) -> Stage:
    return Stage("production", ACCOUNT, REGION, "spacedly-production", {**DOMAIN, **parameters})


def verdicts(account: Account, stage: Stage | None = None) -> dict[str, str]:
    """The findings that are not good, with their verdicts."""
    found = doctor.examine(stage or production(), account.client, DEFAULTS)
    assert all(finding.remedy for finding in found if finding.verdict != "ok")
    return {finding.what: finding.verdict for finding in found if finding.verdict != "ok"}


def test_an_account_in_which_all_is_in_place_is_ready() -> None:
    account = Account()
    assert verdicts(account) == {}
    account.stack = None
    assert verdicts(account) == {}


def test_credentials_of_another_account_stop_everything() -> None:
    account = Account()
    account.account, account.concurrency = "999999999999", 10
    assert verdicts(account) == {f"The credentials are of account 999999999999; production is {ACCOUNT}.": "missing"}


def test_production_names_its_account_and_region() -> None:
    assert "missing" in verdicts(Account(), Stage("production", "", REGION, "s", DOMAIN)).values()
    assert "missing" in verdicts(Account(), Stage("production", ACCOUNT, "", "s", DOMAIN)).values()
    assert "missing" not in verdicts(Account(), Stage("dev", "", REGION, "s", DOMAIN)).values()


@pytest.mark.parametrize(
    ("change", "word", "verdict"),
    [
        ({"concurrency": 10}, "10 functions at a time", "missing"),
        ({"concurrency": 500}, "the account's quota is 500", "warning"),
        ({"ses": {"ProductionAccessEnabled": False}}, "sandbox", "missing"),
        ({"ses": {"ProductionAccessEnabled": True, "SendingEnabled": False}}, "suspended", "missing"),
        ({"identities": {}}, "No identity in SES covers", "missing"),
        ({"identities": {"spacedly.example": {}}}, "has not verified spacedly.example", "missing"),
        ({"identities": {"spacedly.example": {"VerifiedForSendingStatus": True}}}, "DKIM", "warning"),
        ({"identities": {"spacedly.example": {"VerifiedForSendingStatus": True}}}, "MAIL FROM", "warning"),
        (
            {"certificate": {"DomainName": "api.spacedly.example", "Status": "PENDING_VALIDATION"}},
            "PENDING_VALIDATION",
            "missing",
        ),
        ({"certificate": {"DomainName": "*.other.example", "Status": "ISSUED"}}, "not for api.spacedly.example", "missing"),
        ({"zone": "other.example."}, "hosted zone Z1", "missing"),
        ({"stack": {"StackStatus": "ROLLBACK_COMPLETE"}}, "ROLLBACK_COMPLETE", "missing"),
        ({"stack": {"StackStatus": "UPDATE_IN_PROGRESS"}}, "UPDATE_IN_PROGRESS", "missing"),
        ({"stack": {"StackStatus": "CREATE_COMPLETE"}}, "deleted by a single command", "warning"),
        ({"alarms": ["spacedly-production-latency"]}, "spacedly-production-latency is on", "missing"),
        ({"failing": {"acm"}}, "certificate: ", "missing"),
    ],
)
def test_what_is_missing_is_named(change: dict[str, Any], word: str, verdict: str) -> None:
    account = Account()
    for name, value in change.items():
        setattr(account, name, value)
    assert [found for what, found in verdicts(account).items() if word in what] == [verdict]


def test_an_alarm_does_not_keep_a_deployment_that_takes_over_at_once() -> None:
    account = Account()
    account.alarms = ["spacedly-production-server-errors"]
    assert verdicts(account, production(GradualDeployment="false")) == {}
    account.alarms = ["spacedly-staging-server-errors"]
    assert verdicts(account) == {}


def test_a_provider_without_a_client_is_a_warning() -> None:
    account = Account()
    outputs = [{"OutputKey": "OidcSecretId", "OutputValue": "arn"}]
    account.stack = {"StackStatus": "UPDATE_COMPLETE", "EnableTerminationProtection": True, "Outputs": outputs}
    assert verdicts(account) == {"Sign-in with Google is not set up.": "warning"}


def test_the_sandbox_is_enough_for_other_stages() -> None:
    account = Account()
    account.ses = {"ProductionAccessEnabled": False}
    assert set(verdicts(account, Stage("dev", ACCOUNT, REGION, "spacedly-dev", DOMAIN)).values()) == {"warning"}


def test_an_identity_may_be_the_address_its_domain_or_one_above() -> None:
    address = "no-reply@mail.spacedly.example"
    assert doctor.identities(address) == [address, "mail.spacedly.example", "spacedly.example"]


def test_only_what_is_missing_stops_a_deployment() -> None:
    doctor.require([doctor.Finding("ok", "fine"), doctor.Finding("warning", "hm", "look")])
    with pytest.raises(Problem, match="quota"):
        doctor.require([doctor.Finding("ok", "fine"), doctor.Finding("missing", "quota", "ask")])
