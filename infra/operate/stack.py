"""A deployed stack: its outputs, and clients of its account."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

LOCAL_ENDPOINT = "http://127.0.0.1:4566"


class Problem(Exception):
    """What the operator should read."""


class Stack:
    """The stack of a stage."""

    def __init__(self, stage: str, endpoint: str | None = None) -> None:
        self.stage = stage
        self.name = f"spacedly-{stage}"
        self.endpoint = endpoint or (LOCAL_ENDPOINT if stage == "local" else None)

    def client(self, service: str) -> Any:
        """A client; on AWS with the credentials of the environment."""
        if self.endpoint is None:
            return boto3.client(service)
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local cloud's root user
        )

    @cached_property
    def outputs(self) -> dict[str, str]:
        try:
            [stack] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise Problem(f"The stack {self.name} cannot be read: {error}") from error
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def output(self, name: str) -> str:
        try:
            return self.outputs[name]
        except KeyError:
            raise Problem(f"The stack {self.name} has no output {name}: is it an older version?") from None
