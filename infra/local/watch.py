"""`make watch` and `make invoke`: the functions under `cargo lambda watch`, which recompiles them when their code changes.

It serves binaries, one per domain. The router in Cargo.toml sends an HTTP request to its domain; the binary then picks
the function by the event. So `invoke` sends a function's event to the function's binary.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from contextlib import suppress
from typing import Any

from . import build, control, deploy, expand, processes, samples
from .instance import ENV_FILE, ROOT, TEMPLATE
from .progress import Problem, say

ADDRESS = "127.0.0.1"
WATCH_PORT = 9000


def serve() -> None:
    """Serves all functions until Ctrl-C, with the variables of the running local cloud."""
    if not ENV_FILE.exists():
        raise Problem("There is no running local cloud for the functions.", "Run `make run` first.")
    # Compiled first, since otherwise the first request to each binary would wait for its build and for cargo's lock.
    # `cargo run`, which `cargo lambda watch` calls, selects the default members, which are these packages.
    if subprocess.run(build.cargo("build", "--bins", *build.selection()), cwd=ROOT, check=False).returncode != 0:
        raise Problem("The functions do not build (see above).", "Fix the code, then run the command again.")
    command = ["cargo", "lambda", "watch", "--invoke-address", ADDRESS, "--env-file", str(ENV_FILE)]
    try:
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return
    if status != 0:
        raise Problem("cargo lambda watch ended (see above).")


def invoke(function: str = "") -> None:
    """Prepares a function's sample event for the running system, and sends it.

    If `make watch` runs, it gets the event, so that the current code serves it; otherwise the deployed function does.
    """
    target = binary(function, expand.functions(expand.load(TEMPLATE)))
    running = control.running()
    event = samples.prepared(running, function)
    if processes.is_listening(WATCH_PORT):
        say(f"{function} under make watch:")
        client = deploy.client(dataclasses.replace(running, cloud_port=WATCH_PORT), "lambda")
        answer = samples.outcome(function, client.invoke(FunctionName=target, Payload=json.dumps(event).encode()))
    else:
        say(f"{function} as deployed by make run:")
        answer = samples.invoke(running, function, event)
    say(shown(answer))


def binary(function: str, known: dict[str, expand.Function]) -> str:
    """The name of the binary that contains a function."""
    if function not in known:
        problem = f"There is no function {function}." if function else "FUNCTION is missing."
        raise Problem(problem, "FUNCTION is one of:\n" + "\n".join(f"    {name}" for name in sorted(known)))
    return known[function].binary


def shown(answer: Any) -> str:
    """A function's response in readable form: a JSON body is shown as JSON, not as a string in JSON."""
    if isinstance(answer, dict) and isinstance(answer.get("body"), str):
        with suppress(ValueError):
            answer = {**answer, "body": json.loads(answer["body"])}
    return json.dumps(answer, indent=2, ensure_ascii=False)
