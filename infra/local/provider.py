"""The local OpenID provider's process, which stands in for Google: oidc/provider.mjs under Node."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request

import psutil

from . import processes
from .cloud import tail
from .instance import LOCAL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, ROOT, Instance
from .progress import Problem

OIDC = ROOT / "infra" / "local" / "oidc"
_START_LIMIT = 30


def environment(instance: Instance) -> dict[str, str]:
    """The complete environment of the provider."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(LOCAL),
        "OIDC_PORT": str(instance.oidc_port),
        "OIDC_CLIENT_ID": OIDC_CLIENT_ID,
        "OIDC_CLIENT_SECRET": OIDC_CLIENT_SECRET,
        "PUBLIC_URL": instance.public_url,
    }


class Provider:
    """A running provider. It ends with the process that started it, and keeps nothing."""

    def __init__(self, instance: Instance, process: subprocess.Popen[bytes]) -> None:
        self._instance = instance
        self._process = process

    @property
    def record(self) -> processes.Record:
        return processes.Record.of(self._process.pid)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @classmethod
    def start(cls, instance: Instance) -> Provider:
        """Starts the provider and waits until it answers."""
        with open(instance.oidc_log, "wb") as log:
            process = subprocess.Popen(
                ["node", "provider.mjs"],
                cwd=OIDC,
                env=environment(instance),
                # Nothing is written to it; when it closes, the provider knows that this process has ended.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        provider = cls(instance, process)
        try:
            provider._wait_until_ready()
        except BaseException:
            provider.stop()
            raise
        return provider

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while not self._answers():
            if not self.is_running:
                log = tail(self._instance.oidc_log)
                raise Problem(f"The local OpenID provider did not start:\n{log}", "Is there Node 20 or newer? node --version")
            if time.monotonic() > deadline:
                log_file = self._instance.oidc_log
                raise Problem(f"The local OpenID provider did not answer in {_START_LIMIT} s.", f"See {log_file}.")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._instance.oidc_url}/.well-known/openid-configuration", timeout=2) as response:
                return response.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> None:
        if self.is_running:
            processes.end(psutil.Process(self._process.pid), patience=5)
        self._process.wait(timeout=5)
        if self._process.stdin:
            self._process.stdin.close()
