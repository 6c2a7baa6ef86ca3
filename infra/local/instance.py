"""The ports, files and fixed names of a local cloud.

`make run` and `make test` each have their own instance and share only cargo's target directory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
VENV_BIN = LOCAL / "venv" / "bin"
TEMPLATE = ROOT / "template.yaml"
# The variables that `make watch` gives the functions.
ENV_FILE = ROOT / ".env.local"

REGION = "us-east-1"
# MiniStack treats `test` as the account's root user; functions get the credentials of their role.
ROOT_KEY = "test"
# Eight hex digits, given to the API as a tag: its address stays the same across deployments.
API_ID = "5bace41e"
STAGE = "local"
STACK = f"spacedly-{STAGE}"
# The secret that the local OpenID provider and the functions share. It gives access only to a provider that is
# reachable from this machine only and signs in anybody as anybody.
OIDC_CLIENT_ID = "spacedly-local"
OIDC_CLIENT_SECRET = "for-the-provider-on-this-machine-only"  # noqa: S105
# Passes the client's address to the emulator. Only the proxy may set it: it strips the header from requests.
CLIENT_ADDRESS_HEADER = "x-local-client-address"
# A local client may set its own address, so that each API test counts as a separate client. A web page cannot: no
# preflight response allows the header.
TEST_CLIENT_HEADER = "x-test-client-address"


@dataclass(frozen=True)
class Instance:
    """One local cloud: `name` is `local` or `test`."""

    name: str
    base: Path
    port: int
    cloud_port: int
    oidc_port: int
    web_port: int = 8080

    @property
    def is_test(self) -> bool:
        return self.name == "test"

    @property
    def state(self) -> Path:
        """The data that survives a restart; `make reset` removes it."""
        return self.base / "state"

    @property
    def mailbox(self) -> Path:
        return self.state / "mailbox.jsonl"

    @property
    def log(self) -> Path:
        return self.base / "log"

    @property
    def cloud_log(self) -> Path:
        return self.log / "cloud.log"

    @property
    def functions_log(self) -> Path:
        return self.log / "functions.log"

    @property
    def oidc_log(self) -> Path:
        return self.log / "oidc.log"

    @property
    def run(self) -> Path:
        return self.base / "run"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the emulator, in which it unpacks the functions' code."""
        return self.base / "tmp"

    @property
    def cloud_url(self) -> str:
        return f"http://127.0.0.1:{self.cloud_port}"

    @property
    def upstream(self) -> str:
        """The HTTP API inside the emulator."""
        return f"{self.cloud_url}/_aws/execute-api/{API_ID}/$default"

    @property
    def oidc_url(self) -> str:
        """The issuer URL of the local OpenID provider."""
        return f"http://127.0.0.1:{self.oidc_port}"

    @property
    def public_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def web_url(self) -> str:
        """Origin of the web app."""
        return f"http://localhost:{self.web_port}"

    @property
    def forms_port(self) -> int:
        """The port of the browser tests' page of plain forms, next to the app's port in the test instance."""
        return self.web_port + 1

    @property
    def forms_url(self) -> str:
        return f"http://localhost:{self.forms_port}"

    def make_directories(self) -> None:
        for directory in (self.state, self.log, self.run, self.temporary):
            directory.mkdir(parents=True, exist_ok=True)


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SystemExit(f"{variable}={text} is not a port number (1-65535)")
    return int(text)


def local_instance() -> Instance:
    """The instance of `make run`; the variables PORT, CLOUD_PORT, OIDC_PORT and WEB_PORT change its ports."""
    ports = (_port("PORT", 3000), _port("CLOUD_PORT", 4566), _port("OIDC_PORT", 4580), _port("WEB_PORT", 8080))
    return Instance("local", LOCAL, *ports)


def test_instance() -> Instance:
    """The instance of `make test`; TEST_PORT, TEST_CLOUD_PORT, TEST_OIDC_PORT and TEST_WEB_PORT change its ports."""
    ports = (_port("TEST_PORT", 3100), _port("TEST_CLOUD_PORT", 4576), _port("TEST_OIDC_PORT", 4581))
    ports += (_port("TEST_WEB_PORT", 8180),)
    return Instance("test", LOCAL / "test", *ports)
