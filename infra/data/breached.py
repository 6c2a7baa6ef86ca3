"""Makes shared/src/domain/breached.txt anew: `python infra/data/breached.py`. Needs npm, pip and the network.

Reads the lists of leaked passwords of two packages, pinned below, and keeps what the password policy could let through
in some spelling: at least six characters, among them a digit and two letters. Lower case, sorted by bytes, one a line.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ZXCVBN = "@zxcvbn-ts/language-common@4.1.3"
DJANGO = "django==5.2.19"
TARGET = Path(__file__).parents[2] / "shared/src/domain/breached.txt"
SHORTEST = 6
LONGEST = 128
LETTERS = 2


def zxcvbn(folder: Path) -> list[str]:
    """The list of zxcvbn-ts (MIT)."""
    subprocess.run(["npm", "pack", "--silent", ZXCVBN], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        package.extract("package/src/passwords.json", folder, filter="data")
    return json.loads((folder / "package/src/passwords.json").read_text())


def django(folder: Path) -> list[str]:
    """The list of Django (BSD-3-Clause)."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", DJANGO]
    subprocess.run(download, cwd=folder, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as package:
        words = package.read("django/contrib/auth/common-passwords.txt.gz")
    return gzip.decompress(words).decode().split()


def is_of_use(word: str) -> bool:
    """Whether some spelling of `word` meets the rest of the policy."""
    letters = sum(letter.isalpha() for letter in word)
    digits = any("0" <= digit <= "9" for digit in word)
    return SHORTEST <= len(word) <= LONGEST and letters >= LETTERS and digits


def main() -> None:
    """Downloads, selects, writes."""
    with tempfile.TemporaryDirectory() as folder:
        words = {word.strip().lower() for word in zxcvbn(Path(folder)) + django(Path(folder))}
    chosen = sorted((word for word in words if is_of_use(word)), key=str.encode)
    TARGET.write_text("".join(f"{word}\n" for word in chosen))
    print(f"{len(words)} words read, {len(chosen)} kept, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
