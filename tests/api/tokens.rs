//! Tokens that are none of ours, or not for this.
//!
//! The keys are unknown here: what can be made is made from real tokens. Tokens that are signed with the real keys
//! and wrong in one thing only are rows of `attacks`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::support::jwt::{Jwt, encode};
use crate::support::{App, Client, Route, User, each};

/// Every token that must not open a thing, by what is wrong with it. `other` is who the attacker would like to be.
fn bad_tokens(user: &User, other: &User) -> Vec<(&'static str, String)> {
    let real = &user.tokens.access;
    let parts = Jwt::of(real);
    let others = Jwt::of(&other.tokens.access);
    let [header, claims, signature] = &parts.raw;
    let unsigned = |algorithm: &str| encode(&json!({"alg": algorithm, "typ": "JWT", "kid": parts.header["kid"]}));
    let mut tokens = vec![
        ("empty", String::new()),
        ("garbage", "garbage".to_owned()),
        ("three parts of garbage", "a.b.c".to_owned()),
        ("no signature", format!("{header}.{claims}.")),
        ("two parts", format!("{header}.{claims}")),
        ("four parts", format!("{real}.{signature}")),
        ("a signature of zeros", format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 32]))),
        ("another token's signature", format!("{header}.{claims}.{}", others.raw[2])),
        ("another's id", parts.with_claim("sub", json!(other.id))),
        ("another session", parts.with_claim("sid", others.claims["sid"].clone())),
        ("a later end", parts.with_claim("exp", json!(4_000_000_000_u32))),
        ("already over", parts.with_claim("exp", json!(1_600_000_000))),
        ("another issuer", parts.with_claim("iss", json!("https://evil.example"))),
        ("another audience", parts.with_claim("aud", json!("evil"))),
        ("another type", parts.with_claim("typ", json!("admin"))),
        ("an unknown key", parts.with_header("kid", json!("99"))),
        ("a key that is a path", parts.with_header("kid", json!("../../../../dev/null"))),
        ("a key that is an object", parts.with_header("kid", json!({"$ne": null}))),
        ("no key", parts.with_header("kid", json!(null))),
        ("a key of its own", parts.with_header("jwk", json!({"kty": "oct", "k": "AAAA"}))),
        ("the refresh token", user.tokens.refresh.clone()),
        ("signed with an empty key", parts.signed_with(Algorithm::HS256, b"")),
        ("signed with a guessed key", parts.signed_with(Algorithm::HS256, b"secret")),
        ("HS384", parts.signed_with(Algorithm::HS384, b"secret")),
        ("HS512", parts.signed_with(Algorithm::HS512, b"secret")),
        ("far too long", "a".repeat(6000)),
    ];
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        tokens.push(("no algorithm", format!("{}.{claims}.", unsigned(algorithm))));
        tokens.push(("no algorithm, signed", format!("{}.{claims}.{signature}", unsigned(algorithm))));
    }
    for algorithm in ["RS256", "ES256", "EdDSA", "HS999"] {
        tokens.push(("another algorithm named", parts.with_header("alg", json!(algorithm))));
    }
    tokens
}

/// A client whose token is bad neither reads nor writes.
pub(crate) async fn assert_refused(client: &Client, what: &str) {
    let answer = client.get("/api/user/me").await;
    assert_eq!(answer.status(), 401, "{what}\n{answer}");
    let answer = answer.expect_unauthorized();
    assert_eq!(answer.cookies_set(), 0, "{what}\n{answer}");
    let answer = client.post("/api/tasks", json!({"title": "Forged"})).await;
    assert_eq!(answer.status(), 401, "{what}\n{answer}");
}

#[tokio::test]
pub(crate) async fn a_token_that_is_not_ours_opens_nothing_as_bearer() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    for (what, token) in bad_tokens(&user, &other) {
        assert_refused(&app.client().bearer(&token), what).await;
    }
    assert!(user.tasks(&[]).await.is_empty() && other.tasks(&[]).await.is_empty());
}

#[tokio::test]
pub(crate) async fn a_token_that_is_not_ours_opens_nothing_as_access_cookie() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    for (what, token) in bad_tokens(&user, &other) {
        assert_refused(&app.client().cookies(&[("accessToken", &token)]), what).await;
    }
    assert!(user.tasks(&[]).await.is_empty() && other.tasks(&[]).await.is_empty());
}

#[tokio::test]
pub(crate) async fn a_token_that_is_not_ours_opens_nothing_as_refresh_cookie() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let refresh = Jwt::of(&user.tokens.refresh);
    let mut tokens = bad_tokens(&user, &other);
    // Here it is the access token that is of the wrong type.
    tokens.retain(|(_, token)| *token != user.tokens.refresh);
    tokens.push(("the access token", user.tokens.access.clone()));
    tokens.push(("another's id", refresh.with_claim("sub", json!(other.id))));
    tokens.push(("a later end", refresh.with_claim("exp", json!(4_000_000_000_u32))));
    tokens.push(("signed with a guessed key", refresh.signed_with(Algorithm::HS256, b"secret")));
    for (what, token) in tokens {
        assert_refused(&app.client().cookies(&[("refreshToken", &token)]), what).await;
    }
    assert!(user.tasks(&[]).await.is_empty() && other.tasks(&[]).await.is_empty());
}

#[tokio::test]
pub(crate) async fn every_signed_in_route_refuses_forged_tokens() {
    let app = App::new();
    let user = app.user().await;
    let parts = Jwt::of(&user.tokens.access);
    let none = encode(&json!({"alg": "none", "typ": "JWT", "kid": parts.header["kid"]}));
    for (what, token) in [
        ("none", format!("{none}.{}.", parts.raw[1])),
        ("a guessed key", parts.signed_with(Algorithm::HS256, b"secret")),
        ("already over", parts.with_claim("exp", json!(1_600_000_000))),
        ("the refresh token", user.tokens.refresh.clone()),
    ] {
        for route in Route::signed_in() {
            let answer = route.call(&app.client().bearer(&token)).await;
            assert_eq!(answer.status(), 401, "{what}\n{answer}");
            answer.expect_unauthorized();
        }
    }
}

#[tokio::test]
async fn only_the_scheme_bearer_and_the_right_cookie_carry_a_token() {
    let app = App::new();
    let user = app.user().await;
    let token = &user.tokens.access;
    for header in [
        token.clone(),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer{token}"),
        "Bearer".to_owned(),
    ] {
        assert_refused(&app.client().with_header("authorization", &header), &header).await;
    }
    for name in ["AccessToken", "access_token", "token", "__Host-accessToken", "accessToken2"] {
        assert_refused(&app.client().cookies(&[(name, token)]), name).await;
    }
    let answer = app.client().get(&format!("/api/user/me?accessToken={token}&access_token={token}")).await;
    answer.expect_unauthorized();
}

#[tokio::test]
async fn a_token_opens_its_own_user_s_things_and_no_other_s() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    one.task("One's").await;
    other.task("Other's").await;
    // Both tokens in one request: the answer is one user's, whole.
    let both = one.cookies(&[("accessToken", &other.tokens.access)]);
    let tasks = both.tasks(&[]).await;
    assert_eq!(each(&tasks, "title"), ["One's"], "a Bearer token is what the client chose to send");
}
