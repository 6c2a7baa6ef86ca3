"""Installs npm packages for tests: the browser, the TypeScript client."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from .progress import Problem, step


def install(folder: Path, what: str) -> None:
    """Fetches a folder's packages, once for each state of its lock file; the stamp file is in their folder."""
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".spacedly.stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step(f"installing {what} (once)"):
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(npm, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(
                f"npm: {what} could not be installed:\n{(done.stdout + done.stderr)[-2000:].strip()}",
                "The first time needs the network (proxy: HTTPS_PROXY, mirror: npm config set registry …). Try again.",
            )
        stamp.write_text(wanted)
