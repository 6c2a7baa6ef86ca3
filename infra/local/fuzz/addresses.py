"""Each call comes from an address of its own: what a limit refuses is not tried."""

from __future__ import annotations

import ipaddress
import itertools
import os

from infra.local.instance import TEST_CLIENT_HEADER as HEADER

__all__ = ["HEADER", "new_address"]

# A /64 is one client: the number stands above it. Runs do not meet, as each starts at a place of its own.
_NUMBERS = itertools.count(int.from_bytes(os.urandom(3)) << 8)
_DOCUMENTATION = int(ipaddress.IPv6Address("2001:db8::"))


def new_address() -> str:
    """An address in the range for documentation (RFC 3849), in a /64 that no call before had."""
    return str(ipaddress.IPv6Address(_DOCUMENTATION | (next(_NUMBERS) & 0xFFFF_FFFF) << 64))
