"""Rules beyond what JSON Schema says: a well-formed request that one of them refuses is no failure."""

from __future__ import annotations

from typing import Any

# By operation, or `*`: fields whose value may be refused, for the reason beside them.
_FIELDS: dict[str, set[str]] = {}
# Refusals of 400 that depend on what is stored.
_CODES: dict[str, set[str]] = {}


def is_tolerated(operation: str, failure: str, response: Any) -> bool:
    """Whether a failed check is explained."""
    if failure != "RejectedPositiveData" or response.status_code != 400:
        return False
    answer = response.json()
    if answer.get("code") != "VALIDATION_FAILED":
        return answer.get("code") in _CODES.get(operation, set())
    allowed = _FIELDS.get(operation, set()) | _FIELDS.get("*", set())
    return all(error["field"] in allowed for error in answer["errors"])
