"""`make watch` and `make invoke`: the functions under `cargo lambda watch`, which recompiles them when their code changes.

It serves binaries, and each binary is a domain. An HTTP request reaches its domain by the router in Cargo.toml; the
binary then picks the function by the event. So `invoke` sends a function's sample event to the function's binary.
"""

from __future__ import annotations

import subprocess

from . import build, expand
from .instance import ENV_FILE, ROOT, TEMPLATE
from .progress import Problem

ADDRESS = "127.0.0.1"


def serve() -> None:
    """Serves all functions until Ctrl-C, with the variables of the running local cloud."""
    if not ENV_FILE.exists():
        raise Problem("There is no local cloud that the functions could use.", "Run `make run` first.")
    # Compiled now: the first request to each binary would otherwise wait for its build, and all of them for cargo's lock.
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
    """Sends a function its sample event."""
    command = invocation(function, expand.functions(expand.load(TEMPLATE)))
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise Problem(f"{function} did not answer (see above).", "`make watch` must be running in another terminal.")


def invocation(function: str, known: dict[str, expand.Function]) -> list[str]:
    """The command that sends a function's sample event to its binary."""
    if function not in known:
        problem = f"There is no function {function}." if function else "FUNCTION is missing."
        raise Problem(problem, "FUNCTION is one of:\n" + "\n".join(f"    {name}" for name in sorted(known)))
    binary, event = known[function].binary, f"events/{function}.json"
    return ["cargo", "lambda", "invoke", "--invoke-address", ADDRESS, binary, "--data-file", event]
