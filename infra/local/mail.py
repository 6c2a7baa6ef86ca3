"""Converts an SES v2 SendEmail request into one flat message."""

from __future__ import annotations

import base64
import email
import email.policy
from datetime import UTC, datetime
from typing import Any

Message = dict[str, Any]


def read_request(request: dict[str, Any], sent_at: float) -> Message:
    """The message in a SendEmail request body. `sent_at` is in seconds since the epoch."""
    content = request.get("Content") or {}
    destination = request.get("Destination") or {}
    recipients = destination.get("ToAddresses") or []
    message: Message = {
        "to": ", ".join(recipients),
        "from": request.get("FromEmailAddress", ""),
        "cc": ", ".join(destination.get("CcAddresses") or []),
        "replyTo": ", ".join(request.get("ReplyToAddresses") or []),
        "subject": "",
        "text": "",
        "html": "",
        "headers": [],
        "configurationSet": request.get("ConfigurationSetName", ""),
        "tags": {tag["Name"]: tag["Value"] for tag in request.get("EmailTags") or []},
        "sentAt": datetime.fromtimestamp(sent_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if content.get("Raw"):
        _read_raw(base64.b64decode(content["Raw"].get("Data", "")), message)
    else:
        simple = content.get("Simple") or {}
        body = simple.get("Body") or {}
        message["subject"] = (simple.get("Subject") or {}).get("Data", "")
        message["text"] = (body.get("Text") or {}).get("Data", "")
        message["html"] = (body.get("Html") or {}).get("Data", "")
        message["headers"] = [{"name": item["Name"], "value": item["Value"]} for item in simple.get("Headers") or []]
    return message


def _read_raw(data: bytes, message: Message) -> None:
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    message["subject"] = str(parsed["Subject"] or "")
    message["to"] = message["to"] or str(parsed["To"] or "")
    message["from"] = message["from"] or str(parsed["From"] or "")
    message["headers"] = [{"name": name, "value": str(value)} for name, value in parsed.items()]
    for kind, field in (("plain", "text"), ("html", "html")):
        part = parsed.get_body((kind,))
        if part is not None:
            message[field] = part.get_content()
