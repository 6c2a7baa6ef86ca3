"""The tests in tests/clients: generated and third-party clients against a running system."""

from __future__ import annotations

import sys

from .checks import Check, count_pytest
from .instance import Instance


def check(instance: Instance) -> Check:
    """The check of `make test`, against the system that it has started."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/clients"]
    return Check("clients of others", command, count_pytest, {"BASE_URL": instance.public_url})
