"""template.yaml as the emulator takes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from infra.local import expand, overrides
from infra.local.instance import API_ID, TEMPLATE, Instance
from infra.local.progress import Problem

SMALL = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration:
        AllowOrigins: [http://localhost:8080]
        AllowCredentials: true
        MaxAge: 600
  TasksGet:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: tasks-get
      CodeUri: target/lambda/tasks/
      Events:
        One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: "/api/tasks/{id}"}}
        Two: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /api/tasks}}
  TasksOverdue:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: tasks-overdue
      CodeUri: target/lambda/tasks/
  ServiceFallback:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: service-fallback
      CodeUri: target/lambda/service/
      Events:
        Default: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
"""
KEYS = {"tasks": "tasks/1.zip", "service": "service/2.zip"}


def load(tmp_path: Path, text: str = SMALL) -> expand.Template:
    file = tmp_path / "template.yaml"
    file.write_text(text)
    return expand.load(file)


def expanded(template: expand.Template, keys: dict[str, str] = KEYS) -> dict[str, Any]:
    return expand.split_body(expand.transform(expand.with_code(template, "bucket", keys), {}))["Resources"]


def of_type(resources: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: it["Properties"] for key, it in resources.items() if it["Type"] == name}


def test_every_route_becomes_a_resource_that_points_at_its_function(tmp_path: Path) -> None:
    resources = expanded(load(tmp_path))
    routes = of_type(resources, "AWS::ApiGatewayV2::Route")
    integrations = of_type(resources, "AWS::ApiGatewayV2::Integration")
    found = {}
    for route in routes.values():
        [_, [kind, reference]] = route["Target"]["Fn::Join"]
        assert kind == "integrations"
        found[route["RouteKey"]] = integrations[reference["Ref"]]["IntegrationUri"]["Fn::Sub"]
    assert set(found) == {"GET /api/tasks/{id}", "GET /api/tasks", "$default"}
    assert "${TasksGet.Arn}" in found["GET /api/tasks"]
    assert "${ServiceFallback.Arn}" in found["$default"]
    assert len(integrations) == 2, "two routes of one function share an integration"


def test_the_api_has_its_fixed_id_and_its_cors_rules_in_the_apis_own_spelling(tmp_path: Path) -> None:
    [api] = of_type(expanded(load(tmp_path)), "AWS::ApiGatewayV2::Api").values()
    assert "Body" not in api
    assert api["Tags"]["ms-custom-id"] == API_ID
    assert api["CorsConfiguration"] == {"allowOrigins": ["http://localhost:8080"], "allowCredentials": True, "maxAge": 600}


def test_cors_rules_that_sam_would_cut_down_to_their_origins_are_refused(tmp_path: Path) -> None:
    text = SMALL.replace("AllowOrigins: [http://localhost:8080]", 'AllowOrigins: !Split [",", !Ref Stage]')
    with pytest.raises(Problem, match="origins only"):
        expanded(load(tmp_path, text))


def test_functions_of_a_domain_get_its_one_package_and_their_own_handler(tmp_path: Path) -> None:
    functions = of_type(expanded(load(tmp_path)), "AWS::Lambda::Function")
    for logical_id, handler in (("TasksGet", "tasks-get"), ("TasksOverdue", "tasks-overdue")):
        assert functions[logical_id]["Code"] == {"S3Bucket": "bucket", "S3Key": "tasks/1.zip"}
        assert functions[logical_id]["Handler"] == handler


def test_functions_are_known_by_their_handler(tmp_path: Path) -> None:
    template = load(tmp_path)
    names = {"tasks-get": "TasksGet", "tasks-overdue": "TasksOverdue", "service-fallback": "ServiceFallback"}
    assert expand.function_names(template) == names
    assert expand.binaries(template) == {"tasks", "service"}
    assert expand.functions(template)["tasks-overdue"].binary == "tasks"


def test_a_function_without_a_binary_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"ServiceFallback.* binary service,"):
        expanded(load(tmp_path), {"tasks": "tasks/1.zip"})


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("      Handler: tasks-overdue\n", "", "TasksOverdue .* no Handler"),
        ("Handler: tasks-overdue", "Handler: tasks-get", "TasksGet and TasksOverdue .* same Handler"),
        ("CodeUri: target/lambda/service/", "CodeUri: elsewhere/service/", "ServiceFallback .* no CodeUri"),
    ],
)
def test_a_function_without_a_name_or_a_binary_of_its_own_is_refused(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    with pytest.raises(Problem, match=message):
        expanded(load(tmp_path, SMALL.replace(before, after)))


@pytest.mark.parametrize("text", ["Resources: {", "- a list", ""])
def test_a_broken_template_is_a_sentence_not_a_trace(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem, match=r"template\.yaml"):
        load(tmp_path, text)


def adapt(resources: dict[str, Any], values: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    template = {"Resources": resources, "Parameters": {"Many": {"Type": "Number", "Default": 3}}}
    adapted, left_out = overrides.adapt(template, values or {})
    return adapted["Resources"], left_out


def test_what_the_emulator_refuses_is_left_out_with_its_dependencies() -> None:
    resources, left_out = adapt(
        {
            "Alarms": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {}},
            "Maths": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": []}},
            "Plain": {"Type": "AWS::CloudWatch::Alarm", "Properties": {}, "DependsOn": ["Alarms", "Queue"]},
            "Queue": {"Type": "AWS::SQS::Queue", "DependsOn": "Maths"},
        }
    )
    assert set(left_out) == {"Alarms", "Maths"}
    assert resources["Plain"]["DependsOn"] == ["Queue"]
    assert "DependsOn" not in resources["Queue"]


def test_a_secrets_ref_is_its_arn_everywhere() -> None:
    resources, _ = adapt(
        {
            "Keys": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {"ExcludePunctuation": True, "ExcludeCharacters": "x"}},
            },
            "Policy": {"Type": "T", "Properties": {"Resource": [{"Ref": "Keys"}, {"Fn::Sub": "${Keys}*"}, {"Ref": "Other"}]}},
        }
    )
    assert resources["Policy"]["Properties"]["Resource"] == [
        {"Fn::GetAtt": ["Keys", "Id"]},
        {"Fn::Sub": "${Keys.Id}*"},
        {"Ref": "Other"},
    ]
    generate = resources["Keys"]["Properties"]["GenerateSecretString"]
    assert "ExcludePunctuation" not in generate
    assert set("x'\"\\{}!") <= set(generate["ExcludeCharacters"])


def test_role_policies_move_into_their_role() -> None:
    document = {"Statement": []}
    resources, _ = adapt(
        {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
            "More": {
                "Type": "AWS::IAM::RolePolicy",
                "Properties": {"RoleName": {"Ref": "Role"}, "PolicyName": "more", "PolicyDocument": document},
            },
        }
    )
    assert resources == {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyName": "more", "PolicyDocument": document}]}}
    }


@pytest.mark.parametrize(("given", "expected"), [({}, 3), ({"Many": "7"}, 7)])
def test_concurrency_of_a_queue_is_a_number(given: dict[str, str], expected: int) -> None:
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"ScalingConfig": {"MaximumConcurrency": {"Ref": "Many"}}},
    }
    resources, _ = adapt({"Mapping": mapping}, given)
    assert resources["Mapping"]["Properties"]["ScalingConfig"] == {"MaximumConcurrency": expected}


def test_numbers_in_an_environment_become_texts() -> None:
    variables = {"MAX": 4, "NAME": {"Ref": "Many"}}
    resources, _ = adapt({"F": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": variables}}}})
    assert resources["F"]["Properties"]["Environment"]["Variables"] == {"MAX": "4", "NAME": {"Ref": "Many"}}


def test_parameters_are_given_only_where_the_template_has_them(tmp_path: Path) -> None:
    template = load(tmp_path)
    assert overrides.parameters(template, Instance("local", tmp_path, 3001, 4567, 4581)) == {"Stage": "local"}
    limits = ("GlobalLimit", "AccountLimit", "RegisterLimit")
    template["Parameters"].update({name: {} for name in ("PublicUrl", *limits)})
    local = overrides.parameters(template, Instance("local", tmp_path, 3001, 4567, 4581))
    raised = {"GlobalLimit": "1000", "RegisterLimit": "100"}
    assert local == {"Stage": "local", "PublicUrl": "http://localhost:3001", **raised}
    test = overrides.parameters(template, Instance("test", tmp_path, 3100, 4576, 4581))
    assert min(int(test["GlobalLimit"]), int(test["AccountLimit"])) > 1000
    assert "RegisterLimit" not in test, "the suite tests it as it is"


def test_locally_routes_lead_to_functions_without_aliases() -> None:
    template = expand.load(TEMPLATE)
    assert any("AutoPublishAlias" in it.get("Properties", {}) for it in template["Resources"].values())
    resources = expanded(overrides.without_aliases(template), {name: f"{name}.zip" for name in expand.binaries(template)})
    kinds = {it["Type"] for it in resources.values()}
    assert not kinds & {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
    assert not any("CodeDeploy" in kind for kind in kinds)
    functions = of_type(resources, "AWS::Lambda::Function")
    for integration in of_type(resources, "AWS::ApiGatewayV2::Integration").values():
        assert re.search(r"functions/\$\{(\w+)\.Arn}/", integration["IntegrationUri"]["Fn::Sub"])[1] in functions
    assert {it["FunctionName"]["Ref"] for it in of_type(resources, "AWS::Lambda::Permission").values()} <= functions.keys()


@pytest.mark.skipif(not TEMPLATE.exists(), reason="there is no template yet")
def test_the_projects_own_template_expands() -> None:
    template = expand.load(TEMPLATE)
    names = expand.function_names(template)
    resources = expanded(template, {name: f"{name}.zip" for name in expand.binaries(template)})
    routes = {route["RouteKey"] for route in of_type(resources, "AWS::ApiGatewayV2::Route").values()}
    assert {"$default", "GET /health", "POST /api/tasks"} <= routes
    assert set(of_type(resources, "AWS::Lambda::Function")) == set(names.values())
