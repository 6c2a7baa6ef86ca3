"""Checks the machine's tools, makes the project's Python environment, .local/venv, and fetches the OpenID provider.

Runs under the machine's own python3, which may be too old, so it uses only the standard library and plain syntax.
    python3 infra/local/install.py           installs the packages for `make run`
    python3 infra/local/install.py --tools   also installs the packages for building, checking and deploying
It does nothing if everything already matches the lock files.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "infra", "local")
OIDC = os.path.join(HERE, "oidc")
VENV = os.path.join(ROOT, ".local", "venv")
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20


def fail(what, remedy):
    """Ends with a message: what is wrong and what to do."""
    sys.stderr.write("\n✗ %s\n  → %s\n" % (what, remedy))
    sys.exit(1)


def check_python():
    """Checks that Python is new enough and can create virtual environments."""
    if sys.version_info < OLDEST_PYTHON:
        newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
        fail(
            "Python %d.%d is too old: 3.11 or newer is needed." % sys.version_info[:2],
            "Run: PYTHON=%s make …" % newer[0] if newer else "Install a newer Python, then run: PYTHON=/path/to/it make …",
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail(
            "This Python cannot create virtual environments: its module venv is missing.",
            "On Debian or Ubuntu: apt install python3-venv. Then try again.",
        )


def check_rust():
    """Checks that cargo is installed, in at least the version that Cargo.toml requires."""
    if not shutil.which("cargo") or not shutil.which("rustc"):
        fail("Rust's cargo is not on the PATH.", "Install Rust from https://rustup.rs, open a new shell, try again.")
    with open(os.path.join(ROOT, "Cargo.toml"), encoding="utf-8") as manifest:
        wanted = re.search(r'^rust-version\s*=\s*"([\d.]+)"', manifest.read(), re.MULTILINE)
    found = re.search(r"rustc ([\d.]+)", output(["rustc", "--version"]))
    if wanted and found and version(found.group(1)) < version(wanted.group(1)):
        fail("Rust %s is too old: %s or newer is needed." % (found.group(1), wanted.group(1)), "Run: rustup update")
    if not (shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")):
        fail(
            "There is no C compiler (cc), which Rust needs for linking.",
            "On Debian or Ubuntu: apt install build-essential; on macOS: xcode-select --install.",
        )


def check_node():
    """Checks that Node and npm are installed and new enough: the local OpenID provider needs them."""
    where = "Install Node.js %d or newer with npm (https://nodejs.org), open a new shell, try again." % OLDEST_NODE
    if not shutil.which("node") or not shutil.which("npm"):
        fail("Node.js is not on the PATH (node, npm); the local stand-in for Google runs on it.", where)
    found = re.search(r"v(\d+)\.", output(["node", "--version"]))
    if found and int(found.group(1)) < OLDEST_NODE:
        fail("Node.js %s is too old: %d or newer is needed." % (found.group(1), OLDEST_NODE), where)


def version(text):
    return tuple(int(part) for part in text.split("."))


def output(command):
    """The output of a command; nothing if it fails."""
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, check=False
        ).stdout
    except OSError:
        return ""


def fingerprint(lock):
    """A hash of the lock file, this Python and the project's path (scripts in an environment contain its path)."""
    digest = hashlib.sha256()
    for part in (sys.version, os.path.realpath(sys.executable), ROOT):
        digest.update(part.encode())
    with open(os.path.join(HERE, lock), "rb") as file:
        digest.update(file.read())
    return digest.hexdigest()


def stamp_of(lock):
    return os.path.join(VENV, "." + lock + ".stamp")


def is_installed(lock):
    try:
        with open(stamp_of(lock), encoding="ascii") as file:
            return file.read() == fingerprint(lock) and os.access(os.path.join(VENV, "bin", "python"), os.X_OK)
    except OSError:
        return False


def install(lock, fresh):
    """Installs one lock file, into a new environment if `fresh`; the stamp is written last."""
    started = time.time()
    sys.stdout.write("▸ installing %s into .local/venv (once) …\n" % lock)
    sys.stdout.flush()
    if fresh:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
        if made.returncode != 0:
            fail("The Python environment .local/venv could not be created (see above).", "Fix the error, then try again.")
    # The lock files are complete, so nothing has to be resolved (--no-deps). Byte code is compiled when a module is first used.
    pip = [os.path.join(VENV, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pip += ["--no-compile", "--no-deps", "--require-hashes", "-r", os.path.join(HERE, lock)]
    done = subprocess.run(pip, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        if re.search(r"connection|resolve|timed? ?out|network|unreachable|Could not find a version", done.stderr, re.I):
            fail(
                "The Python packages could not be fetched.",
                "The first run needs the network (proxy: HTTPS_PROXY, mirror: PIP_INDEX_URL). Try again.",
            )
        fail("The Python packages could not be installed (see above).", "Fix the error, then try again.")
    with open(stamp_of(lock), "w", encoding="ascii") as file:
        file.write(fingerprint(lock))
    sys.stdout.write("✓ installed %s in %.0f s\n" % (lock, time.time() - started))
    sys.stdout.flush()


def install_provider():
    """Installs the local OpenID provider's packages; the stamp is in their folder, so it is removed with them."""
    digest = hashlib.sha256(output(["node", "--version"]).encode())
    with open(os.path.join(OIDC, "package-lock.json"), "rb") as file:
        digest.update(file.read())
    stamp = os.path.join(OIDC, "node_modules", ".spacedly.stamp")
    try:
        with open(stamp, encoding="ascii") as file:
            if file.read() == digest.hexdigest():
                return
    except OSError:
        pass
    started = time.time()
    sys.stdout.write("▸ installing the local OpenID provider into infra/local/oidc/node_modules (once) …\n")
    sys.stdout.flush()
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(npm, cwd=OIDC, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        fail(
            "The packages of the local OpenID provider could not be installed (see above).",
            "The first run needs the network (proxy: HTTPS_PROXY, mirror: npm config set registry …). Try again.",
        )
    with open(stamp, "w", encoding="ascii") as file:
        file.write(digest.hexdigest())
    sys.stdout.write("✓ installed the local OpenID provider in %.0f s\n" % (time.time() - started))
    sys.stdout.flush()


def main():
    check_python()
    check_rust()
    check_node()
    fresh = not is_installed("requirements.txt")
    if fresh:
        install("requirements.txt", fresh=True)
    if "--tools" in sys.argv[1:] and (fresh or not is_installed("requirements-tools.txt")):
        install("requirements-tools.txt", fresh=False)
    install_provider()


if __name__ == "__main__":
    main()
