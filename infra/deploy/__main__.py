"""`python -m infra.deploy COMMAND`: what the Makefile calls."""

from __future__ import annotations

import argparse
from pathlib import Path

from infra.local.instance import ROOT, TEMPLATE
from infra.local.progress import Problem, fail, say

from . import bundle, deploy, doctor
from .stage import read


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    commands.add_parser("package", help="bundles what `make build` has built")
    examine = commands.add_parser("doctor", help="says what is missing in a stage's account")
    examine.add_argument("stage")
    to = commands.add_parser("deploy", help="deploys a bundle to a stage")
    to.add_argument("stage")
    to.add_argument("bundle", type=Path)
    return made


def run(given: argparse.Namespace) -> None:
    match given.command:
        case "package":
            path = bundle.package()
            say(f"{path.relative_to(ROOT)}, {path.stat().st_size / 1e6:.1f} MB")
        case "doctor":
            stage = read(given.stage, deploy.CONFIG.read_text())
            findings = doctor.examine(stage, doctor.clients(stage), deploy.defaults(TEMPLATE))
            for finding in findings:
                say(str(finding))
            doctor.require(findings)
        case _:
            deploy.deploy(given.stage, given.bundle)


def main() -> None:
    try:
        run(parser().parse_args())
    except Problem as problem:
        fail(problem)


if __name__ == "__main__":
    main()
