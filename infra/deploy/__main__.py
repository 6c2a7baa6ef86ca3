"""`python -m infra.deploy COMMAND`: the commands that the Makefile calls."""

from __future__ import annotations

import argparse
from pathlib import Path

from infra.local.instance import ROOT, TEMPLATE
from infra.local.progress import Problem, fail, say

from . import bundle, cdk, deploy, doctor
from .stage import read


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    commands.add_parser("package", help="creates a bundle from the output of `make build`")
    examine = commands.add_parser("doctor", help="checks a stage's account for missing or wrong settings")
    examine.add_argument("stage")
    commands.add_parser("cdk-synth", help="compares the CDK's templates of production with SAM's")
    cdk_of = commands.add_parser("cdk", help="writes a stage's templates from a bundle, for `cdk deploy`")
    cdk_of.add_argument("stage")
    cdk_of.add_argument("bundle", type=Path)
    to = commands.add_parser("deploy", help="deploys a bundle to a stage")
    to.add_argument("stage")
    to.add_argument("bundle", type=Path)
    to.add_argument("--at-once", action="store_true", help="new versions take over at once, whatever the alarms say")
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
        case "cdk-synth":
            if lines := cdk.check(read("production", deploy.CONFIG.read_text())):
                raise Problem("The CDK's stacks differ from what is expected:\n" + "\n".join(lines))
            say("Functions, routes, permissions, alarms and everything else equal those of SAM's template.")
        case "cdk":
            out = cdk.from_bundle(read(given.stage, deploy.CONFIG.read_text()), given.bundle)
            say(f"Deploy with: npm --prefix infra/cdk exec cdk -- deploy --app {out} --all")
        case _:
            deploy.deploy(given.stage, given.bundle, at_once=given.at_once)


def main() -> None:
    try:
        run(parser().parse_args())
    except Problem as problem:
        fail(problem)


if __name__ == "__main__":
    main()
