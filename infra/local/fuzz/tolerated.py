"""Failed checks that are explained by a rule which JSON Schema cannot express, one line per rule; all others fail the run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import schemathesis

# Errors that depend on stored data, not on the request.
_OF_STATE = {
    "IDEMPOTENCY_KEY_REUSED",
    "INVALID_CHALLENGE",
    "INVALID_CURSOR",
    "INVALID_OTP",
    "INVALID_RESET_TOKEN",
    "INVALID_TOKEN",
    "PASSWORD_ALREADY_SET",
    "PASSWORD_NOT_SET",
    "PRECONDITION_FAILED",
    "QUOTA_EXCEEDED",
    "RESET_TOKEN_EXPIRED",
    "USER_EXISTS",
    "WRONG_PASSWORD",
}


def _always(_: Any) -> bool:
    return True


def _is_odd_instant(text: Any) -> bool:
    """Whether it is before 1970 or at its start, or in a leap second, which RFC 3339 allows and the API's clock does not."""
    return str(text)[:4] < "1971" or ":60" in str(text)


def _may_be_past(text: Any) -> bool:
    return str(text)[:4] <= str(datetime.now(UTC).year) or _is_odd_instant(text)


# The rules by which a value may be rejected although it matches its schema, by the field that the error names.
_BEYOND: dict[str, Callable[[Any], bool]] = {
    "dueDate": _is_odd_instant,
    "dueBefore": _is_odd_instant,
    "dueAfter": _is_odd_instant,
    "occurrence": _is_odd_instant,
    "scheduledAt": _may_be_past,  # It must be in the future.
    "email": _always,  # RFC 5321 without quotes, and with a dotted domain: narrower than the format.
    "link": _always,  # The URL standard's parser decides.
    "timezone": _always,  # The IANA database decides.
    "password": _always,  # Kinds of characters; not a leaked password.
    "newPassword": _always,
    "files[].fileType": _always,  # It must agree with the name's extension.
    "files[].filename": _always,  # Paths and control characters are removed first; something must remain.
}


def is_tolerated(failure: Exception, case: schemathesis.Case, response: Any) -> bool:
    """Whether a rule explains the failed check."""
    kind = type(failure).__name__
    if kind == "AcceptedNegativeData":
        return _is_mended_by_trimming(case) or _has_a_blank_parameter(case)
    if kind == "UnsupportedMethodResponse":
        return response.status_code in (401, 404) and _is_another_route(case, response.request)
    if kind != "RejectedPositiveData":
        return False
    [content_type] = response.headers["content-type"]
    if content_type.startswith("text/html"):
        # The page for an invalid link: no generated token is valid.
        return case.operation.path == "/api/unsubscribe" and response.status_code == 400
    refusal = response.json()
    if refusal["code"] != "VALIDATION_FAILED":
        return refusal["code"] in _OF_STATE
    return all(_explains(error["field"], case) for error in refusal["errors"])


def _is_another_route(case: schemathesis.Case, request: Any) -> bool:
    """Whether the path also matches a route with a parameter and this method, such as `DELETE /api/notifications/count`."""
    paths = case.operation.schema.raw_schema["paths"]
    path = urlsplit(request.url).path
    return any(
        request.method.lower() in item and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        for template, item in paths.items()
    )


def _explains(field: str, case: schemathesis.Case) -> bool:
    if case.media_type == "multipart/form-data":
        # Each part needs a file name, a type and bytes; a schema cannot describe parts.
        return field.startswith("files")
    rule = _BEYOND.get(re.sub(r"\[\d+\]", "[]", field))
    value = (case.query or {}).get(field)
    if value is None and isinstance(case.body, dict):
        value = case.body.get(field)
    if rule and rule(value):
        return True
    return _errors(case, field, _as_kept(value)) > 0


def _is_mended_by_trimming(case: schemathesis.Case) -> bool:
    """Text is trimmed, composed and, for enumerations, compared in any letter case before it is validated."""
    body = case.body
    if not isinstance(body, dict):
        return False
    kept = {name: _as_kept(value) for name, value in body.items()}
    return kept != body and all(_errors(case, name, value) == 0 for name, value in kept.items())


def _has_a_blank_parameter(case: schemathesis.Case) -> bool:
    """A blank parameter counts as missing (`allowEmptyValue`), which is not part of its schema."""
    return any(isinstance(value, str) and not value.strip() for value in (case.query or {}).values())


def _as_kept(value: Any) -> Any:
    return unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else value


def _errors(case: schemathesis.Case, field: str, value: Any) -> int:
    """The number of schema violations in a field of a body."""
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {}).get("properties", {}).get(field)
    if schema is None:
        return 0
    if isinstance(value, str) and any("enum" in alternative for alternative in [schema, *schema.get("anyOf", [])]):
        value = value.lower()
    return len(list(jsonschema.Draft202012Validator(schema).iter_errors(value)))
