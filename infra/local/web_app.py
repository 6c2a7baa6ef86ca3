"""Builds the web app, clients/web, with Vite, and serves it with the same headers as in production.

Every path that is not a file returns the app's page, whose router shows the right view. The page contains the API's
address, which is filled in here (on AWS, by `make deploy-web`), so that one build serves every stage.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import os
import re
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import npm
from .checks import Check
from .instance import ROOT, Instance
from .progress import Problem, Step
from .serving import Server

WEB = ROOT / "clients" / "web"
DIST = WEB / "dist"
_STAMP = DIST / ".built"
# The inputs of a build, besides the packages of the lock file.
_SOURCES = (WEB, ROOT / "clients" / "typescript" / "src")
_LEFT_OUT = {"node_modules", "dist"}
_META = re.compile(r'<meta name="spacedly-api" content="[^"]*"\s*/?>')
# Files that are compressed; pictures are compressed already.
_TEXTS = {".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt"}
_TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".svg": "image/svg+xml"}

Headers = list[tuple[bytes, bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def install() -> None:
    """Installs the packages that are needed to build the app."""
    npm.install(WEB, "the web app's packages")


def build(running: Step | None = None) -> None:
    """Builds the app if its sources changed since the last build."""
    wanted = _fingerprint()
    size = "unchanged"
    if not _STAMP.exists() or _STAMP.read_text() != wanted:
        # A partial build must not look like a complete one.
        _STAMP.unlink(missing_ok=True)
        done = subprocess.run([*_npm("build"), "--", "--logLevel", "warn"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(f"The web app could not be built:\n{(done.stdout + done.stderr)[-3000:]}")
        _STAMP.write_text(wanted)
        size = "built"
    if running:
        sizes = json.loads((DIST / "sizes.json").read_text())
        running.result = f"{size}, {sizes['script'] / 1024:.0f} KB of script (gzip)"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for root in _SOURCES:
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(set(folders) - _LEFT_OUT)
            for name in sorted(files):
                file = Path(folder) / name
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def checks() -> list[Check]:
    """The check that needs no running system: the type check of the app."""
    return [Check("web app: types", _npm("check"))]


def _npm(script: str) -> list[str]:
    return ["npm", "--prefix", str(WEB), "run", "--silent", script]


def headers(api: str, files: str) -> dict[str, str]:
    """The headers of every response, for an API and a bucket at these origins."""
    declared: dict[str, str] = json.loads((WEB / "headers.json").read_text())["headers"]
    return {name: " ".join(value.replace("{api}", api).replace("{files}", files).split()) for name, value in declared.items()}


def page(html: str, api: str) -> str:
    """The app's page with the API's address in it."""
    filled, count = _META.subn(f'<meta name="spacedly-api" content="{api}">', html)
    if count != 1:
        raise Problem("clients/web/index.html has no place for the API's address.")
    return filled


def content_type(file: Path) -> str:
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def cache_control(file: Path) -> str:
    """The names of assets contain a hash of their content, so they are cached; all other files are revalidated."""
    return "public, max-age=31536000, immutable" if file.parent.name == "assets" else "no-cache"


@dataclass(frozen=True)
class Asset:
    """A file in the form in which it is sent."""

    body: bytes
    compressed: bytes | None
    type: str
    tag: str


@lru_cache(maxsize=256)
def _asset(file: Path, _changed: int, api: str) -> Asset:
    body = file.read_bytes()
    if file.suffix == ".html":
        body = page(body.decode(), api).encode()
    kind = content_type(file)
    compressed = gzip.compress(body, 9) if file.suffix in _TEXTS else None
    return Asset(body, compressed, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class WebApp:
    """The ASGI application."""

    def __init__(self, dist: Path, api: str, files: str) -> None:
        self._dist = dist
        self._api = api
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers(api, files).items()]

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            await self._send(send, 405, [(b"allow", b"GET, HEAD")], b"")
            return
        file = self._find(scope["path"])
        if file is None:
            await self._send(send, 404, [(b"content-type", b"text/plain; charset=utf-8")], b"There is no such file.\n")
            return
        await self._serve(file, scope, send)

    def _find(self, path: str) -> Path | None:
        """The file at a path, or the app's page if there is no such file."""
        names = {f"/{file.relative_to(self._dist).as_posix()}": file for file in self._dist.rglob("*") if file.is_file()}
        found = names.get(path)
        if found and not found.name.startswith("."):
            return found
        is_page = "." not in path.rpartition("/")[2]
        return names.get("/index.html") if is_page else None

    async def _serve(self, file: Path, scope: dict[str, Any], send: Send) -> None:
        received = dict(scope["headers"])
        asset = _asset(file, file.stat().st_mtime_ns, self._api)
        sent: Headers = [
            (b"content-type", asset.type.encode()),
            (b"cache-control", cache_control(file).encode()),
            (b"etag", asset.tag.encode()),
            (b"vary", b"Accept-Encoding"),
        ]
        if asset.tag.encode() in received.get(b"if-none-match", b""):
            await self._send(send, 304, sent, b"")
            return
        body = asset.body
        if asset.compressed is not None and b"gzip" in received.get(b"accept-encoding", b""):
            body = asset.compressed
            sent.append((b"content-encoding", b"gzip"))
        sent.append((b"content-length", str(len(body)).encode()))
        await self._send(send, 200, sent, b"" if scope["method"] == "HEAD" else body)

    async def _send(self, send: Send, status: int, more: Headers, body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [*self._headers, *more]})
        await send({"type": "http.response.body", "body": body})


class WebServer(Server):
    """The app of an instance, in its own thread."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(WebApp(DIST, instance.public_url, instance.cloud_url), instance.web_port)
