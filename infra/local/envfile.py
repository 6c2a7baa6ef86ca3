""".env.local: the variables with which `cargo lambda watch` runs functions against the running local cloud."""

from __future__ import annotations

import os
from typing import Any

from .deploy import client
from .instance import ENV_FILE, REGION, ROOT_KEY, STACK, Instance


def variables(configurations: list[dict[str, Any]]) -> dict[str, str]:
    """The merged environments of all functions; if two differ, the first value is used."""
    merged: dict[str, str] = {}
    for configuration in sorted(configurations, key=lambda each: each["FunctionName"]):
        for name, value in configuration.get("Environment", {}).get("Variables", {}).items():
            merged.setdefault(name, value)
    return merged


def quoted(value: str) -> str:
    """The value quoted for cargo-lambda, which rejects `=` and similar characters outside quotes and has no escape sequences."""
    return f"'{value}'" if '"' in value else f'"{value}"'


def write(instance: Instance) -> None:
    """Writes the file from the environments of the deployed functions."""
    pages = client(instance, "lambda").get_paginator("list_functions").paginate()
    configurations = [each for page in pages for each in page["Functions"] if each["FunctionName"].startswith(STACK)]
    values = {
        **variables(configurations),
        "AWS_ENDPOINT_URL": instance.cloud_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    }
    lines = ["# Written by `make run` for `make watch`: the functions' variables, against the running local cloud."]
    lines += [f"{name}={quoted(value)}" for name, value in sorted(values.items())]
    partial = ENV_FILE.with_name(".env.local.new")
    partial.write_text("\n".join(lines) + "\n")
    os.replace(partial, ENV_FILE)
