"""The server of the web app, against a build of its own, and the page at the API's address."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local import seed_rows, start_page, web_app
from infra.local.instance import ROOT, local_instance
from infra.local.progress import Problem
from infra.local.serving import Server

API, FILES = "http://localhost:3000", "http://127.0.0.1:4566"
PAGE = '<!doctype html><meta name="spacedly-api" content=""><title>Spacedly</title>'


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "sw.js").write_text("self;")
    (tmp_path / "assets" / "app.js").write_text("export {};" * 50)
    (tmp_path / ".built").write_text("hash")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    server = Server(web_app.WebApp(tmp_path, API, FILES), number)
    assert server.start()
    yield number
    server.stop()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("path", ["/", "/tasks", "/reset-password?token=abc", "/verify-email"])
def test_every_path_of_the_app_is_its_page_with_the_address_of_the_api(port: int, path: str) -> None:
    response, body = ask(port, path)
    assert response.status == 200
    assert f'<meta name="spacedly-api" content="{API}">' in body.decode()
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/none.js", "/.built", "/../web_app.py", "/%2e%2e/seed.py", "/assets/../../x.py"])
def test_what_is_no_file_of_the_build_is_not_served(port: int, path: str) -> None:
    response, body = ask(port, path)
    assert response.status == 404
    assert b"hash" not in body


def test_every_answer_has_the_headers_and_no_unsafe_source(port: int) -> None:
    for path, method in (("/", "GET"), ("/assets/app.js", "HEAD"), ("/none.js", "GET"), ("/", "POST")):
        response, _ = ask(port, path, method)
        for name, value in web_app.headers(API, FILES).items():
            assert response.headers[name] == value
    policy = web_app.headers(API, FILES)["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert f"connect-src 'self' {API} {FILES};" in policy


def test_files_are_compressed_and_asked_for_once(port: int) -> None:
    response, body = ask(port, "/assets/app.js", Accept_Encoding="gzip")
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(body) == b"export {};" * 50
    again, nothing = ask(port, "/assets/app.js", If_None_Match=response.headers["ETag"])
    assert (again.status, nothing) == (304, b"")


def test_other_methods_are_refused(port: int) -> None:
    response, _ = ask(port, "/tasks", "POST")
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_a_page_without_a_place_for_the_address_is_refused() -> None:
    with pytest.raises(Problem, match="no place"):
        web_app.page("<title>Spacedly</title>", API)
    web_app.page((ROOT / "clients" / "web" / "index.html").read_text(), API)


def test_the_start_page_is_for_browsers_and_leads_to_the_app() -> None:
    assert start_page.is_wanted([(b"accept", b"text/html,application/xhtml+xml")])
    assert not start_page.is_wanted([(b"accept", b"application/json")])
    assert not start_page.is_wanted([])
    page = start_page.render(replace(local_instance(), web_port=8081)).decode()
    for link in ("http://localhost:8081", "/mailbox", "/api/docs"):
        assert f'href="{link}"' in page
    assert "{" not in page


def test_versions_are_pinned_by_the_lock_file() -> None:
    package = json.loads((web_app.WEB / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    locked = json.loads((web_app.WEB / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package for name, package in locked.items() if name)


def test_the_demo_account_is_full_and_within_the_limits() -> None:
    now = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)
    tables = {part.split(" ", 1)[0]: part.split("\n")[1:-2] for part in seed_rows.script(now).split("COPY ")[1:]}
    assert len(tables["tasks"]) == 200
    reminders = [line.split("\t") for line in tables["reminders"]]
    assert {reminder[6] for reminder in reminders} == {"completed", "skipped", "pending"}
    assert max(Counter(reminder[2] for reminder in reminders).values()) <= 30
    assert all((reminder[6] == "pending") == (reminder[3] > "2026-11-30 21:00:00") for reminder in reminders)
