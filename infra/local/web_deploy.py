"""`make deploy-web`: deploys the web app's stack, infra/web, and uploads the app's files to its bucket."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from . import web_app
from .instance import ROOT
from .progress import Problem, say, step

CONFIG = ROOT / "infra" / "web" / "samconfig.toml"
TEMPLATE = ROOT / "infra" / "web" / "template.yaml"
# Pages that are still open may request files of an earlier release.
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Object:
    """A file as it is stored in the bucket."""

    key: str
    body: bytes
    type: str
    cache: str


def parameters(stage: str, api_config: str, web_config: str, outputs: dict[str, str], region: str) -> list[str]:
    """`Name=value` pairs of the stack. The configurations are the contents of both samconfig.toml files."""
    declared = tomllib.loads(web_config).get(stage)
    if declared is None:
        raise Problem(f"infra/web/samconfig.toml has no stage {stage}.", "Add it, or set STAGE to staging or production.")
    own = list(declared["deploy"]["parameters"]["parameter_overrides"])
    api = dict(pair.split("=", 1) for pair in tomllib.loads(api_config)[stage]["deploy"]["parameters"]["parameter_overrides"])
    frontend = urlsplit(api.get("FrontendUrl", ""))
    if frontend.scheme != "https" or not frontend.hostname:
        raise Problem(f"FrontendUrl of {stage} in samconfig.toml is no https address.", "Set it to the app's address.")
    files = f"https://{outputs['BucketName']}.s3.{region}.amazonaws.com"
    return [
        f"Stage={stage}",
        f"DomainName={frontend.hostname}",
        f"ApiOrigin={outputs['PublicUrl']}",
        f"FilesOrigin={files}",
        *own,
    ]


def objects(dist: Path, api: str) -> list[Object]:
    """The files to upload, the page last, since it refers to the others."""
    found = []
    for file in sorted(dist.rglob("*")):
        key = file.relative_to(dist).as_posix()
        if not file.is_file() or file.name.startswith(".") or key == "sizes.json":
            continue
        body = file.read_bytes()
        if file.suffix == ".html":
            body = web_app.page(body.decode(), api).encode()
        cache = web_app.cache_control(file)
        found.append(Object(key, body, web_app.content_type(file), cache))
    return sorted(found, key=lambda each: (each.key == "index.html", each.key))


def deploy(stage: str) -> None:
    """Builds, deploys the stack, uploads the files, and removes files of old releases."""
    config = tomllib.loads(CONFIG.read_text()).get(stage, {}).get("deploy", {}).get("parameters", {})
    region = config.get("region", "us-east-1")
    cloud = boto3.client("cloudformation", region_name=region)
    api = outputs_of(cloud, f"spacedly-{stage}")
    wanted = parameters(stage, (ROOT / "samconfig.toml").read_text(), CONFIG.read_text(), api, region)
    web_app.install()
    with step("building the web app") as running:
        web_app.build(running)
    command = ["sam", "deploy", "--config-file", str(CONFIG), "--config-env", stage, "--template-file", str(TEMPLATE)]
    if subprocess.run([*command, "--parameter-overrides", *wanted], cwd=ROOT, check=False).returncode != 0:
        raise Problem("SAM did not deploy the web app's stack (see above).")
    own = outputs_of(cloud, config["stack_name"])
    with step("uploading the files") as running:
        files = objects(web_app.DIST, api["PublicUrl"])
        publish(boto3.client("s3", region_name=region), own["BucketName"], files)
        running.result = f"{len(files)} files"
    say(f"\n  App  {own['Url']}")


def outputs_of(cloud: Any, stack: str) -> dict[str, str]:
    found = cloud.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def publish(s3: Any, bucket: str, files: list[Object]) -> None:
    """Uploads the files in their order, then deletes files that no release of the last 30 days has."""
    for each in files:
        s3.put_object(Bucket=bucket, Key=each.key, Body=each.body, ContentType=each.type, CacheControl=each.cache)
    present = {each.key for each in files}
    limit = datetime.now(UTC) - KEPT
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        old = [{"Key": it["Key"]} for it in page.get("Contents", []) if it["Key"] not in present and it["LastModified"] < limit]
        if old:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": old, "Quiet": True})
