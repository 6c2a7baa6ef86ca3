"""An audit fails at what has no reason, and at reasons that nothing needs."""

from __future__ import annotations

import pytest

from infra.audit.exceptions import Exempted, Finding, complaints, read

VPC = Exempted("CKV_AWS_117", "*", "The functions reach nothing inside a network.")


def test_findings_with_a_reason_are_no_complaints() -> None:
    assert complaints([Finding("CKV_AWS_117", "TasksCreate"), Finding("CKV_AWS_117", "TasksList")], [VPC]) == []


@pytest.mark.parametrize(
    ("findings", "exempted", "word"),
    [
        ([Finding("CKV_AWS_18", "Uploads", "access logs")], [], "CKV_AWS_18 Uploads: access logs"),
        ([Finding("CKV_AWS_117", "Other")], [Exempted("CKV_AWS_117", "Tasks*", VPC.reason)], "CKV_AWS_117 Other"),
        ([], [VPC], "nothing needs this exception"),
        ([Finding("CKV_AWS_117", "TasksList")], [Exempted("CKV_AWS_117", "*", "not needed")], "has no reason"),
    ],
)
def test_anything_else_is_a_complaint(findings: list[Finding], exempted: list[Exempted], word: str) -> None:
    assert any(word in line for line in complaints(findings, exempted))


def test_every_exception_in_the_file_has_a_reason() -> None:
    exempted = read("checkov")
    assert exempted
    assert all(len(one.reason.split()) >= 5 for one in exempted)
