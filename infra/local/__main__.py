"""`python -m infra.local COMMAND`: the commands that the Makefile calls.

Each command imports only the modules that it needs: `stop` should not wait for the SAM translator to load.
"""

from __future__ import annotations

import argparse
from importlib import import_module

from .progress import Problem, fail

# Command → module and function; the words after the command are the function's arguments.
COMMANDS = {
    "run": ("supervisor", "run"),
    "start": ("supervisor", "start"),
    "stop": ("control", "stop"),
    "reset": ("control", "reset"),
    "logs": ("control", "logs"),
    "lint": ("checks", "lint"),
    "audit": ("audit", "main"),
    "test": ("testrun", "main"),
    "unit": ("loop", "unit"),
    "api": ("loop", "api"),
    "test-clock": ("clocktest", "main"),
    "fuzz": ("testrun", "fuzzed"),
    "rehearse-restore": ("testrun", "rehearsed"),
    "client": ("client", "generate"),
    "build": ("release", "build"),
    "deploy-web": ("web_deploy", "deploy"),
    "watch": ("watch", "serve"),
    "invoke": ("watch", "invoke"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "details",
        nargs="*",
        help="logs, invoke: a function; unit, api: parts of test names; build: architecture; fuzz: examples",
    )
    arguments = parser.parse_args()
    module, function = COMMANDS[arguments.command]
    try:
        getattr(import_module(f"{__package__}.{module}"), function)(*arguments.details)
    except Problem as problem:
        fail(problem)


if __name__ == "__main__":
    main()
