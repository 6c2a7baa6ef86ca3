//! `GET /api/auth/google/callback` when something is wrong: every way ends at the app's login page, with no session.

use serde_json::json;

use super::google::{assert_failed, assert_signed_in};
use crate::support::{Answer, App, Flow, PASSWORD, Person};

const CALLBACK: &str = "/api/auth/google/callback";

/// The value of a parameter in what the provider sent.
#[track_caller]
fn parameter(callback: &str, name: &str) -> String {
    let url = reqwest::Url::parse(&format!("http://callback{callback}")).expect("a callback");
    let pair = url.query_pairs().find(|(known, _)| known == name);
    pair.unwrap_or_else(|| panic!("expected {name} in {callback}")).1.into_owned()
}

/// A way back with these parameters and the flow's cookie. Each comes from an address of its own: failures count.
async fn come_back(app: &App, flow: &Flow, parameters: &[(&str, &str)]) -> Answer {
    app.client().cookies(&[("oidcFlow", &flow.cookie)]).get(CALLBACK).query(parameters).await
}

/// Nobody has an account under this person's Google id or address: the next sign-in makes one.
async fn assert_no_account(app: &App, person: &Person) {
    let register = app.client().register("Asha Rao", &person.email, PASSWORD).await;
    register.expect(201);
}

#[tokio::test]
async fn who_refuses_at_the_provider_is_not_signed_in() {
    let app = App::new();
    let flow = app.google().await;
    let callback = flow.refuse(&app).await;
    assert_eq!(parameter(&callback, "error"), "access_denied");
    assert_failed(flow.come_back(&callback).await);
}

#[tokio::test]
pub(crate) async fn a_state_that_is_not_the_flow_s_is_refused() {
    let app = App::new();
    let (flow, other, person) = (app.google().await, app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    let (code, state) = (parameter(&callback, "code"), parameter(&callback, "state"));
    let longer = format!("{state}A");
    let upper = state.to_uppercase();
    for wrong in ["", "wrong", &state[..state.len() - 1], &longer, &other.parameter("state")] {
        assert_failed(come_back(&app, &flow, &[("code", &code), ("state", wrong)]).await);
    }
    if upper != state {
        assert_failed(come_back(&app, &flow, &[("code", &code), ("state", &upper)]).await);
    }
    assert_failed(come_back(&app, &flow, &[("code", &code)]).await);
    assert_no_account(&app, &person).await;
}

#[tokio::test]
async fn without_a_code_or_with_a_wrong_one_it_is_refused() {
    let app = App::new();
    let flow = app.google().await;
    let state = flow.parameter("state");
    assert_failed(come_back(&app, &flow, &[("state", &state)]).await);
    assert_failed(come_back(&app, &flow, &[("state", &state), ("code", "")]).await);
    assert_failed(come_back(&app, &flow, &[("state", &state), ("code", "guessed")]).await);
    assert_failed(come_back(&app, &flow, &[("state", &state), ("code", &"x".repeat(4000))]).await);
    assert_failed(come_back(&app, &app.google().await, &[]).await);
}

#[tokio::test]
pub(crate) async fn without_the_flow_s_cookie_it_is_refused() {
    let app = App::new();
    let (flow, person) = (app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    assert_failed(app.client().get(&callback).await);
    for cookie in ["", "rubbish", "a.b.c", "{}"] {
        assert_failed(app.client().cookies(&[("oidcFlow", cookie)]).get(&callback).await);
    }
    let (shorter, longer) = (&flow.cookie[..flow.cookie.len() - 1], format!("{}A", flow.cookie));
    for cookie in [shorter, &longer] {
        assert_failed(app.client().cookies(&[("oidcFlow", cookie)]).get(&callback).await);
    }
    assert_no_account(&app, &person).await;
}

#[tokio::test]
pub(crate) async fn a_cookie_that_was_written_over_is_refused_wherever_it_was() {
    let app = App::new();
    let (flow, person) = (app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    for at in [0, flow.cookie.len() / 3, flow.cookie.len() / 2, flow.cookie.len() * 2 / 3] {
        let other = if flow.cookie.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = flow.cookie.clone();
        changed.replace_range(at..=at, other);
        assert_failed(app.client().cookies(&[("oidcFlow", &changed)]).get(&callback).await);
    }
    assert_no_account(&app, &person).await;
}

#[tokio::test]
pub(crate) async fn another_flow_s_cookie_does_not_take_this_flow_s_code() {
    let app = App::new();
    let (flow, other) = (app.google().await, app.google().await);
    let (person, attacker) = (Person::new(), Person::new());
    let callback = flow.sign_in(&app, &person).await;
    let attackers = other.sign_in(&app, &attacker).await;
    // An attacker leads a victim's browser to the callback of the attacker's own sign-in.
    assert_failed(flow.come_back(&attackers).await);
    assert_failed(other.come_back(&callback).await);
    // Nor with the code swapped under the right state.
    let state = flow.parameter("state");
    assert_failed(come_back(&app, &flow, &[("code", &parameter(&attackers, "code")), ("state", &state)]).await);
    assert_no_account(&app, &attacker).await;
}

#[tokio::test]
pub(crate) async fn a_callback_works_once() {
    let app = App::new();
    let (flow, person) = (app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    let tokens = assert_signed_in(flow.come_back(&callback).await).cookie_tokens();
    assert_failed(flow.come_back(&callback).await);
    // And so does a code: another flow does not take it.
    let other = app.google().await;
    let (code, state) = (parameter(&callback, "code"), other.parameter("state"));
    assert_failed(come_back(&app, &other, &[("code", &code), ("state", &state)]).await);
    assert_eq!(app.client().session_cookies(&tokens).sessions().await.len(), 1);
}

#[tokio::test]
pub(crate) async fn an_id_token_with_another_nonce_is_refused() {
    let app = App::new();
    let (flow, person) = (app.google().await, Person::new());
    let flow = flow.with_parameter("nonce", "another-nonce-of-the-right-length-0123456789");
    let callback = flow.sign_in(&app, &person).await;
    assert_failed(flow.come_back(&callback).await);
    assert_no_account(&app, &person).await;
}

#[tokio::test]
pub(crate) async fn a_code_that_was_asked_for_with_another_verifier_is_refused() {
    let app = App::new();
    let (flow, person) = (app.google().await, Person::new());
    let flow = flow.with_parameter("code_challenge", &"A".repeat(43));
    let callback = flow.sign_in(&app, &person).await;
    assert_failed(flow.come_back(&callback).await);
    assert_no_account(&app, &person).await;
}

#[tokio::test]
pub(crate) async fn the_way_ends_at_the_app_wherever_a_link_would_like_it_to() {
    let app = App::new();
    let elsewhere = [
        ("redirect_uri", "https://evil.example/"),
        ("redirect", "https://evil.example/"),
        ("returnTo", "//evil.example"),
        ("next", "https://evil.example/"),
        ("state", "https://evil.example/"),
    ];
    let answer = app.client().get("/api/auth/google").query(&elsewhere).await.expect(302);
    let location = answer.header("location").expect("a location");
    assert!(!location.contains("evil.example"), "{answer}");

    let (flow, person) = (app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    assert_signed_in(flow.come_back(&callback).query(&elsewhere[..4]).await);
    assert_failed(app.client().get(CALLBACK).query(&elsewhere).await);
}

#[tokio::test]
pub(crate) async fn what_the_provider_says_went_wrong_is_not_passed_on() {
    let app = App::new();
    for error in [
        "access_denied",
        "<script>alert(1)</script>",
        "x\r\nSet-Cookie: accessToken=forged",
        "x\r\n\r\n<html>",
        "https://evil.example/",
    ] {
        let flow = app.google().await;
        let state = flow.parameter("state");
        let answer = come_back(&app, &flow, &[("error", error), ("error_description", error), ("state", &state)]).await;
        assert!(answer.set_cookie("accessToken").is_none(), "{answer}");
        assert!(!answer.body().contains("script"), "{answer}");
        assert_failed(answer);
    }
}

#[tokio::test]
async fn a_session_that_is_there_is_neither_taken_over_nor_ended() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let answer = browser.get(CALLBACK).query(&[("code", "x"), ("state", "y")]).await;
    assert_failed(answer);
    app.assert_alive(&tokens).await;
    // A sign-in as somebody else, in the same browser, is that somebody's session.
    let (flow, person) = (app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    let mixed = app.client().cookies(&[
        ("accessToken", &tokens.access),
        ("refreshToken", &tokens.refresh),
        ("oidcFlow", &flow.cookie),
    ]);
    let answer = assert_signed_in(mixed.get(&callback).await);
    let me = app.client().session_cookies(&answer.cookie_tokens()).me().await;
    assert_eq!(me["email"], json!(person.email));
    assert_eq!(user.me().await["auth_provider"], "local");
}
