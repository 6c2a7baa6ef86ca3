"""infra/web: the headers are those that the local server sends, the bucket is private, every page's path finds the app."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.local import web_app, web_deploy

ROOT = Path(__file__).resolve().parents[2]
API, FILES = "https://api.spacedly.example", "https://files.example"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return yaml_parse((ROOT / "infra" / "web" / "template.yaml").read_text())["Resources"]


def test_the_headers_are_those_of_the_local_server(resources: dict[str, Any]) -> None:
    policy = resources["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    csp = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    transport = security["StrictTransportSecurity"]
    deployed = {
        "Content-Security-Policy": csp.replace("${ApiOrigin}", API).replace("${FilesOrigin}", FILES),
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "Strict-Transport-Security": f"max-age={transport['AccessControlMaxAgeSec']}"
        + ("; includeSubDomains" if transport["IncludeSubdomains"] else "")
        + ("; preload" if transport["Preload"] else ""),
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }
    assert deployed == web_app.headers(API, FILES)


def test_only_the_distribution_reads_the_bucket(resources: dict[str, Any]) -> None:
    assert all(resources["Files"]["Properties"]["PublicAccessBlockConfiguration"].values())
    allowed = [it for it in resources["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"] if it["Effect"] == "Allow"]
    assert {it["Action"] for it in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert "${Distribution}" in statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]


@pytest.mark.parametrize(
    ("asked", "served"),
    [("/", "/index.html"), ("/tasks", "/index.html"), ("/reset-password", "/index.html"), ("/assets/a.js", "/assets/a.js")],
)
def test_pages_find_the_app_and_files_themselves(resources: dict[str, Any], asked: str, served: str) -> None:
    code = resources["Router"]["Properties"]["FunctionCode"]
    script = f"{code}\nconsole.log(handler({json.dumps({'request': {'uri': asked}})}).uri)"
    assert subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout.strip() == served


def test_the_parameters_come_from_both_configurations_and_the_other_stack() -> None:
    outputs = {"PublicUrl": "https://api.staging.spacedly.example", "BucketName": "uploads"}
    texts = (ROOT / "samconfig.toml").read_text(), web_deploy.CONFIG.read_text()
    found = dict(pair.split("=", 1) for pair in web_deploy.parameters("staging", *texts, outputs, "eu-west-1"))
    assert found["DomainName"] == "app.staging.spacedly.example"
    assert (found["ApiOrigin"], found["FilesOrigin"]) == (outputs["PublicUrl"], "https://uploads.s3.eu-west-1.amazonaws.com")
    with pytest.raises(web_deploy.Problem, match="no stage dev"):
        web_deploy.parameters("dev", *texts, outputs, "eu-west-1")


def test_the_page_is_uploaded_last_and_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<meta name="spacedly-api" content="">')
    (tmp_path / "assets" / "z.js").write_text("1")
    (tmp_path / ".built").write_text("x")
    first, last = web_deploy.objects(tmp_path, API)
    assert (first.key, first.cache) == ("assets/z.js", "public, max-age=31536000, immutable")
    assert (last.key, last.cache, last.type) == ("index.html", "no-cache", "text/html; charset=utf-8")
    assert API in last.body.decode()
