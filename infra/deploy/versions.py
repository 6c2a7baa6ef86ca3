"""Which functions with an alias get a new version: those whose code or configuration differs from what their alias runs.

SAM names a version after the location of its code and the text of the configuration, in which the values of parameters do not
stand: another `LogLevel` would never reach the alias. The names that it makes for the CDK are others, too. So what decides is
computed here, from the package's checksum and the whole configuration with every value in its place, and written into the
template as `AutoPublishCodeSha256`. SAM makes the version's name of it, and puts it into the function's description, so that
Lambda sees something to publish whenever the name is a new one.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from samtranslator.intrinsics.resolver import IntrinsicsResolver

from infra.local import expand
from infra.local.expand import Template
from infra.local.progress import Problem

from .bundle import Bundle

NAME = "template-versions.yaml"
_ALIAS = "AutoPublishAlias"


def digests(template: Template, values: dict[str, str], packages: dict[str, str]) -> dict[str, str]:
    """Logical id → digest of code and configuration, of each function with an alias.

    `values` are all parameters as texts; `packages` has the checksum of each binary's package.
    """
    made = expand.transform(expand.with_code(template, "packages", packages), values)
    resolver = IntrinsicsResolver(values)
    conditions = made.get("Conditions", {})
    found = {}
    for name, resource in template["Resources"].items():
        if _ALIAS in resource.get("Properties", {}):
            function = resolver.resolve_parameter_refs(_decided(made["Resources"][name]["Properties"], conditions))
            found[name] = hashlib.sha256(json.dumps(function, sort_keys=True).encode()).hexdigest()
    return found


def _decided(value: Any, conditions: dict[str, Any]) -> Any:
    """The value with each condition's own terms in place of its name."""
    match value:
        case list():
            return [_decided(part, conditions) for part in value]
        case {"Condition": str(name)}:
            return _decided(conditions[name], conditions)
        case {"Fn::If": [str(name), *branches]}:
            return {"Fn::If": [_decided(part, conditions) for part in (conditions[name], *branches)]}
        case dict():
            return {key: _decided(part, conditions) for key, part in value.items()}
    return value


def marked(text: str, found: dict[str, str]) -> str:
    """The template's text with each function's digest below its alias."""
    lines, owner, written = [], "", set()
    for line in text.splitlines(keepends=True):
        lines.append(line)
        if resource := re.match(r"  (\w+):$", line):
            owner = resource[1]
        elif alias := re.match(rf"( +){_ALIAS}: ", line):
            lines.append(f"{alias[1]}AutoPublishCodeSha256: '{found[owner]}'\n")
            written.add(owner)
    if written != found.keys():
        raise Problem(f"No line of the template holds the alias of {', '.join(sorted(found.keys() - written))}.")
    return "".join(lines)


def prepare(bundle: Bundle, given: dict[str, str]) -> Path:
    """Writes the bundle's template with the digests beside it; `given` are the parameters that are not the defaults."""
    template = expand.load(bundle.template)
    defaults = {name: str(it.get("Default", "")) for name, it in template["Parameters"].items()}
    packages = {Path(name).stem: digest for name, digest in bundle.files.items() if name.startswith("code/")}
    file = bundle.folder / NAME
    file.write_text(marked(bundle.template.read_text(), digests(template, {**defaults, **given}, packages)))
    return file
