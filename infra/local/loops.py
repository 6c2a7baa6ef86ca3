"""The loops of a template (`Fn::ForEach` of AWS::LanguageExtensions), unrolled as CloudFormation does it before SAM.

SAM's translator refuses them. Taken are the forms that template.yaml has: loops over a literal list, over resources or
outputs; in their bodies `${Name}` in keys and in `Fn::Sub`, `Ref` of the loop's name, `Ref` and `Fn::GetAtt` with a
`Fn::Sub` as their resource, and `Fn::FindInMap` with literal keys once the names are filled in.
<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>
"""

from __future__ import annotations

import copy
from typing import Any

_LOOP = "Fn::ForEach::"
_SECTIONS = ("Resources", "Outputs")


def unroll(template: dict[str, Any]) -> dict[str, Any]:
    """The template without loops, and without what only they need."""
    template = copy.deepcopy(template)
    mappings = template.get("Mappings", {})
    for section in _SECTIONS:
        if section in template:
            template[section] = _unrolled(template[section], mappings)
    return template


def _unrolled(entries: dict[str, Any], mappings: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in entries.items():
        if not key.startswith(_LOOP):
            made[key] = value
            continue
        name, values, body = value
        for item in values:
            for made_key, made_value in body.items():
                made[_filled(made_key, name, item)] = _substituted(made_value, name, item, mappings)
    return made


def _filled(text: str, name: str, item: str) -> str:
    return text.replace(f"${{{name}}}", item)


def _substituted(value: Any, name: str, item: str, mappings: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_substituted(part, name, item, mappings) for part in value]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": name}:
        return item
    if set(value) == {"Fn::Sub"}:
        return _sub(value["Fn::Sub"], name, item, mappings)
    value = {key: _substituted(part, name, item, mappings) for key, part in value.items()}
    match value:
        case {"Fn::FindInMap": [str(table), str(first), str(second)]}:
            return mappings[table][first][second]
        case {"Fn::GetAtt": [{"Fn::Sub": _}, _]} | {"Ref": {"Fn::Sub": _}}:
            raise ValueError(f"{value} names no resource once the loop is unrolled")
    return value


def _sub(sub: Any, name: str, item: str, mappings: dict[str, Any]) -> Any:
    text, variables = sub if isinstance(sub, list) else (sub, {})
    text, left = _filled(text, name, item), {}
    for variable, value in _substituted(variables, name, item, mappings).items():
        if isinstance(value, str):
            text = _filled(text, variable, value)
        else:
            left[variable] = value
    if left:
        return {"Fn::Sub": [text, left]}
    return {"Fn::Sub": text} if "${" in text else text
