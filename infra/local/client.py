"""The TypeScript client, clients/typescript: fresh, typed, and run against the API."""

from __future__ import annotations

import subprocess

from . import npm
from .browser import count_node
from .checks import Check
from .instance import ROOT, Instance
from .progress import Problem

CLIENT = ROOT / "clients" / "typescript"


def install() -> None:
    """Fetches its packages."""
    npm.install(CLIENT, "the TypeScript client's packages")


def generate() -> None:
    """Makes the types anew from docs/openapi.json."""
    install()
    if subprocess.run(_npm("generate"), check=False).returncode != 0:
        raise Problem("The client's types could not be made from docs/openapi.json.", "The output of npm is above.")


def checks() -> list[Check]:
    """What needs no running system: the types are those of docs/openapi.json, and all of it is well typed."""
    return [Check(f"TypeScript client: {script}", _npm(script)) for script in ("fresh", "build")]


def check(instance: Instance) -> Check:
    """Its tests and its example, against the running instance."""
    return Check("TypeScript client", _npm("test"), count_node, {"BASE_URL": instance.public_url})


def _npm(script: str) -> list[str]:
    return ["npm", "--prefix", str(CLIENT), "run", "--silent", script]
