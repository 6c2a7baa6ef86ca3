"""What the clients share: where the API is, who they are, and the mails that they wait for."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
BASE_URL = os.environ["BASE_URL"]
PASSWORD = "Secret1pass"
PICTURE = (ROOT / "media" / "tests" / "files" / "cat.jpg").read_bytes()
# Seconds.
PATIENCE = 30
GENERATED = ROOT / ".local" / "test" / "clients"


def pytest_configure() -> None:
    """Generates a client from the contract, as its users would: with the generator's defaults."""
    GENERATED.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--overwrite", "--meta", "none"]
    command += ["--config", str(Path(__file__).with_name("generator.yaml"))]
    command += ["--path", str(ROOT / "docs" / "openapi.json"), "--output-path", str(GENERATED / "spacedly")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # It leaves out what it cannot generate, and says so.
    if done.returncode != 0 or "Warning" in done.stdout + done.stderr:
        raise RuntimeError(f"The client could not be generated:\n{done.stdout}{done.stderr}")
    sys.path.insert(0, str(GENERATED))


def new_address() -> str:
    return f"{secrets.token_hex(8)}@example.com"


def client_headers() -> dict[str, str]:
    """A network address of its own, which the test stack takes from this header: limits count by it."""
    return {"X-Test-Client-Address": f"10.{'.'.join(str(byte) for byte in secrets.token_bytes(3))}"}


def eventually(look: Callable[[], Any], what: str) -> Any:
    """Asks until there is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.1)
    return found


def mailed(address: str, pattern: str) -> str:
    """What the pattern's group finds in the newest mail to an address that has it."""

    def look() -> str | None:
        mails = requests.get(f"{BASE_URL}/mailbox/messages", params={"to": address}, timeout=10).json()
        return next((match[1] for mail in mails if (match := re.search(pattern, mail["text"], re.MULTILINE))), None)

    return eventually(look, f"the mail with {pattern}")
