"""The local cloud: everything `make` does on a developer's machine.

Order of a `make run`: `install` (a Python environment) → `build` (a binary for each domain, zipped) → `launcher`
(MiniStack, the emulator of AWS, with `patches` where it differs from AWS) → `expand` and `overrides` (template.yaml
in a form that the emulator accepts) → `deploy` → `proxy` with the `mailbox` page. `supervisor` runs all of these.
`checks` and `testrun` are `make lint` and `make test`; `demo` is `make demo`.

No code here names a route or a function: the names come from template.yaml and from cargo.
"""
