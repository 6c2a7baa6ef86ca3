"""template.yaml as plain CloudFormation that the emulator can deploy.

SAM's transform is run here, with the translator that AWS publishes. It puts an HTTP API's routes into an OpenAPI
`Body`, which the emulator ignores; `split_body` turns that into the Integration and Route resources that API Gateway
itself makes of it.
"""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from .instance import API_ID, REGION
from .loops import unroll
from .progress import Problem

Template = dict[str, Any]
# Where `make build` puts each binary, in a folder of its name.
LAMBDA = "target/lambda"
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_CORS = "x-amazon-apigateway-cors"


def load(file: Path) -> Template:
    """Reads a template, short intrinsics (`!Ref`) included; its loops are unrolled."""
    try:
        template = yaml_parse(file.read_text())
    except FileNotFoundError:
        raise Problem(f"{file.name} is missing.") from None
    except Exception as error:  # The parser's own errors have no common base.
        raise Problem(f"{file.name} is no valid YAML: {error}") from error
    if not isinstance(template, dict) or "Resources" not in template:
        raise Problem(f"{file.name} has no Resources.")
    try:
        return unroll(template)
    except (KeyError, TypeError, ValueError) as error:
        raise Problem(f"{file.name} has a loop that cannot be unrolled: {error}") from error


@dataclass(frozen=True)
class Function:
    """A function of the template. Its binary serves the functions of a whole domain, and picks this one by `Handler`."""

    name: str
    logical_id: str
    binary: str


def functions(template: Template) -> dict[str, Function]:
    """The functions by name, which is their `Handler`; the binary's name ends the `CodeUri`."""
    found: dict[str, Function] = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource.get("Properties", {})
        name, uri = properties.get("Handler"), properties.get("CodeUri")
        if not isinstance(name, str):
            raise Problem(f"{logical_id} in template.yaml has no Handler, which names the function.")
        binary = _binary(uri)
        if not binary:
            raise Problem(f"{logical_id} in template.yaml has no CodeUri of the form {LAMBDA}/<binary>/.")
        if name in found:
            raise Problem(f"{found[name].logical_id} and {logical_id} in template.yaml have the same Handler, {name}.")
        found[name] = Function(name, logical_id, binary)
    return found


def _binary(uri: Any) -> str | None:
    """The binary that a `CodeUri` names: `target/lambda/<binary>/`, in a bundle `code/<binary>.zip`."""
    match = re.fullmatch(rf"(?:{LAMBDA}/([\w-]+)/?|code/([\w-]+)\.zip)", uri) if isinstance(uri, str) else None
    return (match[1] or match[2]) if match else None


def function_names(template: Template) -> dict[str, str]:
    """Function name → logical id."""
    return {name: function.logical_id for name, function in functions(template).items()}


def binaries(template: Template) -> set[str]:
    """The binaries that the template deploys."""
    return {function.binary for function in functions(template).values()}


def with_code(template: Template, bucket: str, keys: dict[str, str]) -> Template:
    """The template with every function's code in `bucket`; `keys` has an object key for each binary."""
    template = copy.deepcopy(template)
    for function in functions(template).values():
        if function.binary not in keys:
            raise Problem(
                f"{function.logical_id} in template.yaml needs the binary {function.binary}, which cargo does not build.",
                f"Add functions/{function.binary}/src/main.rs, or correct {function.logical_id}'s CodeUri.",
            )
        code = {"Bucket": bucket, "Key": keys[function.binary]}
        template["Resources"][function.logical_id]["Properties"]["CodeUri"] = code
    return template


def transform(template: Template, parameters: dict[str, str]) -> Template:
    """Runs the SAM transform."""
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    values = {name: declared.get("Default") for name, declared in template.get("Parameters", {}).items()}
    values.update(parameters)
    try:
        expanded = Translator({}, Parser()).translate(copy.deepcopy(template), values)
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise Problem(f"template.yaml is refused by the SAM transform: {causes}") from error
    expanded.pop("Transform", None)
    return expanded


def split_body(template: Template) -> Template:
    """Gives every HTTP API its routes as resources, its CORS rules, and the first of them its fixed id."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    apis = [name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGatewayV2::Api"]
    if len(apis) > 1:
        raise Problem(f"template.yaml has {len(apis)} HTTP APIs ({', '.join(apis)}); the local cloud serves one.")
    for api in apis:
        properties = resources[api].setdefault("Properties", {})
        body = properties.pop("Body", None) or {}
        properties.pop("FailOnWarnings", None)
        properties["ProtocolType"] = "HTTP"
        properties.setdefault("Name", {"Ref": "AWS::StackName"})
        properties["Tags"] = {**(properties.get("Tags") or {}), "ms-custom-id": API_ID}
        cors = body.get(_CORS) or _camel(properties.get("CorsConfiguration"))
        if isinstance(cors, dict) and ("Fn::Split" in cors or "Ref" in cors):
            raise Problem(
                f"SAM makes CORS rules of {api} that have origins only: its AllowOrigins is an intrinsic function.",
                "Make the whole CorsConfiguration the intrinsic (!If with two complete sets of rules).",
            )
        if cors:
            # The emulator reads this as the API's own JSON, which is camelCase.
            properties["CorsConfiguration"] = cors
        resources.update(_routes(api, body))
    return template


def _camel(cors: dict[str, Any] | None) -> dict[str, Any]:
    return {key[0].lower() + key[1:]: value for key, value in (cors or {}).items()}


def _routes(api: str, body: dict[str, Any]) -> Template:
    """One Integration for each function, one Route for each method of each path."""
    made: Template = {}
    integrations: list[tuple[Any, str]] = []
    for path, operations in (body.get("paths") or {}).items():
        for method, operation in operations.items():
            if method.lower() not in _METHODS and method != _ANY:
                continue
            key = f"{'ANY' if method == _ANY else method.upper()} {path}"
            if operation.get("isDefaultRoute"):
                key = "$default"
            declared = operation.get(_INTEGRATION)
            if not declared:
                raise Problem(f"The route {key} has no function behind it.")
            name = next((name for known, name in integrations if known == declared), None)
            if name is None:
                name = f"{api}Integration{len(integrations) + 1}"
                integrations.append((declared, name))
                made[name] = _integration(api, declared)
            made[f"{api}Route{len(made) - len(integrations) + 1}"] = {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": api},
                    "RouteKey": key,
                    "Target": {"Fn::Join": ["/", ["integrations", {"Ref": name}]]},
                },
            }
    return made


def _integration(api: str, declared: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "ApiId": {"Ref": api},
        "IntegrationType": declared["type"].upper(),
        "IntegrationUri": declared["uri"],
        "IntegrationMethod": declared.get("httpMethod", "POST"),
        "PayloadFormatVersion": declared.get("payloadFormatVersion", "2.0"),
    }
    if "timeoutInMillis" in declared:
        properties["TimeoutInMillis"] = declared["timeoutInMillis"]
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": properties}
