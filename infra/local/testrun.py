"""`make test`: all checks and tests, with a final count; the API tests run against a separate local cloud."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from . import (
    browser,
    build,
    client,
    commands,
    control,
    deploy,
    foreign,
    fuzz,
    processes,
    rehearsal,
    sample_check,
    standstill,
    supervisor,
    web_app,
)
from .checks import (
    API_TESTS,
    POSTGRES,
    Check,
    Lane,
    Tally,
    count_cargo,
    failed_of_cargo,
    install_cargo_tools,
    other_checks,
    perform,
    performing,
    rust_checks,
    side_by_side,
    timed,
)
from .cloud import Cloud, tail
from .instance import REGION, ROOT, ROOT_KEY, STACK, Instance, test_instance
from .progress import Problem, say, step, took
from .provider import Provider
from .proxy import ProxyServer
from .web_app import WebServer

_NAMED = 12
# Up to this number, failed tests may be due to the machine; more are a real failure.
_FEW = 20
_PARTICULARS = re.compile(r"\d[\d:.TZ-]*|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f-]{32,36}")
_ORDINARY = re.compile(r'"level":"(INFO|DEBUG|TRACE)"')


def main() -> None:
    """`make test`."""
    instance = test_instance()
    tally = Tally()
    # Compiling checks use all cores only for a part of their time.
    at_rest = [
        [install_cargo_tools, *performing([*rust_checks(), _unit_tests(), _doc_tests()], tally, instance.log)],
        [
            browser.install,
            client.install,
            web_app.install,
            *performing([*other_checks(), *client.checks(), *web_app.checks(), _cdk()], tally, instance.log),
        ],
    ]
    from_outside = [
        rehearsal.check(instance),
        _api_tests(instance),
        commands.check(instance),
        sample_check.check(instance),
        browser.check(instance),
        client.check(instance),
        foreign.check(instance),
        *fuzz.checks(instance),
    ]
    _run(instance, tally, at_rest, from_outside)


def fuzzed(examples: str = "200") -> None:
    """`make fuzz`: only the contract, with many examples."""
    instance = test_instance()
    _run(instance, Tally(), [], fuzz.checks(instance, int(examples), os.environ.get("SEED", "")))


def rehearsed() -> None:
    """`make rehearse-restore`: only the rehearsal of a restore."""
    instance = test_instance()
    _run(instance, Tally(), [], [rehearsal.check(instance)])


def _run(instance: Instance, tally: Tally, at_rest: Sequence[Lane], from_outside: list[Check]) -> None:
    """Runs the checks that need no running system, in lanes, then the checks against one; ends the process."""
    instance.make_directories()
    lock = control.try_lock(instance, "lock")
    if lock is None:
        raise Problem("Another make test is running.", "Wait for it.")
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    try:
        control.end_leftovers(instance)
        processes.check_port(instance.port, "TEST_PORT", "test")
        processes.check_port(instance.cloud_port, "TEST_CLOUD_PORT", "test")
        processes.check_port(instance.oidc_port, "TEST_OIDC_PORT", "test")
        processes.check_port(instance.web_port, "TEST_WEB_PORT", "test")
        processes.check_port(instance.forms_port, "TEST_WEB_PORT", "test")
        if at_rest:
            side_by_side(*at_rest)
        _test_api(instance, tally, from_outside)
    except Problem as problem:
        tally.failed += 1
        tally.failures.append(problem.what)
        say(f"✗ {problem.what}\n  {problem.remedy}".rstrip())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    if tally.unsteady:
        say("\nFailed at first, and passed when they ran again alone:")
        for culprit in tally.unsteady:
            say(f"  {culprit}")
    if tally.failures:
        say("\nFailed: " + "; ".join(failure.splitlines()[0] for failure in tally.failures))
        # Last, so that they are at the end of a long log.
        for culprit in tally.culprits[:_NAMED]:
            say(f"  {culprit}")
    if slowest := tally.slowest():
        say("\nThe slowest tests:")
        for line in slowest:
            say(f"  {line}")
    say(f"\nAll of it took {took(time.monotonic() - started)}.")
    say(str(tally))
    lock.close()
    sys.exit(1 if tally.failed else 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _cdk() -> Check:
    return Check("CDK", [sys.executable, "-m", "infra.deploy", "cdk-synth"])


def _unit_tests() -> Check:
    command, more = timed(
        build.cargo("test", "--workspace", "--exclude", API_TESTS, "--lib", "--bins", "--tests", "--no-fail-fast")
    )
    return Check("unit and store tests", command, count_cargo, {**POSTGRES, **more})


def _doc_tests() -> Check:
    return Check(
        "examples of the documentation comments", build.cargo("test", "--doc", "--workspace", "--exclude", API_TESTS), count_cargo
    )


def api_environment(instance: Instance) -> dict[str, str]:
    """The environment variables that describe the running stack to the API tests."""
    return {
        "BASE_URL": instance.public_url,
        "MAILBOX_URL": f"{instance.public_url}/mailbox/messages",
        "OIDC_URL": instance.oidc_url,
        "AWS_ENDPOINT_URL": instance.cloud_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "STACK_NAME": STACK,
        "PYTHON": sys.executable,
        "FUNCTIONS_LOG": str(instance.functions_log),
        **POSTGRES,
    }


def _api_tests(instance: Instance) -> Check:
    command, more = timed(build.cargo("test", "-p", API_TESTS, "--no-fail-fast"))

    def again(output: str) -> list[str]:
        names = failed_of_cargo(output)
        return [*command, "--exact", "--test-threads=1", *names] if 0 < len(names) <= _FEW else []

    return Check("API tests", command, count_cargo, {**api_environment(instance), **more}, again)


def complaints(log: Path, most: int = 20) -> str:
    """The lines above INFO in the functions' log: each kind once, with its number and its last time.

    Lines of one kind differ only in times and identifiers; the last `most` kinds are shown.
    """
    kinds: dict[str, tuple[int, str]] = {}
    for line in log.read_text(errors="replace").splitlines():
        if not _ORDINARY.search(line):
            kind = _PARTICULARS.sub("", line)
            times, _ = kinds.pop(kind, (0, ""))
            kinds[kind] = (times + 1, line[:600])
    shown = list(kinds.values())[-most:]
    return "\n".join(f"  {times}\u00d7 {line}" for times, line in shown) or "  nothing"


def _test_api(instance: Instance, tally: Tally, from_outside: list[Check]) -> None:
    """Deploys to a new local cloud, tests it over HTTP, and ends it."""
    shutil.rmtree(instance.state, ignore_errors=True)
    shutil.rmtree(instance.temporary, ignore_errors=True)
    instance.make_directories()
    artifacts = supervisor.build_all()
    supervisor.build_web()
    cloud: Cloud | None = None
    proxy: ProxyServer | None = None
    web: WebServer | None = None
    provider: Provider | None = None
    try:
        with step("starting the test cloud") as running:
            cloud = Cloud.start(instance, persist=False)
            control.remember(instance, cloud.record)
            running.result = f"ports {instance.cloud_port} and {instance.port}"
        with step("starting the OpenID provider") as running:
            provider = Provider.start(instance)
            control.remember(instance, cloud.record, provider.record)
            running.result = f"port {instance.oidc_port}"
        with step("deploying template.yaml") as running:
            deploy.deploy(instance, artifacts, running)
        with step("starting the API") as running:
            proxy = ProxyServer(instance, lambda *_: None)
            if not proxy.start():
                raise Problem(f"Port {instance.port} was taken in the meantime.")
            running.result = supervisor.wait_until_healthy(instance)
        with step("serving the web app") as running:
            web = WebServer(instance)
            if not web.start():
                raise Problem(f"Port {instance.web_port} was taken in the meantime.")
            running.result = instance.web_url
        with standstill.Watch(f"{instance.cloud_url}/_ministack/health") as watch:
            clean = [perform(check, tally, instance.log) for check in from_outside]
        if watch.seen and (tally.failures or tally.unsteady):
            say("Disturbances that the tests did not cause:\n" + "\n".join(f"  {line}" for line in watch.seen))
        if not all(clean):
            name = instance.functions_log.relative_to(ROOT)
            say(f"Warnings and errors of the functions (complete log: {name}):\n{complaints(instance.functions_log)}\n")
        if not cloud.is_running:
            raise Problem(f"The test cloud died:\n{tail(instance.cloud_log)}")
    finally:
        for server in (proxy, web):
            if server:
                server.stop()
        if provider:
            provider.stop()
        if cloud:
            with step("stopping the test cloud"):
                cloud.stop()
        control.forget(instance)
