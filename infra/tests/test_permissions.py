"""Least privilege, function by function."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from conftest import ROOT, WRITES, Function, Resources, as_list, camel, expanded, is_read, referred, route_keys

# SAM attaches these; the boundary cuts the first down to this stack's log groups. Its policies for queues and streams would
# reach every queue of the stage, so the template has event source mappings and statements of its own in their place.
FROM_AWS = {"AWSLambdaBasicExecutionRole"}
FROM_AWS_IF_TRACED = FROM_AWS | {"AWSXrayWriteOnlyAccess"}
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
PARTITIONS = {"USER#*", "EMAIL#*", "GOOGLE#*", "TOKEN#*", "CHALLENGE#*", "RATE#*", "MAILBOX#*", "HEALTH"}
# The partitions of the index over what is due.
DUE = {"ATT#*", "REM#*", "MAIL#*", "DIGEST#*", "TASK#*"}
# What of the bucket is granted, beside its name: nothing below another prefix.
OBJECTS = {json.dumps({"Fn::Sub": f"${{Uploads.Arn}}/{prefix}/*"}) for prefix in ("exports", "files", "raw")}
# The stack's own policies that several roles have.
SHARED = ("RequestPolicy", "SessionPolicy", "KeysPolicy")
STREAM = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
# What a transaction may consist of.
TRANSACTED = {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
# Answers a GET and writes: it is where the provider sends somebody who signs in.
SIGNS_IN = "AuthGoogleCallback"


def document(resources: Resources, policy: str) -> list[dict[str, Any]]:
    return resources[policy]["Properties"]["PolicyDocument"]["Statement"]


def shared_policies(function: Function) -> set[str]:
    """The stack's own managed policies that a function's role has."""
    return {referred(policy) for policy in function.role["ManagedPolicyArns"] if not isinstance(policy, str)}


def every_grant(resources: Resources) -> list[tuple[str, dict[str, Any]]]:
    """Every statement that allows something to somebody of ours, with its owner. The boundary allows nothing."""
    found = [(policy, statement) for policy in SHARED for statement in document(resources, policy)]
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"].get("Policies", []):
                found += [(name, statement) for statement in as_list(policy["PolicyDocument"]["Statement"])]
    return found


def grants(function: Function, resources: Resources) -> list[dict[str, Any]]:
    return function.statements() + [it for policy in shared_policies(function) for it in document(resources, policy)]


def granted(function: Function, resources: Resources) -> set[str]:
    return {action for statement in grants(function, resources) for action in as_list(statement["Action"])}


def test_every_function_has_a_role_of_its_own(functions: list[Function]) -> None:
    roles = [referred(function.properties["Role"]) for function in functions]
    assert len(set(roles)) == len(functions)


@pytest.mark.parametrize(("tracing", "expected"), [("Disabled", FROM_AWS), ("Active", FROM_AWS_IF_TRACED)])
def test_no_role_has_more_from_aws_than_sam_needs(source: dict[str, Any], tracing: str, expected: set[str]) -> None:
    for name, it in expanded(source, {"Tracing": tracing}).items():
        if it["Type"] == "AWS::IAM::Role" and "PermissionsBoundary" in it["Properties"]:
            policies = it["Properties"]["ManagedPolicyArns"]
            assert {policy.rsplit("/", 1)[1] for policy in policies if isinstance(policy, str)} == expected, name
            assert {referred(policy) for policy in policies if not isinstance(policy, str)} <= set(SHARED), name


def test_the_writes_of_a_transaction_are_in_one_statement(functions: list[Function]) -> None:
    # It is not documented whether the partition keys of a transaction's items are judged one by one or all together. One
    # statement with all actions and all prefixes is right either way; `iam_patches` judges them together.
    for function in functions:
        statements = [set(as_list(it["Action"])) for it in function.statements()]
        assert sum(bool(actions & TRANSACTED) for actions in statements) <= 1, function.name
        for action in function.actions():
            granting = [as_list(it["Resource"]) for it in function.statements() if action in as_list(it["Action"])]
            resources = [json.dumps(resource) for of_one in granting for resource in of_one]
            assert len(resources) == len(set(resources)), f"{function.name}: {action} is split over several statements"


def test_a_function_takes_messages_of_its_own_queue_only(functions: list[Function], resources: Resources) -> None:
    seen = 0
    for function in functions:
        takes = [it for it in function.statements() if "sqs:ReceiveMessage" in as_list(it["Action"])]
        sources = [referred(it["EventSourceArn"]) for it in function.sources]
        queues = [name for name in sources if resources[name]["Type"] == "AWS::SQS::Queue"]
        assert {referred(it) for taken in takes for it in as_list(taken["Resource"])} == set(queues), function.name
        for statement in takes:
            assert set(statement["Action"]) == {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
            seen += 1
    assert seen


def test_no_grant_has_a_wildcard_action_or_every_resource(resources: Resources) -> None:
    for owner, statement in every_grant(resources):
        assert statement["Effect"] == "Allow", owner
        assert "NotAction" not in statement and "NotResource" not in statement, owner
        for action in as_list(statement["Action"]):
            assert "*" not in action, f"{owner}: {action}"
        for resource in as_list(statement["Resource"]):
            text = resource if isinstance(resource, str) else json.dumps(resource)
            wild = "*" in text
            # A schedule's name holds the reminder's id, an object's key the user's; everything else is known by name.
            is_object = text in OBJECTS
            is_schedule = text.count("*") == 1 and "schedule/${Schedules}/reminder-*" in text
            # Who gets mail is not known; a condition holds the sender.
            is_recipient = text.count("*") == 1 and ":identity/*" in text and "ses:FromAddress" in json.dumps(statement)
            # The stream's name is the time at which it was switched on.
            is_stream = text.count("*") == 1 and "${Table.Arn}/stream/*" in text
            # CodeDeploy's: the aliases of the stage's functions, and the states of alarms.
            is_deployment = owner == "DeploymentRole"
            assert (
                not wild or is_object or is_schedule or is_recipient or is_stream or is_deployment or is_secrets_key(statement)
            ), f"{owner}: {text}"


def test_deployments_move_the_aliases_of_the_stage_and_nothing_else(resources: Resources) -> None:
    role = resources["DeploymentRole"]["Properties"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {
            "aws:SourceArn": {
                "Fn::Sub": "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${AWS::StackName}-*"
            }
        },
    }
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    [aliases, alarms] = policy["PolicyDocument"]["Statement"]
    assert set(aliases["Action"]) == {"lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"}
    assert aliases["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:spacedly-${Stage}-*"
    }
    assert (alarms["Action"], alarms["Resource"]) == ("cloudwatch:DescribeAlarms", "*")
    groups = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    assert groups and all(referred(group["ServiceRoleArn"]) == "DeploymentRole" for group in groups)
    assert "CodeDeployServiceRole" not in resources, "SAM's own reaches every alias, topic and bucket of the account"


def is_secrets_key(statement: dict[str, Any]) -> bool:
    """Whether it allows to decrypt secrets of the stack, through Secrets Manager. The id of AWS's key is not known."""
    conditions = statement.get("Condition", {}).get("StringEquals", {})
    secrets = {referred(secret) for secret in as_list(conditions.get("kms:EncryptionContext:SecretARN", []))}
    through = conditions.get("kms:ViaService") == {"Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"}
    return statement["Action"] == "kms:Decrypt" and through and bool(secrets) and secrets <= {"Keys", "OidcClient"}


def test_who_reads_a_secret_may_decrypt_it(functions: list[Function], resources: Resources) -> None:
    for function in functions:
        statements = grants(function, resources)
        read = {referred(it["Resource"]) for it in statements if it["Action"] == "secretsmanager:GetSecretValue"}
        keys = [it["Condition"]["StringEquals"] for it in statements if is_secrets_key(it)]
        decrypted = {referred(secret) for it in keys for secret in as_list(it["kms:EncryptionContext:SecretARN"])}
        assert read <= decrypted, function.name


def test_no_one_scans(resources: Resources) -> None:
    text = json.dumps(resources)
    for action in ("dynamodb:Scan", "dynamodb:PartiQL", "dynamodb:*"):
        assert action not in text


def test_every_grant_on_the_table_names_its_partitions(resources: Resources) -> None:
    seen = 0
    for owner, statement in every_grant(resources):
        actions = set(as_list(statement["Action"]))
        if any(action.startswith("dynamodb:") for action in actions) and actions != STREAM:
            seen += 1
            assert actions <= READS | WRITES, owner
            condition = statement["Condition"]
            of_due = statement["Resource"] == {"Fn::Sub": "${Table.Arn}/index/due"}
            partitions = set(condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
            assert partitions == DUE if of_due else partitions <= PARTITIONS, owner
            # Without it, a request that names no partition key would pass ForAllValues.
            assert condition["Null"]["dynamodb:LeadingKeys"] == "false", owner
            for resource in as_list(statement["Resource"]):
                if "Fn::Sub" in resource:
                    assert actions == {"dynamodb:Query"}, f"{owner}: only a Query reads an index"
    assert seen


def test_a_route_that_reads_cannot_write_but_to_the_limiter(functions: list[Function], routes: dict[str, set[str]]) -> None:
    for function in functions:
        reads = function.name in routes and all(is_read(key) or key == "$default" for key in routes[function.name])
        if reads and function.name != SIGNS_IN:
            assert not function.actions() & WRITES, function.name


def test_every_route_but_health_counts_requests_and_reads_the_keys(
    functions: list[Function], routes: dict[str, set[str]], resources: Resources
) -> None:
    for function in functions:
        if function.name in routes:
            assert ("RequestPolicy" in shared_policies(function)) == (function.name != "ServiceHealth"), function.name
    [limiter, probe, keys, _] = document(resources, "RequestPolicy")
    assert limiter["Condition"]["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["RATE#*"]}
    assert limiter["Action"] == "dynamodb:UpdateItem"
    assert probe["Condition"]["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["HEALTH"]}
    assert keys["Action"] == "secretsmanager:GetSecretValue"


def test_every_route_for_signed_in_users_may_end_a_stolen_session_and_change_nothing_else(
    functions: list[Function], known: dict[str, dict[str, Any]], resources: Resources
) -> None:
    operations = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    signs_in = set()
    for name, function in known.items():
        for method, path in (key.split(" ") for key in route_keys(function) - {"$default"}):
            if any(operations[path].get(method.lower(), {}).get("security", [])):
                signs_in.add(camel(name))
    assert signs_in == {function.name for function in functions if "SessionPolicy" in shared_policies(function)}
    [theft] = document(resources, "SessionPolicy")
    assert theft["Action"] == "dynamodb:UpdateItem"
    assert theft["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*"]},
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["PK", "SK", "state"]},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE"]},
        "Null": {"dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false"},
    }


@pytest.mark.parametrize(
    ("action", "owners"),
    [
        ("ses:SendEmail", {"MailSend"}),
        ("scheduler:CreateSchedule", {"ServiceDispatch"}),
        ("scheduler:DeleteSchedule", {"ServiceDispatch"}),
        ("iam:PassRole", {"ServiceDispatch"}),
        (
            "sqs:SendMessage",
            {"ServiceDispatch", "ServiceCleanup", "ServiceSweep", "AuthForgotPassword", "MailSend", "AttachmentsOptimize"},
        ),
        ("s3:PutObject", {"AttachmentsCreate", "AttachmentsOptimize", "UsersBuildExport"}),
        ("s3:GetObject", {"AttachmentsGet", "AttachmentsOptimize", "UsersGetExport", "UsersOpenExport"}),
        ("s3:DeleteObject", {"AttachmentsOptimize", "ServiceCleanup", "UsersBuildExport"}),
        ("s3:ListBucket", {"ServiceCleanup"}),
    ],
)
def test_only_these_functions_may(functions: list[Function], resources: Resources, action: str, owners: set[str]) -> None:
    assert {function.name for function in functions if action in granted(function, resources)} == owners


@pytest.mark.parametrize(
    ("name", "action", "wanted"),
    [
        ("AuthForgotPassword", "sqs:SendMessage", {"ResetQueue"}),
        ("ServiceCleanup", "sqs:SendMessage", {"CleanupQueue"}),
        ("MailSend", "sqs:SendMessage", {"CodeMailQueue", "MailQueue"}),
        (
            "ServiceDispatch",
            "sqs:SendMessage",
            {
                "CodeMailQueue",
                "MailQueue",
                "ReminderQueue",
                "CleanupQueue",
                "ExportQueue",
                "SweepQueue",
                "DispatchDeadLetters",
            },
        ),
        ("AuthGoogle", "secretsmanager:GetSecretValue", {"OidcClient"}),
        ("AuthGoogleCallback", "secretsmanager:GetSecretValue", {"OidcClient"}),
    ],
)
def test_a_function_reaches_only_its_own(functions: list[Function], name: str, action: str, wanted: set[str]) -> None:
    [function] = [it for it in functions if it.name == name]
    resources = [resource for it in function.statements() if it["Action"] == action for resource in as_list(it["Resource"])]
    assert {referred(resource) for resource in resources} == wanted


def test_functions_behind_queues_read_the_keys_only_to_derive_tokens(functions: list[Function], resources: Resources) -> None:
    holders = {it.name for it in functions if "KeysPolicy" in shared_policies(it)}
    assert holders == {"AuthIssueReset", "UsersBuildExport", "MailSend"}
    [read, decrypt] = document(resources, "KeysPolicy")
    assert (read["Action"], referred(read["Resource"])) == ("secretsmanager:GetSecretValue", "Keys")
    assert is_secrets_key(decrypt)


def test_only_sign_in_with_the_provider_reads_its_client(functions: list[Function]) -> None:
    readers = {it.name for it in functions for statement in it.statements() if "OidcClient" in json.dumps(statement)}
    assert readers == {"AuthGoogle", "AuthGoogleCallback"}


@pytest.mark.parametrize(
    ("name", "action", "prefixes"),
    [
        ("UsersBuildExport", "s3:PutObject", {"exports/"}),
        ("UsersGetExport", "s3:GetObject", {"exports/"}),
        ("UsersOpenExport", "s3:GetObject", {"exports/"}),
        ("AttachmentsCreate", "s3:PutObject", {"raw/"}),
        ("AttachmentsGet", "s3:GetObject", {"files/"}),
        ("AttachmentsOptimize", "s3:GetObject", {"raw/"}),
        ("AttachmentsOptimize", "s3:PutObject", {"files/", "raw/"}),
        ("AttachmentsOptimize", "s3:DeleteObject", {"files/"}),
        ("ServiceCleanup", "s3:DeleteObject", {"exports/", "files/", "raw/"}),
    ],
)
def test_objects_are_reached_by_prefix(functions: list[Function], name: str, action: str, prefixes: set[str]) -> None:
    [function] = [it for it in functions if it.name == name]
    [statement] = [it for it in function.statements() if action in as_list(it["Action"])]
    granted_on = {resource["Fn::Sub"] for resource in as_list(statement["Resource"])}
    assert granted_on == {f"${{Uploads.Arn}}/{prefix}*" for prefix in prefixes}


def test_the_bucket_is_listed_below_a_prefix_only(functions: list[Function]) -> None:
    [cleanup] = [it for it in functions if it.name == "ServiceCleanup"]
    [statement] = [it for it in cleanup.statements() if it["Action"] == "s3:ListBucket"]
    assert referred(statement["Resource"]) == "Uploads"
    assert statement["Condition"] == {"StringLike": {"s3:prefix": ["exports/*", "files/*", "raw/*"]}}


def test_mails_go_out_in_our_name_only(functions: list[Function]) -> None:
    [mail] = [it for it in functions if it.name == "MailSend"]
    [statement] = [it for it in mail.statements() if it["Action"] == "ses:SendEmail"]
    [[operator, [key, senders]]] = [(name, *values.items()) for name, values in statement["Condition"].items()]
    assert (operator, key) == ("StringEquals", "ses:FromAddress")
    for sender, allowed in (
        ("no-reply@spacedly.example", ["no-reply@spacedly.example"]),
        ("Spacedly <no-reply@spacedly.example>", ["Spacedly ", "no-reply@spacedly.example"]),
    ):
        assert evaluated(senders, sender) == allowed
    assert "configuration-set/${MailSet}" in json.dumps(statement["Resource"])


def evaluated(value: Any, mail_from: str) -> Any:
    """What CloudFormation makes of an expression over the parameter MailFrom."""
    match value:
        case {"Ref": "MailFrom"}:
            return mail_from
        case {"Fn::Split": [separator, text]}:
            return evaluated(text, mail_from).split(separator)
        case {"Fn::Select": [index, parts]}:
            return evaluated(parts, mail_from)[index]
    raise AssertionError(value)


def test_the_scheduler_can_only_wake_the_reminder_queue(resources: Resources) -> None:
    role = resources["SchedulerRole"]["Properties"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"Fn::GetAtt": ["Schedules", "Arn"]},
    }
    [policy] = role["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert {referred(resource) for resource in statement["Resource"]} == {"ReminderQueue", "ScheduleDeadLetters"}


def test_the_clock_can_only_wake_the_sweep_and_the_inspection(resources: Resources) -> None:
    [policy] = resources["TickRole"]["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert {referred(resource) for resource in statement["Resource"]} == {"SweepQueue", "CleanupQueue"}
    for name, rate, kind, queue in (
        ("Tick", "rate(1 minute)", "tick", "SweepQueue"),
        ("Inspection", "rate(1 day)", "inspect", "CleanupQueue"),
    ):
        schedule = resources[name]["Properties"]
        assert schedule["ScheduleExpression"] == rate
        assert json.loads(schedule["Target"]["Input"]) == {"kind": kind}
        assert referred(schedule["Target"]["Arn"]) == queue


def test_only_our_mails_events_reach_the_feedback_queue(resources: Resources) -> None:
    [_, publish] = document(resources, "MailEventsPolicy")
    assert publish["Action"] == "sns:Publish"
    assert "configuration-set/${MailSet}" in json.dumps(publish["Condition"]["StringEquals"]["aws:SourceArn"])
    [_, deliver] = document(resources, "QueuesPolicy")
    assert referred(deliver["Resource"]) == "FeedbackQueue"
    assert deliver["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailEvents"}}}
    destination = resources["MailEventsDestination"]["Properties"]["EventDestination"]
    assert set(destination["MatchingEventTypes"]) == {"bounce", "complaint", "delivery"}
    assert resources["MailEventsSubscription"]["Properties"]["RawMessageDelivery"] is True
    assert resources["MailSet"]["Properties"]["SuppressionOptions"] == {"SuppressedReasons": []}


def test_topics_take_messages_over_tls_only(resources: Resources) -> None:
    policies = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::SNS::TopicPolicy"]
    topics = {name for name, it in resources.items() if it["Type"] == "AWS::SNS::Topic"}
    assert {referred(topic) for policy in policies for topic in policy["Topics"]} == topics
    for policy in policies:
        [deny, allow] = policy["PolicyDocument"]["Statement"]
        assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        # A policy of its own takes the place of the one that lets the whole account publish.
        assert "Service" in allow["Principal"]
        assert allow["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_every_function_stays_within_the_boundary(functions: list[Function], resources: Resources) -> None:
    allowed = {action for statement in document(resources, "FunctionBoundary") for action in as_list(statement["Action"])}
    for function in functions:
        assert function.role["PermissionsBoundary"] == {"Ref": "FunctionBoundary"}, function.name
        assert granted(function, resources) <= allowed, f"{function.name} is granted what the boundary takes away"


def test_the_boundary_lets_functions_log_trace_and_take_events(resources: Resources) -> None:
    allowed = {action for statement in document(resources, "FunctionBoundary") for action in as_list(statement["Action"])}
    assert {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    } <= allowed


def test_the_boundary_ends_at_the_stack(resources: Resources) -> None:
    for statement in document(resources, "FunctionBoundary"):
        for resource in as_list(statement["Resource"]):
            if resource == "*":
                assert statement["Sid"] == "Traces", "X-Ray alone knows no resources"
            elif "Fn::Sub" in resource:
                name = resource["Fn::Sub"]
                is_key = statement["Sid"] == "SecretsKey" and is_secrets_key(statement)
                assert "spacedly-${Stage}" in name or fnmatchcase(name, "*:identity/[*]") or is_key, name


def test_a_stage_reaches_no_other_stage(source: dict[str, Any], resources: Resources) -> None:
    pattern = source["Parameters"]["Stage"]["AllowedPattern"]
    texts = re.findall(
        r'"([^"]*)"', json.dumps([resources[name] for name in ("FunctionBoundary", "QueuesPolicy", "DeploymentRole")])
    )
    wild = [text.rsplit(":", 1)[1].replace("${Stage}", "dev") for text in texts if "${Stage}-" in text and text.endswith("*")]
    assert wild
    for other in ("dev-2", "dev2", "devel"):
        names = [f"spacedly-{other}-mail", f"/aws/lambda/spacedly-{other}-tasks-create", f"spacedly-{other}-uploads-1-r/raw/x"]
        covered = any(fnmatchcase(name, text) for name in names for text in wild)
        assert not (re.fullmatch(pattern, other) and covered), other
