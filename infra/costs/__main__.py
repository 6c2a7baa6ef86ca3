"""`python -m infra.costs` writes docs/cost.md and the figures in README.md."""

from __future__ import annotations

import re
import sys

from infra.local.instance import ROOT

from .model import Model
from .page import render

PAGE = ROOT / "docs" / "cost.md"
README = ROOT / "README.md"
_FIGURES = re.compile(r"(An idle stage costs about )\$[\d.]+( a month,\s+1,000 active users about )\$[\d.]+")


def readme(text: str, model: Model) -> str:
    """The text of README.md with the figures of the model."""
    idle, users = model.stage(0).total(), model.user(100_000).total() * 1_000
    made, count = _FIGURES.subn(rf"\g<1>${idle:.2f}\g<2>${users:.2f}", text)
    if count != 1:
        raise SystemExit("README.md has no sentence about the costs of a stage.")
    return made


def main() -> None:
    model = Model()
    PAGE.write_text(render(model))
    README.write_text(readme(README.read_text(), model))
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {model.stage(0).total():.2f} idle\n")


if __name__ == "__main__":
    main()
