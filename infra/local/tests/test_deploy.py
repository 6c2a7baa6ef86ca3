"""What a deployment to the local cloud changes, refuses and reports."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local import deploy, envfile
from infra.local.instance import local_instance
from infra.local.progress import Problem


def test_differences_name_what_was_added_changed_and_removed() -> None:
    assert deploy.differences({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "d": 1}) == ["b", "c", "d"]


def test_a_deployment_says_which_domains_it_updated() -> None:
    assert str(deploy.Outcome()) == "nothing changed"
    assert str(deploy.Outcome(functions={"mail": 1, "tasks": 7}, resources=["Table"])) == (
        "updated mail (1 function), tasks (7 functions); changed Table"
    )


def table(*indexes: str) -> dict[str, dict[str, Any]]:
    local = [{"IndexName": name, "Projection": {"ProjectionType": "KEYS_ONLY"}} for name in indexes]
    return {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"LocalSecondaryIndexes": local}}}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (table("open"), table("open", "by-changed"), "its table has no local index by-changed."),
        (table("open", "by-old"), table("open"), "its table still has by-old."),
        (table("by-old"), table("by-changed"), "its table has no local index by-changed and still has by-old."),
    ],
)
def test_a_state_whose_table_lacks_an_index_is_refused_with_the_remedy(
    before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    with pytest.raises(Problem) as caught:
        deploy.refuse_older_tables(before, after)
    assert message in caught.value.what
    assert "`make reset`" in caught.value.remedy


def test_a_table_that_is_new_or_unchanged_is_deployed() -> None:
    deploy.refuse_older_tables({}, table("by-changed"))
    deploy.refuse_older_tables(table("open", "by-changed"), table("open", "by-changed"))


def test_an_older_table_is_refused_before_anything_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    class CloudFormation:
        def describe_stacks(self, **_: Any) -> dict[str, Any]:
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

        def get_template(self, **_: Any) -> dict[str, Any]:
            return {"TemplateBody": {"Resources": table("open")}}

    monkeypatch.setattr(deploy, "client", lambda *_: CloudFormation())
    # The fake has no update_stack: an attempt would raise AttributeError.
    with pytest.raises(Problem, match="by-changed"):
        deploy._apply(local_instance(), deploy.Outcome(), table("open", "by-changed"), {})


def test_environments_become_one() -> None:
    functions = [
        {"FunctionName": "b", "Environment": {"Variables": {"X": "2", "Y": "1"}}},
        {"FunctionName": "a", "Environment": {"Variables": {"X": "1"}}},
        {"FunctionName": "c"},
    ]
    assert envfile.variables(functions) == {"X": "1", "Y": "1"}


def test_values_for_cargo_lambda_are_quoted() -> None:
    assert envfile.quoted("global=1/900,auth=2/900") == '"global=1/900,auth=2/900"'
    assert envfile.quoted('{"a":1}') == "'{\"a\":1}'"
