"""Each call comes from a different address, since a call that a limit rejects tests nothing."""

from __future__ import annotations

import ipaddress
import itertools
import os

from infra.local.instance import TEST_CLIENT_HEADER as HEADER

__all__ = ["HEADER", "new_address"]

# A /64 is one client, so the number is in the bits above it. Each run starts at a random place, so runs do not collide.
_NUMBERS = itertools.count(int.from_bytes(os.urandom(3)) << 8)
_DOCUMENTATION = int(ipaddress.IPv6Address("2001:db8::"))


def new_address() -> str:
    """An address in the documentation range (RFC 3849), in a /64 that no earlier call had."""
    return str(ipaddress.IPv6Address(_DOCUMENTATION | (next(_NUMBERS) & 0xFFFF_FFFF) << 64))
