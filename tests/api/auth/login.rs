//! `POST /api/auth/login`

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Answer, App, PASSWORD, id, names, unique_email};

const PATH: &str = "/api/auth/login";

#[tokio::test]
async fn a_login_tells_who_signed_in() {
    let app = App::new();
    let user = app.user().await;
    let answer = app.client().login(&user.email, PASSWORD).await.expect(200).saying("Login successful");
    assert_eq!(names(answer.data()), ["user"], "no tokens in a body that a page's scripts can read");
    let told = &answer.data()["user"];
    assert_eq!(names(told), ["email", "id", "is_two_factor_enabled", "name"]);
    assert_eq!(id(told), user.id);
    assert_eq!(told["name"], user.name.as_str());
    assert_eq!(told["email"], user.email.as_str());
    assert_eq!(told["is_two_factor_enabled"], false);
}

#[tokio::test]
pub(crate) async fn cookies_have_exactly_their_attributes() {
    let app = App::new();
    let user = app.user().await;
    let body = |remember: Value| json!({"email": user.email, "password": PASSWORD, "rememberMe": remember});
    for (body, refresh_age) in [
        (json!({"email": user.email, "password": PASSWORD}), 604_800),
        (body(json!(false)), 604_800),
        (body(json!(null)), 604_800),
        (body(json!(true)), 2_592_000),
    ] {
        let answer = app.client().post(PATH, body).await.expect(200);
        assert_eq!(answer.cookies_set(), 2, "{answer}");
        assert_cookie(&answer, "accessToken", 900);
        assert_cookie(&answer, "refreshToken", refresh_age);
    }
}

#[tokio::test]
async fn the_cookies_sign_in() {
    let app = App::new();
    let user = app.user().await;
    let answer = app.client().login(&user.email, PASSWORD).await.expect(200);
    let value = |name: &str| answer.set_cookie(name).expect("a cookie").value;
    let (access, refresh) = (value("accessToken"), value("refreshToken"));
    let browser = app.client().cookies(&[("theme", "dark"), ("accessToken", &access), ("refreshToken", &refresh)]);
    let me = browser.get("/api/user/me").await.expect(200);
    assert_eq!(me.data()["user"]["id"], user.id.as_str());
}

#[tokio::test]
async fn tokens_come_in_the_body_for_a_client_that_asks_for_them_there() {
    let app = App::new();
    let user = app.user().await;
    let answer = app.client().login(&user.email, PASSWORD).header("x-token-delivery", "body").await.expect(200);
    assert_eq!(answer.cookies_set(), 0, "instead of cookies: {answer}");
    let tokens = &answer.data()["tokens"];
    assert_eq!(names(tokens), ["accessToken", "expiresIn", "refreshToken"]);
    assert_eq!(tokens["expiresIn"], 900);
    assert_eq!(answer.data()["user"]["id"], user.id.as_str());
    let access = tokens["accessToken"].as_str().expect("a token");
    app.client().bearer(access).get("/api/user/me").await.expect(200);
    app.client().with_header("authorization", &format!("bearer {access}")).get("/api/user/me").await.expect(200);
}

#[tokio::test]
async fn an_access_token_says_what_the_product_promises() {
    let user = App::new().user().await;
    let (header, claims) = decode(&user.tokens.access);
    assert_eq!(header["alg"], "HS256");
    assert!(header["kid"].as_str().is_some_and(|kid| !kid.is_empty()), "{header}");
    assert_eq!(names(&claims), ["aud", "email", "exp", "iat", "iss", "sid", "sub", "typ"]);
    assert_eq!(claims["sub"], user.id.as_str());
    assert_eq!(claims["email"], user.email.as_str());
    assert_eq!(lifetime(&claims), 900);
}

#[tokio::test]
async fn a_refresh_token_lives_for_a_week_or_a_month_if_remembered() {
    let app = App::new();
    let user = app.user().await;
    let (header, claims) = decode(&user.tokens.refresh);
    assert_eq!(header["alg"], "HS256");
    assert_eq!(lifetime(&claims), 604_800);
    assert_ne!(claims["typ"], decode(&user.tokens.access).1["typ"]);
    let body = json!({"email": user.email, "password": PASSWORD, "rememberMe": true});
    let answer = app.client().post(PATH, body).await.expect(200);
    let remembered = answer.set_cookie("refreshToken").expect("a cookie").value;
    assert_eq!(lifetime(&decode(&remembered).1), 2_592_000);
}

#[tokio::test]
pub(crate) async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let app = App::new();
    let user = app.user().await;
    let wrong = app.client().login(&user.email, "Wrong-Pass-1").await;
    let unknown = app.client().login(&unique_email(), "Wrong-Pass-1").await;
    let seen = |answer: Answer| {
        let answer = answer.expect_error(401, "INVALID_CREDENTIALS").saying("Invalid credentials");
        assert_eq!(answer.cookies_set(), 0);
        let mut body = answer.json().clone();
        body["requestId"] = json!(null);
        let headers: Vec<_> = ["content-type", "content-length", "www-authenticate", "ratelimit-remaining"]
            .map(|name| answer.header(name).map(str::to_owned))
            .into();
        (body, headers)
    };
    assert_eq!(seen(wrong), seen(unknown));
}

#[tokio::test]
async fn a_password_is_compared_exactly_but_for_its_unicode_form() {
    let app = App::new();
    let email = unique_email();
    app.client().register("Asha Rao", &email, "Pässwörd-1").await.expect(201);
    for wrong in ["pässwörd-1", "Passwörd-1", " Pässwörd-1", "Pässwörd-1 ", "Pässwörd-"] {
        app.client().login(&email, wrong).await.expect_error(401, "INVALID_CREDENTIALS");
    }
    app.client().login(&email, "Pa\u{308}sswo\u{308}rd-1").await.expect(200);
}

#[tokio::test]
pub(crate) async fn every_bad_field_is_named() {
    let app = App::new();
    let cases: [(Value, &[&str]); 8] = [
        (json!({}), &["email", "password"]),
        (json!({"email": "asha@example.com"}), &["password"]),
        (json!({"password": PASSWORD}), &["email"]),
        (json!({"email": null, "password": null}), &["email", "password"]),
        (json!({"email": {"$ne": null}, "password": {"$ne": null}}), &["email", "password"]),
        (json!({"email": {"$gt": ""}, "password": PASSWORD}), &["email"]),
        (json!({"email": ["asha@example.com"], "password": 12345678}), &["email", "password"]),
        (json!({"email": "asha@example.com", "password": PASSWORD, "rememberMe": "yes"}), &["rememberMe"]),
    ];
    for (body, fields) in cases {
        let answer = app.client().post(PATH, body).await.expect_invalid(fields);
        assert_eq!(answer.cookies_set(), 0);
    }
}

#[tokio::test]
async fn an_eleventh_session_ends_the_oldest() {
    let app = App::new();
    // The user's own session is the first.
    let user = app.user().await;
    let mut devices = Vec::new();
    for _ in 0..9 {
        devices.push(app.another_device(&user).await.0);
    }
    user.task("Ten sessions live side by side").await;
    app.another_device(&user).await;
    user.post("/api/tasks", json!({"title": "One too many"})).await.expect_unauthorized();
    for device in devices {
        device.task("The others go on").await;
    }
}

#[track_caller]
fn assert_cookie(answer: &Answer, name: &str, max_age: u32) {
    let cookie = answer.set_cookie(name).unwrap_or_else(|| panic!("expected the cookie {name}\n{answer}"));
    let max_age = format!("Max-Age={max_age}");
    assert_eq!(cookie.attributes, ["HttpOnly", &max_age, "Path=/", "SameSite=Lax"], "{name}");
    assert_eq!(cookie.value.split('.').count(), 3, "{name} is a JWT");
}

/// A token's header and claims.
fn decode(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

fn lifetime(claims: &Value) -> i64 {
    claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat")
}
