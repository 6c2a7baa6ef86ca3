"""The deployed system as template.yaml describes it."""

from __future__ import annotations

import json
import re
import tomllib
from graphlib import TopologicalSorter
from typing import Any

import pytest
from conftest import ROOT, Function, Resources, as_list, expanded, referred, section

from infra.deploy import doctor

FOURTEEN_DAYS = 1209600
CLOUDFORMATIONS_LIMIT = 500


def references(value: Any) -> set[str]:
    """Every name that a value refers to, however it does."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    names = set()
    for key, item in value.items():
        if key == "Ref":
            names.add(item)
        elif key == "Fn::GetAtt":
            names.add(referred(value))
        elif key == "Fn::Sub":
            text, variables = item if isinstance(item, list) else (item, {})
            names |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)}", text)} - set(variables)
            names |= references(variables)
        else:
            names |= references(item)
    return names


def test_no_resource_needs_itself(resources: Resources) -> None:
    graph = {
        name: (references([it.get("Properties", {}), it.get("UpdatePolicy", {})]) | set(as_list(it.get("DependsOn", []))))
        & set(resources)
        for name, it in resources.items()
    }
    order = list(TopologicalSorter(graph).static_order())  # Raises CycleError with the circle.
    assert set(order) == set(resources)


def test_every_reference_leads_somewhere(template: dict[str, Any]) -> None:
    known = set(template["Resources"]) | set(template["Parameters"])
    for name, resource in {**template["Resources"], **template["Outputs"]}.items():
        unknown = {it for it in references(resource) if not it.startswith("AWS::")} - known
        assert not unknown, f"{name} refers to {unknown}"


def test_every_parameter_is_used(source: dict[str, Any]) -> None:
    used = references([source["Globals"], source["Resources"], source["Conditions"], source["Outputs"]])
    assert set(source["Parameters"]) <= used


def test_the_stack_has_room_for_the_whole_product(resources: Resources, functions: list[Function], writing: set[str]) -> None:
    gradual = of_types(resources, "AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::CodeDeploy::DeploymentGroup")
    assert len(gradual) == 3 * len(writing)
    # CodeDeploy's application and role.
    once = len(of_types(resources, "AWS::CodeDeploy::Application")) + 1
    of_functions = {"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"}
    each = sum(resource["Type"] in of_functions for resource in resources.values()) / len(functions)
    heads = sum(resource["Type"] == "AWS::Lambda::Permission" and "Head" in name for name, resource in resources.items())
    # 290 for the first sixty functions, without the permissions for HEAD; then each route takes three, a queue five.
    assert len(resources) - heads - len(gradual) - once <= 290 + 3 * (len(functions) - 60) + 5
    # Seventy-six functions in all, besides what the gradual deployment of those that write takes.
    assert len(resources) + (76 - len(functions)) * each <= 480 < CLOUDFORMATIONS_LIMIT


def of_types(resources: Resources, *types: str) -> Resources:
    return {name: it for name, it in resources.items() if it["Type"] in types}


@pytest.mark.parametrize("how", ["Linear10PercentEvery3Minutes", "false"])
def test_what_writes_is_reached_by_its_alias_alone(
    source: dict[str, Any], writing: set[str], routes: dict[str, set[str]], how: str
) -> None:
    resources = expanded(source, {"GradualDeployment": how})
    body = resources["Api"]["Properties"]["Body"]["paths"]
    targets: dict[str, set[str]] = {}
    for path, methods in body.items():
        for method, operation in methods.items():
            if "x-amazon-apigateway-integration" in operation:
                uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                key = path if path == "$default" else f"{method.upper()} {path}"
                targets.setdefault(key, set()).add(re.search(r"functions/\$\{(\w+)(?:\.Arn)?}/", uri)[1])
    wanted = {key: {f"{name}Aliaslive" if name in writing else name} for name, keys in routes.items() for key in keys}
    assert targets == wanted
    allowed: dict[str, int] = {}
    for it in of_types(resources, "AWS::Lambda::Permission").values():
        target = referred(it["Properties"]["FunctionName"])
        allowed[target] = allowed.get(target, 0) + 1
    assert allowed == {f"{name}Aliaslive" if name in writing else name: len(keys) for name, keys in routes.items()}
    for name in writing:
        alias = resources[f"{name}Aliaslive"]["Properties"]
        assert (alias["Name"], referred(alias["FunctionName"])) == ("live", name)
        version = resources[referred(alias["FunctionVersion"])]
        assert (version["Type"], referred(version["Properties"]["FunctionName"])) == ("AWS::Lambda::Version", name)
        # Lambda publishes the same code and configuration only once in a row: one that was rolled back must not stay.
        assert version["DeletionPolicy"] == "Delete", name


def test_a_gradual_deployment_is_stopped_by_the_two_alarms_of_the_api(resources: Resources, writing: set[str]) -> None:
    groups = of_types(resources, "AWS::CodeDeploy::DeploymentGroup")
    assert set(groups) == {f"{name}DeploymentGroup" for name in writing}
    names = [resources[name]["Properties"]["AlarmName"] for name in ("ApiServerErrorsAlarm", "ApiLatencyAlarm")]
    # `make doctor` asks for them by name.
    assert names == [{"Fn::Sub": f"spacedly-${{Stage}}-{name}"} for name in doctor.ALARMS]
    for name, it in groups.items():
        group = it["Properties"]
        assert group["AlarmConfiguration"] == {"Enabled": True, "Alarms": [{"Name": alarm} for alarm in names]}, name
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        policy = resources[name.replace("DeploymentGroup", "Aliaslive")]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert (referred(policy["DeploymentGroupName"]), referred(policy["ApplicationName"])) == (
            name,
            referred(group["ApplicationName"]),
        )


def test_every_gradual_deployment_lasts_longer_than_its_alarms_need(source: dict[str, Any], resources: Resources) -> None:
    slowest = 0
    for name in ("ApiServerErrorsAlarm", "ApiLatencyAlarm"):
        alarm = resources[name]["Properties"]
        [period] = {alarm.get("Period")} - {None} or {it["MetricStat"]["Period"] for it in alarm["Metrics"] if "MetricStat" in it}
        # One period more: a deployment begins in the middle of one.
        slowest = max(slowest, period * (alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) + 1))
    for how in set(source["Parameters"]["GradualDeployment"]["AllowedValues"]) - {"false"}:
        if linear := re.fullmatch(r"Linear(\d+)PercentEvery(\d+)Minutes", how):
            # The first step is taken at once.
            minutes = (100 // int(linear[1]) - 1) * int(linear[2])
        else:
            minutes = int(re.fullmatch(r"Canary\d+Percent(\d+)Minutes", how)[1])
        # SAM's command line waits for an hour.
        assert slowest < minutes * 60 < 3600, how


def test_gradual_deployments_can_be_turned_off(source: dict[str, Any]) -> None:
    off, on = (expanded(source, {"GradualDeployment": how}) for how in ("false", "Canary10Percent30Minutes"))
    assert not of_types(off, "AWS::CodeDeploy::DeploymentGroup", "AWS::CodeDeploy::Application")
    aliases = of_types(off, "AWS::Lambda::Alias")
    assert not any("UpdatePolicy" in it for it in aliases.values())
    # It is another way to the same aliases and versions.
    assert aliases.keys() == of_types(on, "AWS::Lambda::Alias").keys()
    assert of_types(off, "AWS::Lambda::Version") == of_types(on, "AWS::Lambda::Version")


@pytest.mark.parametrize("group", ["dev", "staging", "production"])
def test_samconfig_names_parameters_that_exist_and_allow_its_values(source: dict[str, Any], group: str) -> None:
    deploy = tomllib.loads((ROOT / "samconfig.toml").read_text())[group]["deploy"]["parameters"]
    given = dict(override.split("=", 1) for override in deploy["parameter_overrides"])
    assert given["Stage"] == group
    # SAM's command line refuses `AlarmEmail=`.
    assert all(given.values())
    # Without it, SAM's command line fails at the template's loops.
    assert deploy["language_extensions"] is True
    assert "CAPABILITY_AUTO_EXPAND" in deploy["capabilities"]
    for name, value in given.items():
        parameter = source["Parameters"][name]
        if "AllowedValues" in parameter:
            assert value in [str(allowed) for allowed in parameter["AllowedValues"]], name
        if "AllowedPattern" in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], value), name


def test_every_default_is_allowed_and_every_parameter_explained(source: dict[str, Any]) -> None:
    for name, parameter in source["Parameters"].items():
        assert parameter["Description"], name
        if "AllowedPattern" in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], parameter["Default"]), name
        if "AllowedValues" in parameter:
            assert parameter["Default"] in parameter["AllowedValues"], name


@pytest.mark.parametrize("bad", ["https://app.example/", "https://app.example/tasks", "app.example", "*", "ftp://app.example"])
def test_an_origin_is_only_an_origin(source: dict[str, Any], bad: str) -> None:
    for name in ("FrontendUrl", "AllowedOrigins", "PublicUrl"):
        assert not re.fullmatch(source["Parameters"][name]["AllowedPattern"], bad), name


@pytest.mark.parametrize(
    ("sender", "is_one"),
    [
        ("no-reply@spacedly.example", True),
        ("Spacedly <no-reply@spacedly.example>", True),
        ("Spacedly, Inc. <no-reply@mail.spacedly.xn--p1ai>", True),
        ("O'Hara & Co <no-reply@spacedly.example>", True),
        ("Spacedly <no-reply@spacedly.example", False),
        ("Spacedly no-reply@spacedly.example", False),
        ("no-reply@spacedly", False),
        ('"Spacedly" <no-reply@spacedly.example>', False),
        ("a@b.example <no-reply@spacedly.example>", False),
        ("Sp\u00e4cedly <no-reply@spacedly.example>", False),
    ],
)
def test_a_sender_is_an_address_with_a_name_or_without(source: dict[str, Any], sender: str, is_one: bool) -> None:
    assert bool(re.fullmatch(source["Parameters"]["MailFrom"]["AllowedPattern"], sender)) == is_one


def test_cors_is_the_products(source: dict[str, Any], resources: Resources) -> None:
    written = source["Resources"]["Api"]["Properties"]["CorsConfiguration"]["Fn::If"][1]["AllowOrigins"]
    assert written == {"Fn::Split": [",", {"Fn::If": ["HasAllowedOrigins", {"Ref": "AllowedOrigins"}, {"Ref": "FrontendUrl"}]}]}
    [condition, rules, nothing] = resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert condition == "HasFrontend"
    assert nothing == {"Ref": "AWS::NoValue"}
    # SAM puts parameters' values in their places.
    origins = rules.pop("allowOrigins")
    assert origins == {"Fn::Split": [",", {"Fn::If": ["HasAllowedOrigins", "", "http://localhost:8080"]}]}
    assert rules == {
        "allowCredentials": True,
        "allowMethods": ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"],
        "allowHeaders": ["Content-Type", "Authorization", "Idempotency-Key", "If-Match"],
        "exposeHeaders": [
            "ETag",
            "Location",
            "Retry-After",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "RateLimit-Policy",
            "X-Request-Id",
        ],
        "maxAge": 600,
    }
    [rule] = source["Resources"]["Uploads"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["PUT"]
    assert rule["AllowedOrigins"] == written


def test_the_access_log_is_json_without_addresses_paths_or_queries(resources: Resources) -> None:
    [stage] = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::ApiGatewayV2::Stage"]
    assert stage["StageName"] == "$default"
    assert stage["AutoDeploy"] is True
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    for variable in logged.values():
        assert not re.search(r"identity|path|query|authorizer|header|cookie", variable, re.IGNORECASE), variable
    assert resources[referred(stage["AccessLogSettings"]["DestinationArn"])]["Properties"]["RetentionInDays"]


def test_every_function_has_its_log_group_its_time_and_its_memory(resources: Resources, functions: list[Function]) -> None:
    groups = []
    for function in functions:
        properties = function.properties
        group = resources[properties["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
        domain = properties["Handler"].partition("-")[0]
        assert group["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/spacedly-${{Stage}}-{domain}"}, function.name
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, function.name
        assert properties["LoggingConfig"]["LogFormat"] == "Text", function.name
        # Only an export reads and writes all that somebody has.
        assert 1 <= properties["Timeout"] <= (300 if function.name == "UsersBuildExport" else 60), function.name
        memory = {"HttpMemory", "PasswordMemory", "EventMemory", "OptimizerMemory"}
        assert properties["MemorySize"]["Ref"] in memory, function.name
        # Traces cost more than the functions. They are a parameter, which is off.
        assert "TracingConfig" not in properties, function.name
        assert properties["Runtime"] == "provided.al2023", function.name
        groups.append(properties["LoggingConfig"]["LogGroup"]["Ref"])
    assert len(set(groups)) == len({function.properties["Handler"].partition("-")[0] for function in functions})


def test_a_route_answers_before_lambda_or_the_gateway_give_up(functions: list[Function], routes: dict[str, set[str]]) -> None:
    for function in functions:
        if function.name in routes:
            assert 28 < function.properties["Timeout"] < 30, function.name


def test_functions_that_hash_passwords_get_the_memory_for_it(source: dict[str, Any], functions: list[Function]) -> None:
    assert source["Parameters"]["PasswordMemory"]["MinValue"] >= 1024
    memory = {function.name: function.properties["MemorySize"]["Ref"] for function in functions}
    assert {name for name, parameter in memory.items() if parameter == "PasswordMemory"} == {
        "AuthRegister",
        "AuthLogin",
        "AuthResetPassword",
        "AuthVerifyEmail",
        "UsersChangePassword",
        "UsersSetPassword",
        "UsersTwoFactor",
        "UsersExport",
        "UsersDelete",
    }


def test_every_function_runs_for_one_cause(functions: list[Function], routes: dict[str, set[str]]) -> None:
    for function in functions:
        assert (function.name in routes) != bool(function.sources), function.name
        # Codes and resets travel apart from all other mail.
        assert len(function.sources) <= (2 if function.name in ("MailSend", "ServiceDispatch") else 1), function.name


def metric_of(alarm: dict[str, Any]) -> tuple[str, Any]:
    """An alarm's metric and the resource that it watches."""
    dimensions = alarm.get("Dimensions", [])
    return alarm.get("MetricName", ""), referred(dimensions[0]["Value"]) if dimensions else None


def alarms(resources: Resources) -> list[dict[str, Any]]:
    return [it["Properties"] for it in resources.values() if it["Type"] == "AWS::CloudWatch::Alarm"]


def assert_parked(resources: Resources, queue: str) -> None:
    """The queue keeps what was given up for as long as SQS can, and somebody is told."""
    assert resources[queue]["Properties"]["MessageRetentionPeriod"] == FOURTEEN_DAYS, queue
    watching = [it for it in alarms(resources) if metric_of(it) == ("ApproximateNumberOfMessagesVisible", queue)]
    assert len(watching) == 1, f"{queue} has no alarm"
    assert watching[0]["Threshold"] == 0
    # An idle queue stops reporting; that must not end the alarm.
    assert watching[0]["TreatMissingData"] == "ignore"


def test_what_a_queue_cannot_deliver_is_parked_with_an_alarm(resources: Resources, functions: list[Function]) -> None:
    behind_queues = [
        it for it in functions if it.sources and resources[referred(it.sources[0]["EventSourceArn"])]["Type"] == "AWS::SQS::Queue"
    ]
    assert behind_queues
    for function, source in ((it, source) for it in behind_queues for source in it.sources):
        name = referred(source["EventSourceArn"])
        queue = resources[name]["Properties"]
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], function.name
        assert source["ScalingConfig"]["MaximumConcurrency"], function.name
        assert queue["VisibilityTimeout"] >= 6 * function.properties["Timeout"], name
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 4, name
        if "MAX_RECEIVES" in function.environment:
            assert int(function.environment["MAX_RECEIVES"]) == queue["RedrivePolicy"]["maxReceiveCount"], function.name
        assert_parked(resources, referred(queue["RedrivePolicy"]["deadLetterTargetArn"]))
        assert ("ApproximateAgeOfOldestMessage", name) in map(metric_of, alarms(resources)), f"nobody sees that {name} lags"


def test_one_users_files_leave_room_for_those_of_others(source: dict[str, Any], functions: list[Function]) -> None:
    [optimize] = [it for it in functions if it.name == "AttachmentsOptimize"]
    assert int(optimize.environment["MAX_PER_USER"]) < source["Parameters"]["OptimizerConcurrency"]["MinValue"]


def test_what_the_dispatcher_cannot_handle_is_parked_with_an_alarm(resources: Resources, functions: list[Function]) -> None:
    [dispatch] = [it for it in functions if it.name == "ServiceDispatch"]
    # A shard of a stream has two readers at most.
    assert len(dispatch.sources) == 2
    for source in dispatch.sources:
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["BisectBatchOnFunctionError"] is True
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert 1 <= source["MaximumRetryAttempts"] <= 100
        assert 60 <= source["MaximumRecordAgeInSeconds"] < 86400
        assert_parked(resources, referred(source["DestinationConfig"]["OnFailure"]["Destination"]))
    assert_parked(resources, referred(dispatch.environment["SCHEDULER_DLQ_ARN"]))
    assert ("IteratorAge", "ServiceDispatch") in map(metric_of, alarms(resources))


def test_the_dispatcher_reads_the_stream_of_a_table_that_was_restored_under_its_name(resources: Resources) -> None:
    for name in ("ServiceDispatchStream", "ServiceDispatchCodes"):
        source = resources[name]["Properties"]["EventSourceArn"]
        assert source == {"Fn::If": ["HasTableStream", {"Ref": "TableStreamArn"}, {"Fn::GetAtt": ["Table", "StreamArn"]}]}


def test_errors_of_functions_that_nobody_waits_for_raise_an_alarm(resources: Resources) -> None:
    # Without a dimension the metric is the sum over all functions.
    [watching] = [it for it in alarms(resources) if metric_of(it) == ("Errors", None)]
    assert (watching["Namespace"], watching["Statistic"], watching["Threshold"]) == ("AWS/Lambda", "Sum", 0)


def test_every_alarm_reaches_the_topic_and_returns_one_series(resources: Resources) -> None:
    for alarm in alarms(resources):
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
        # Only of what runs every minute, no data is bad news.
        is_tick = metric_of(alarm) == ("Invocations", "ServiceSweep")
        assert alarm["TreatMissingData"] in ({"breaching"} if is_tick else {"notBreaching", "ignore"})
        if "Metrics" in alarm:
            assert sum(metric.get("ReturnData", True) for metric in alarm["Metrics"]) == 1
            names = {metric["Id"] for metric in alarm["Metrics"]}
            [expression] = [metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric]
            expression = expression["Fn::Sub"] if isinstance(expression, dict) else expression
            used = set(re.findall(r"\b[a-z]+\b", expression))
            assert used <= names
            assert used or "METRICS()" in expression


def test_a_tick_that_stops_raises_an_alarm(resources: Resources) -> None:
    [stopped] = [it for it in alarms(resources) if metric_of(it) == ("Invocations", "ServiceSweep")]
    assert (stopped["ComparisonOperator"], stopped["Threshold"]) == ("LessThanThreshold", 1)
    assert stopped["Period"] * stopped["EvaluationPeriods"] == 900
    assert stopped["TreatMissingData"] == "breaching"
    [errors] = [it for it in alarms(resources) if it.get("MetricName") == "TargetErrorCount"]
    assert (errors["Namespace"], referred(errors["Dimensions"][0]["Value"])) == ("AWS/Scheduler", "Schedules")
    for name, resource in resources.items():
        # The metric counts by group.
        if resource["Type"] == "AWS::Scheduler::Schedule":
            assert referred(resource["Properties"]["GroupName"]) == "Schedules", name


def test_throttling_of_the_index_is_seen(resources: Resources) -> None:
    watched = [json.dumps(metric["MetricStat"]["Metric"]) for metric in resources["ThrottlesAlarm"]["Properties"]["Metrics"][1:]]
    indexes = {index["IndexName"] for index in resources["Table"]["Properties"]["GlobalSecondaryIndexes"]}
    for index in indexes:
        for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
            assert any(name in metric and json.dumps(index) in metric for metric in watched), f"{name} of {index}"


def test_the_account_s_concurrency_has_an_alarm(resources: Resources) -> None:
    [percent, executions] = resources["ConcurrencyAlarm"]["Properties"]["Metrics"]
    assert percent["Expression"] == {"Fn::Sub": "100 * executions / ${AccountConcurrency}"}
    metric = executions["MetricStat"]["Metric"]
    assert (metric["MetricName"], "Dimensions" in metric) == ("ConcurrentExecutions", False)


def test_the_sources_leave_the_requests_most_of_200_executions(source: dict[str, Any], resources: Resources) -> None:
    maxima = [
        it["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for it in resources.values()
        if it["Type"] == "AWS::Lambda::EventSourceMapping" and "ScalingConfig" in it["Properties"]
    ]
    # The two sources of the stream have no maximum: its shards limit them.
    assert len(maxima) == len([it for it in resources.values() if it["Type"] == "AWS::Lambda::EventSourceMapping"]) - 2
    numbers = [source["Parameters"][it["Ref"]]["Default"] if isinstance(it, dict) else it for it in maxima]
    assert sum(numbers) <= 100


def test_the_api_is_made_whatever_its_import_warns_of(resources: Resources) -> None:
    # SAM writes servers without a URL where the API's own address is switched off, which may be a warning.
    assert "FailOnWarnings" not in resources["Api"]["Properties"]


def test_one_deployment_is_enough_without_a_domain(source: dict[str, Any], resources: Resources) -> None:
    assert "TheApiKnowsItsAddress" not in source.get("Rules", {})
    shared = source["Globals"]["Function"]["Environment"]["Variables"]["PUBLIC_URL"]
    assert shared == {
        "Fn::If": ["HasPublicUrl", {"Ref": "PublicUrl"}, {"Fn::If": ["HasDomain", {"Fn::Sub": "https://${DomainName}"}, ""]}]
    }
    # A function that answers no requests cannot take the URL from them.
    mailer = resources["MailSend"]["Properties"]["Environment"]["Variables"]["PUBLIC_URL"]
    assert "${Api}" in json.dumps(mailer)


def test_a_deployment_changes_only_the_functions_that_changed(source: dict[str, Any], functions: list[Function]) -> None:
    assert "APP_VERSION" not in source["Globals"]["Function"]["Environment"]["Variables"]
    assert {function.name for function in functions if "AppVersion" in json.dumps(function.properties)} <= {"ServiceHealth"}
    assert {function.name for function in functions if "APP_VERSION" in function.environment} == {"ServiceHealth"}


def test_every_alarm_is_explained_to_the_operator(resources: Resources) -> None:
    explained = section((ROOT / "docs" / "operations.md").read_text(), "alarms")
    for name, resource in resources.items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert f"`{name}`" in explained, f"docs/operations.md does not say what to do about {name}"


def test_every_parameter_is_explained_to_the_operator(source: dict[str, Any]) -> None:
    explained = section((ROOT / "docs" / "operations.md").read_text(), "parameters")
    for name in source["Parameters"]:
        assert f"`{name}`" in explained, name


def test_every_limit_is_a_parameter_and_one_that_the_code_reads(source: dict[str, Any], facts: dict[str, Any]) -> None:
    limits = source["Globals"]["Function"]["Environment"]["Variables"]["RATE_LIMITS"]["Fn::Sub"]
    given = dict(re.findall(r"([\w-]+)=\$\{(\w+)\}/\d+", limits))
    assert given == {name: f"{name.title().replace('-', '')}Limit" for name in given}
    assert set(facts["rate_limits"]) == set(given)


def test_alarms_and_dashboard_show_metrics_that_the_code_writes(resources: Resources, facts: dict[str, Any]) -> None:
    metrics = facts["metrics"]
    ours = [it for it in alarms(resources) if it.get("Namespace") == metrics["namespace"]]
    counted = {name for alarm in ours if isinstance(name := alarm["MetricName"], str)}
    assert counted == {"DigestMissed", "LimiterUnavailable", "ReminderLateness"}
    for alarm in ours:
        if not isinstance(alarm["MetricName"], str):
            continue  # Counted by filters of the log.
        assert alarm["MetricName"] in metrics["names"]
        assert [dimension["Name"] for dimension in alarm["Dimensions"]] == [metrics["dimension"]]
    body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    shown = [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]
    ours = [metric for metric in shown if metric[0] == metrics["namespace"]]
    assert ours
    for metric in ours:
        assert metric[1] in metrics["names"], metric
        assert metric[2:4] == [metrics["dimension"], "${Stage}"]


def test_mails_beyond_the_budget_of_their_mailbox_are_counted_where_they_are_caused(
    resources: Resources, facts: dict[str, Any]
) -> None:
    filters = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::Logs::MetricFilter"]
    # Who may write a mailbox's budget writes mails that count in it; reminders' and digests' have rows of their own.
    causing = {
        function.name
        for function in (Function(name, resources) for name, it in resources.items() if it["Type"] == "AWS::Lambda::Function")
        if "MAILBOX#*" in json.dumps(function.statements())
    } - {"RemindersFire", "RemindersDigest"}
    groups = {resources[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for name in causing}
    assert {referred(it["LogGroupName"]) for it in filters} == groups
    [event] = {re.fullmatch(r'\{ \$\.message = "([a-z_.]+)" \}', it["FilterPattern"])[1] for it in filters}
    assert f'"{event}"' in (ROOT / "shared" / "src" / "store" / "mailboxes.rs").read_text()
    alarm = resources["MailboxBudgetAlarm"]["Properties"]
    assert all(it["MetricTransformations"][0]["MetricName"] == alarm["MetricName"] for it in filters)
    # Its filters name it, so a metric of this name is not the code's own.
    assert alarm["MetricName"]["Fn::Sub"].split("-")[0] not in facts["metrics"]["names"]


def test_write_conflicts_raise_an_alarm(resources: Resources) -> None:
    [alarm] = [it for it in alarms(resources) if metric_of(it) == ("TransactionConflict", "Table")]
    assert (alarm["Namespace"], alarm["Statistic"]) == ("AWS/DynamoDB", "Sum")


def test_the_dashboard_is_json(resources: Resources) -> None:
    body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        assert widget["properties"]["metrics"], widget["properties"]["title"]
    # A dashboard with more costs three dollars a month.
    assert sum(len(widget["properties"]["metrics"]) for widget in body["widgets"]) <= 50


def test_the_dashboard_searches_functions_by_words(resources: Resources) -> None:
    # A term in quotation marks must be the whole name, so a prefix in them finds nothing.
    searches = re.findall(r"SEARCH\('(.*?)',", resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    assert searches
    for search in searches:
        assert not re.search(r'FunctionName=\\?"', search), search
        assert "${Stage}" in search


def matches(pattern: Any, value: Any) -> bool:
    """Lambda's event filter, as far as it is used here: fields, equality, prefixes and exclusions."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and matches(rule, value[key]) for key, rule in pattern.items())
    return any(_agrees(rule, value) for rule in pattern)


def _agrees(rule: Any, value: str) -> bool:
    match rule:
        case {"prefix": prefix}:
            return value.startswith(prefix)
        case {"anything-but": excluded}:
            return value not in excluded
        case _:
            return value == rule


def stream_patterns(functions: list[Function]) -> list[list[Any]]:
    """The filters of the dispatcher's sources."""
    [dispatch] = [it for it in functions if it.name == "ServiceDispatch"]
    return [[json.loads(it["Pattern"]) for it in source["FilterCriteria"]["Filters"]] for source in dispatch.sources]


@pytest.mark.parametrize(
    ("event", "row", "wanted"),
    [
        ("INSERT", "REM#1", True),
        ("MODIFY", "REM#1", True),
        ("REMOVE", "REM#1", True),
        ("REMOVE", "TASK#1", True),
        ("INSERT", "TASK#1", False),
        ("MODIFY", "TASK#1", False),
        ("REMOVE", "ACCOUNT", True),
        ("INSERT", "ACCOUNT", False),
        ("MODIFY", "ACCOUNT", False),
        ("INSERT", "EXPORT pending", True),
        ("MODIFY", "EXPORT pending", True),
        ("MODIFY", "EXPORT ready", False),
        ("REMOVE", "EXPORT", False),
        ("INSERT", "ACCOUNT#SESSION#1", False),
        ("MODIFY", "ACCOUNT#SESSION#1", False),
        ("MODIFY", "ACCOUNT#SESSION#1 stolen", True),
        ("INSERT", "NTF#1", False),
        ("REMOVE", "ACCOUNT#SESSION#1", False),
        ("MODIFY", "COUNTERS", False),
        ("MODIFY", "RATE", False),
    ],
)
def test_the_dispatcher_sees_what_has_consequences_and_nothing_else(
    functions: list[Function], event: str, row: str, wanted: bool
) -> None:
    sort_key, _, state = row.partition(" ")
    image = {"state": {"S": state}} if state else {}
    record = {"eventName": event, "dynamodb": {"Keys": {"PK": {"S": "USER#1"}, "SK": {"S": sort_key}}, "NewImage": image}}
    assert any(matches(pattern, record) for patterns in stream_patterns(functions) for pattern in patterns) is wanted


@pytest.mark.parametrize(
    ("event", "kind", "seen"),
    [
        ("INSERT", "verification", [True, False]),
        ("INSERT", "hour-before", [True, False]),
        ("INSERT", "login-code", [False, True]),
        ("INSERT", "password-reset", [False, True]),
        ("MODIFY", "verification", [False, False]),
        ("MODIFY", "login-code", [False, False]),
    ],
)
def test_a_new_mail_is_dispatched_once_and_codes_and_resets_by_a_source_of_their_own(
    functions: list[Function], event: str, kind: str, seen: list[bool]
) -> None:
    image = {"content": {"M": {"kind": {"S": kind}}}}
    record = {"eventName": event, "dynamodb": {"Keys": {"PK": {"S": "USER#1"}, "SK": {"S": "MAIL#1"}}, "NewImage": image}}
    assert [any(matches(pattern, record) for pattern in patterns) for patterns in stream_patterns(functions)] == seen


def attributes(keyed: dict[str, Any]) -> list[str]:
    """The key attributes of a table or an index, the partition's first."""
    assert [key["KeyType"] for key in keyed["KeySchema"]] == ["HASH", "RANGE"]
    return [key["AttributeName"] for key in keyed["KeySchema"]]


def test_the_table_has_the_keys_and_indexes_that_the_store_uses(resources: Resources, facts: dict[str, Any]) -> None:
    table, store = resources["Table"]["Properties"], facts["table"]
    assert attributes(table) == store["keys"]
    local = {index["IndexName"]: attributes(index) for index in table["LocalSecondaryIndexes"]}
    assert local == {name: [store["keys"][0], sort] for name, sort in store["local_indexes"].items()}
    assert {index["IndexName"]: attributes(index) for index in table["GlobalSecondaryIndexes"]} == store["global_indexes"]
    assert len(local) == 5, "DynamoDB allows five local indexes, and only at the table's creation"
    assert table["TimeToLiveSpecification"] == {"AttributeName": store["expiry"], "Enabled": True}


def test_a_feed_of_changes_finds_its_index(resources: Resources) -> None:
    [index] = [it for it in resources["Table"]["Properties"]["LocalSecondaryIndexes"] if it["IndexName"] == "by-changed"]
    assert attributes(index) == ["PK", "byChanged"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_data_is_encrypted_recoverable_and_kept(source: dict[str, Any], resources: Resources) -> None:
    table = resources["Table"]
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    # DynamoDB encrypts every table. Its own key asks the functions' roles for nothing.
    assert "SSESpecification" not in table["Properties"]
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    # A first deployment that fails could not delete a protected table, so protection is a step of its own.
    assert table["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}
    assert source["Parameters"]["ProtectData"]["Default"] == "false"
    for name in ("Table", "Uploads", "Keys", "OidcClient"):
        assert resources[name]["DeletionPolicy"] == {"Fn::If": ["IsProduction", "RetainExceptOnCreate", "Delete"]}, name
        assert resources[name]["UpdateReplacePolicy"] == "Retain", name
    # It takes conditions in those.
    assert source["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]
    assert source["Conditions"]["IsProduction"] == {"Fn::Equals": [{"Ref": "Stage"}, "production"]}
    bucket = resources["Uploads"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]
    lives = {rule["Prefix"]: rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" in rule}
    assert lives == {"raw/": 2, "exports/": 7}
    policies = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::SQS::QueuePolicy"]
    over_tls = {referred(queue) for policy in policies for queue in policy["Queues"]}
    for policy in policies:
        assert policy["PolicyDocument"]["Statement"][0]["Sid"] == "OnlyOverTls"
    for name, resource in resources.items():
        if resource["Type"] == "AWS::SQS::Queue":
            assert resource["Properties"]["SqsManagedSseEnabled"] is True, name
            assert name in over_tls, name


def test_nothing_secret_stands_in_the_template(template: dict[str, Any], resources: Resources) -> None:
    assert resources["Keys"]["Properties"]["GenerateSecretString"] == {
        "SecretStringTemplate": '{"current":"1"}',
        "GenerateStringKey": "1",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }
    # What the operator fills in must outlive the next deployment.
    assert "SecretString" not in resources["OidcClient"]["Properties"]
    assert resources["OidcClient"]["Properties"]["GenerateSecretString"] == {
        "SecretStringTemplate": '{"clientId":""}',
        "GenerateStringKey": "clientSecret",
    }
    for name, resource in resources.items():
        assert "resolve:secretsmanager" not in json.dumps(resource), name
    assert not [name for name in template["Parameters"] if re.search("secret|password$|token", name, re.IGNORECASE)]
