"""One stem everywhere: binary, module, template, route list, watch router, sample event."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from conftest import ROOT, Function, camel, rust_files, section

# Set by Lambda itself or, locally, by the launcher; no part of our configuration.
NOT_OURS = re.compile(r"^(AWS_|_X_AMZN|LAMBDA_)")


def test_every_binary_has_its_function(binaries: set[str], source: dict[str, Any]) -> None:
    functions = {name: it["Properties"] for name, it in source["Resources"].items() if it["Type"] == "AWS::Serverless::Function"}
    assert {camel(binary) for binary in binaries} == set(functions)
    for binary in binaries:
        properties = functions[camel(binary)]
        assert properties["CodeUri"] == f"target/lambda/{binary}/"
        assert properties["FunctionName"] == {"Fn::Sub": f"spacedly-${{Stage}}-{binary}"}


def test_every_binary_has_its_module(binaries: set[str]) -> None:
    for binary in binaries:
        domain, verb = binary.split("-", 1)
        package = ROOT / "functions" / domain
        module = verb.replace("-", "_")
        assert (package / "src" / "bin" / f"{binary}.rs").is_file(), f"{binary} lies in another package"
        assert (package / "src" / f"{module}.rs").is_file(), f"functions/{domain}/src/{module}.rs is missing"
        assert re.search(rf"^pub mod {module};", (package / "src" / "lib.rs").read_text(), re.MULTILINE), binary


def test_every_binary_has_its_sample_event(binaries: set[str]) -> None:
    assert {file.stem for file in (ROOT / "events").glob("*.json")} == binaries


def test_the_code_and_the_gateway_have_the_same_routes(routes: dict[str, set[str]]) -> None:
    text = (ROOT / "shared" / "src" / "http" / "routes.rs").read_text()
    found: dict[str, set[str]] = {}
    for method, binary, path in re.findall(r'Route::(get|post|put|delete|patch)\(\s*"([a-z-]+)",\s*"([^"]+)"', text):
        found.setdefault(camel(binary), set()).add(f"{method.upper()} {path}")
    for binary in re.findall(r'Route::fallback\(\s*"([a-z-]+)"', text):
        found.setdefault(camel(binary), set()).add("$default")
    assert found == routes


def test_the_watch_router_has_the_same_routes(routes: dict[str, set[str]]) -> None:
    router = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["metadata"]["lambda"]["watch"]["router"]
    found: dict[str, set[str]] = {}
    for path, targets in router.items():
        for target in targets:
            found.setdefault(camel(target["function"]), set()).add(f"{target['method']} {path}")
    # The router knows no catch-all.
    assert found == {name: keys for name, keys in routes.items() if keys != {"$default"}}


def test_no_two_functions_share_a_route(routes: dict[str, set[str]]) -> None:
    keys = [key for of_one in routes.values() for key in of_one]
    assert len(set(keys)) == len(keys)
    assert "$default" in keys


def test_functions_are_given_the_variables_that_they_read(functions: list[Function]) -> None:
    call = re.compile(r'\b(?:required|optional|parsed|url|var|env)(?:::<[^>()]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
    read = {name for file in rust_files() for name in call.findall(file.read_text()) if not NOT_OURS.match(name)}
    given = {name for function in functions for name in function.environment}
    assert read == given


def test_what_one_function_needs_is_not_given_to_all(source: dict[str, Any], functions: list[Function]) -> None:
    shared = set(source["Globals"]["Function"]["Environment"]["Variables"])
    own = {name for function in functions for name in function.environment if name not in shared}
    assert own == {
        "CLEANUP_QUEUE_URL",
        "DIGEST_QUEUE_URL",
        "EXPORT_QUEUE_URL",
        "MAIL_FROM",
        "MAIL_QUEUE_URL",
        "MAX_RECEIVES",
        "USER_QUOTA_BYTES",
        "OIDC_ISSUER",
        "OIDC_SECRET_ID",
        "OVERDUE_QUEUE_URL",
        "REMINDER_QUEUE_ARN",
        "REMINDER_QUEUE_URL",
        "RESET_QUEUE_URL",
        "SCHEDULER_DLQ_ARN",
        "SCHEDULER_ROLE_ARN",
        "SCHEDULE_GROUP",
        "SES_CONFIGURATION_SET",
        "SWEEP_QUEUE_URL",
        "UPLOADS_BUCKET",
    }


def test_the_readme_tells_all_that_a_new_route_needs() -> None:
    checklist = section((ROOT / "README.md").read_text(), "add(ing)? a route")
    for place in ("src/bin/", "lib.rs", "routes.rs", "template.yaml", "Cargo.toml", "events/", "tests/"):
        assert place in checklist, f"README.md's checklist does not name {place}"
