"""The TypeScript client, clients/typescript: its generated types, its type check, and its tests against the API."""

from __future__ import annotations

import subprocess

from . import npm
from .browser import count_node
from .checks import Check
from .instance import ROOT, Instance
from .progress import Problem

CLIENT = ROOT / "clients" / "typescript"


def install() -> None:
    """Installs the client's npm packages."""
    npm.install(CLIENT, "the TypeScript client's packages")


def generate() -> None:
    """Generates the types from docs/openapi.json."""
    install()
    if subprocess.run(_npm("generate"), check=False).returncode != 0:
        raise Problem("The client's types could not be generated from docs/openapi.json.", "The output of npm is above.")


def checks() -> list[Check]:
    """The checks that need no running system: the types match docs/openapi.json, and the client passes the type check."""
    return [Check(f"TypeScript client: {script}", _npm(script)) for script in ("fresh", "build")]


def check(instance: Instance) -> Check:
    """The client's tests and its example, against the running instance."""
    return Check("TypeScript client", _npm("test"), count_node, {"BASE_URL": instance.public_url})


def _npm(script: str) -> list[str]:
    return ["npm", "--prefix", str(CLIENT), "run", "--silent", script]
