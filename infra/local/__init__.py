"""The local cloud: everything `make` does on a developer's machine.

Order of a `make run`: `install` (a Python environment) → `build` (a binary for each domain, zipped) → `launcher`
(MiniStack, the emulator of AWS, with `patches` where it differs from AWS) → `expand` and `overrides` (the one
template.yaml as the emulator takes it) → `deploy` → `proxy` with the `mailbox` page, all held by `supervisor`.
`checks` and `testrun` are `make lint` and `make test`; `demo` is `make demo`.

Nothing here knows a route or a function by name: they come from template.yaml and from cargo.
"""
