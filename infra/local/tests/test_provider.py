"""The local OpenID provider, through a whole sign-in: what the form takes, and what the ID token then says."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import subprocess
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from test_proxy import free_port

from infra.local.instance import OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, Instance
from infra.local.provider import OIDC, Provider, environment

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance whose provider runs."""
    made = Instance("local", tmp_path_factory.mktemp("provider"), 3000, 1, free_port())
    made.make_directories()
    provider = Provider.start(made)
    yield made
    provider.stop()
    assert not provider.is_running


class Browser:
    """Keeps cookies by their path, and follows nothing by itself."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.cookies: dict[tuple[str, str], str] = {}

    def ask(self, method: str, url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Any:
        parts = urlsplit(url)
        sent = [f"{name}={value}" for (path, name), value in self.cookies.items() if parts.path.startswith(path)]
        headers = {**(headers or {}), **(FORM if form else {}), **({"cookie": "; ".join(sent)} if sent else {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.instance.oidc_port, timeout=10)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        response.text = response.read().decode()  # type: ignore[attr-defined]
        connection.close()
        for header in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(header).items():
                self.cookies[morsel["path"] or "/", name] = morsel.value
        return response

    def sign_in(self, form: dict[str, str], **parameters: str) -> dict[str, str]:
        """From the authorization request to the callback's query; `verifier` is in it too."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": OIDC_CLIENT_ID,
            "redirect_uri": f"{self.instance.public_url}/api/auth/google/callback",
            "scope": "openid email profile",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **parameters,
        }
        page = self.ask("GET", f"/auth?{urlencode(asked)}").headers["Location"]
        assert page.startswith("/interaction/")
        resume = self.ask("POST", page, form).headers["Location"]
        assert resume.startswith(f"{self.instance.oidc_url}/auth/")
        callback = self.ask("GET", resume).headers["Location"]
        assert callback.startswith(f"{self.instance.public_url}/api/auth/google/callback?")
        return {name: value for name, [value] in parse_qs(urlsplit(callback).query).items()} | {"verifier": verifier}

    def redeem(self, query: dict[str, str], *, in_body: bool = False) -> Any:
        """Exchanges the code, as the API does it."""
        form = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": f"{self.instance.public_url}/api/auth/google/callback",
            "code_verifier": query["verifier"],
        }
        if in_body:
            return self.ask("POST", "/token", {**form, "client_id": OIDC_CLIENT_ID, "client_secret": OIDC_CLIENT_SECRET})
        basic = base64.b64encode(f"{OIDC_CLIENT_ID}:{OIDC_CLIENT_SECRET}".encode()).decode()
        return self.ask("POST", "/token", form, {"authorization": f"Basic {basic}"})

    def claims(self, form: dict[str, str], **parameters: str) -> dict[str, Any]:
        """What the ID token says after a whole sign-in. (Its signature is the API's to check.)"""
        answer = self.redeem(self.sign_in(form, **parameters))
        assert answer.status == 200, answer.text
        header, payload, _ = json.loads(answer.text)["id_token"].split(".")
        assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "RS256"
        return json.loads(base64.urlsafe_b64decode(payload + "=="))


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return Browser(instance)


def test_it_names_itself_as_it_is_configured(browser: Browser) -> None:
    found = json.loads(browser.ask("GET", "/.well-known/openid-configuration").text)
    assert found["issuer"] == browser.instance.oidc_url
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]


def test_the_token_says_what_was_typed(browser: Browser) -> None:
    form = {"email": "Ada@example.com", "name": "Ada Lovelace", "email_verified": "on", "action": "continue"}
    claims = browser.claims(form, nonce="another-nonce")
    assert claims["iss"] == browser.instance.oidc_url
    assert claims["aud"] == OIDC_CLIENT_ID
    assert claims["nonce"] == "another-nonce"
    assert (claims["email"], claims["email_verified"], claims["name"]) == ("Ada@example.com", True, "Ada Lovelace")
    assert len(claims["sub"]) == 21
    assert claims["sub"] == browser.claims({**form, "email": "ada@EXAMPLE.com"})["sub"]


def test_nobody_stays_signed_in(browser: Browser) -> None:
    assert browser.claims({"email": "a@example.com", "action": "continue", "sub": "1"})["sub"] == "1"
    claims = browser.claims({"email": "b@example.com", "action": "continue", "sub": "2"})
    assert (claims["sub"], claims["email"], claims["email_verified"]) == ("2", "b@example.com", False)
    assert "name" not in claims


def test_a_refusal_reaches_the_callback(browser: Browser) -> None:
    query = browser.sign_in({"action": "refuse"})
    assert (query["error"], query["state"]) == ("access_denied", "the-state")
    assert "code" not in query


def test_a_code_is_redeemed_once_with_the_secret_and_the_verifier(browser: Browser) -> None:
    query = browser.sign_in({"email": "a@example.com", "action": "continue"})
    assert browser.redeem(query, in_body=True).status == 200
    assert browser.redeem(query).status == 400
    query = browser.sign_in({"email": "a@example.com", "action": "continue"})
    assert browser.redeem({**query, "verifier": secrets.token_urlsafe(48)}).status == 400


def test_it_insists_on_pkce_and_on_its_one_callback(browser: Browser) -> None:
    asked = {
        "response_type": "code",
        "client_id": OIDC_CLIENT_ID,
        "redirect_uri": f"{browser.instance.public_url}/api/auth/google/callback",
        "scope": "openid",
    }
    answer = browser.ask("GET", f"/auth?{urlencode(asked)}")
    assert "error=invalid_request" in answer.headers["Location"]
    answer = browser.ask("GET", f"/auth?{urlencode({**asked, 'redirect_uri': 'http://localhost:9/api/auth/google/callback'})}")
    assert (answer.status, answer.headers["Location"]) == (400, None)


def test_the_page_has_the_form_and_escapes_what_it_shows(browser: Browser) -> None:
    verifier = "x" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": OIDC_CLIENT_ID,
        "redirect_uri": f"{browser.instance.public_url}/api/auth/google/callback",
        "scope": "openid",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = browser.ask("GET", f"/auth?{urlencode(asked)}").headers["Location"]
    shown = browser.ask("GET", page)
    assert shown.status == 200
    for field in ("email", "name", "sub", "email_verified", "action"):
        assert f'name="{field}"' in shown.text
    assert "script" not in shown.text
    assert browser.ask("POST", page, {"action": "continue"}).status == 400
    assert Browser(browser.instance).ask("GET", page).status == 400


def test_it_ends_with_whoever_started_it(instance: Instance) -> None:
    other = Instance("local", instance.base / "other", 3000, 1, free_port())
    process = subprocess.Popen(["node", "provider.mjs"], cwd=OIDC, env=environment(other), stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.close()
    assert process.wait(timeout=20) == 0
