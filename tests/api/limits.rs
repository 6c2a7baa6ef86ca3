//! Rate limits: what counts, for whom, and headers that describe the client's status.

use serde_json::{Value, json};

use crate::support::{Answer, App, Client, PASSWORD, at_once, unique_email, unknown_id};

/// Failed sign-ins of one address in a window.
const LIMIT: usize = 5;
const WINDOW: u64 = 900;

async fn fail(client: &Client, email: &str) {
    client.login(email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
}

#[track_caller]
fn number(answer: &Answer, name: &str) -> u64 {
    let text = answer.header(name).unwrap_or_else(|| panic!("expected {name}\n{answer}"));
    text.parse().unwrap_or_else(|_| panic!("{name} must be a number\n{answer}"))
}

#[track_caller]
fn assert_too_many(answer: Answer) {
    let answer = answer.expect_error(429, "TOO_MANY_REQUESTS");
    assert!((1..=2 * WINDOW).contains(&number(&answer, "retry-after")), "{answer}");
    assert_eq!(number(&answer, "ratelimit-limit"), LIMIT as u64);
    assert_eq!(number(&answer, "ratelimit-remaining"), 0);
    assert!((1..=WINDOW).contains(&number(&answer, "ratelimit-reset")), "{answer}");
    assert_eq!(answer.header("ratelimit-policy"), Some("5;w=900"));
    assert_eq!(answer.cookies_set(), 0);
}

#[tokio::test]
async fn after_five_failed_logins_an_address_waits() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for left in (0..LIMIT as u64).rev() {
        let answer = client.login(&user.email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
        assert_eq!(number(&answer, "ratelimit-limit"), LIMIT as u64);
        assert!(number(&answer, "ratelimit-remaining") <= left, "{answer}");
        assert_eq!(answer.header("ratelimit-policy"), Some("5;w=900"));
        assert_eq!(answer.header("retry-after"), None);
    }
    assert_too_many(client.login(&user.email, "Wrong-Pass-1").await);
    assert_too_many(client.login(&user.email, PASSWORD).await);
    assert_too_many(client.login(&unique_email(), PASSWORD).await);
}

#[tokio::test]
async fn another_address_is_not_affected() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for _ in 0..LIMIT {
        fail(&client, &user.email).await;
    }
    assert_too_many(client.login(&user.email, PASSWORD).await);
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
pub(crate) async fn fifty_guesses_at_once_try_five_passwords_at_most() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    let answers = at_once((0..50).map(|n| client.login(&user.email, &format!("Wrong-Pass-{n}")))).await;
    let (tried, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 401);
    assert!((1..=LIMIT).contains(&tried.len()), "{} passwords were tried", tried.len());
    for answer in refused {
        assert_too_many(answer);
    }
    assert_too_many(client.login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn the_right_password_among_guesses_is_no_way_around() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for _ in 0..LIMIT {
        fail(&client, &user.email).await;
    }
    let answers = at_once((0..10).map(|_| client.login(&user.email, PASSWORD))).await;
    for answer in answers {
        assert_too_many(answer);
    }
}

#[tokio::test]
async fn successes_do_not_count() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for _ in 0..LIMIT + 3 {
        client.login(&user.email, PASSWORD).await.expect(200);
    }
    for _ in 0..LIMIT {
        fail(&client, &user.email).await;
    }
    assert_too_many(client.login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn a_success_does_not_clear_earlier_failures() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for _ in 0..LIMIT - 1 {
        fail(&client, &user.email).await;
    }
    client.login(&user.email, PASSWORD).await.expect(200);
    fail(&client, &user.email).await;
    assert_too_many(client.login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn logins_and_registrations_share_one_counter() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for _ in 0..3 {
        fail(&client, &user.email).await;
    }
    for _ in 0..2 {
        client.register("Mallory", &user.email, PASSWORD).await.expect_error(400, "USER_EXISTS");
    }
    assert_too_many(client.register("Mallory", &unique_email(), PASSWORD).await);
    assert_too_many(client.login(&user.email, PASSWORD).await);
}

/// Bodies that do not validate, and the routes that they are sent to.
fn invalid_forms() -> [(&'static str, Value); 4] {
    [
        ("/api/auth/login", json!({"email": "asha@example.com"})),
        ("/api/auth/register", json!({"name": "A", "email": "asha", "password": "weak"})),
        ("/api/auth/verify-otp", json!({"email": "asha@example.com", "otp": "12345", "challengeId": unknown_id()})),
        ("/api/auth/reset-password", json!({"token": "", "password": "weak"})),
    ]
}

#[tokio::test]
async fn a_form_that_does_not_validate_is_no_failure() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let client = &challenge.client;
    for (path, body) in invalid_forms() {
        for _ in 0..LIMIT + 1 {
            client.post(path, body.clone()).await.expect_error(400, "VALIDATION_FAILED");
            client.call("POST", path).body("application/json", "{").await.expect_error(400, "MALFORMED_JSON");
            client.call("POST", path).body("text/plain", "x").await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    challenge.verify(&challenge.code).await.expect(200);
    client.register("Asha Rao", &unique_email(), PASSWORD).await.expect(201);
    for _ in 0..LIMIT {
        fail(client, &user.email).await;
    }
    // Even then it is the form that is refused.
    let (path, body) = &invalid_forms()[0];
    client.post(path, body.clone()).await.expect_error(400, "VALIDATION_FAILED");
    assert_too_many(client.login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn signing_in_is_counted_by_address_whoever_is_signed_in_there() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    // Accounts are free: if each had five guesses, an address would have as many as it likes.
    for _ in 0..LIMIT {
        let neighbour = app.neighbour(&client).await;
        neighbour.login(&user.email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
    }
    let neighbour = app.neighbour(&client).await;
    assert_too_many(neighbour.login(&user.email, PASSWORD).await);
    assert_too_many(client.login(&user.email, PASSWORD).await);
}

#[tokio::test]
async fn an_address_may_register_ten_accounts_an_hour() {
    let app = App::new();
    let client = app.client();
    for n in 0..10 {
        let (email, key) = (unique_email(), unique_email());
        let register = || client.register("Asha Rao", &email, PASSWORD).header("idempotency-key", key.clone());
        register().await.expect(201);
        if n < 9 {
            // Sent again, it creates no other account. The limit is reserved first, so not once it is used up.
            register().await.expect(201);
        }
        if n < 4 {
            client.register("Mallory", &email, PASSWORD).await.expect_error(400, "USER_EXISTS");
        }
    }
    let refused = client.register("Asha Rao", &unique_email(), PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    assert_eq!(refused.header("ratelimit-policy"), Some("10;w=3600"), "{refused}");
    assert!((1..=2 * 3600).contains(&number(&refused, "retry-after")), "{refused}");
    let user = app.user().await;
    client.login(&user.email, PASSWORD).await.expect(200);
    app.client().register("Asha Rao", &unique_email(), PASSWORD).await.expect(201);
}

#[tokio::test]
async fn an_account_is_one_client_wherever_it_calls_from() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    let (device, tokens) = app.another_device(&user).await;
    let refresh_only = app.client().cookies(&[("refreshToken", &tokens.refresh)]);
    let mut remaining = Vec::new();
    for client in [&*user, &browser, &device, &refresh_only] {
        remaining.push(number(&client.get("/api/user/me").await.expect(200), "ratelimit-remaining"));
    }
    assert!(remaining.windows(2).all(|pair| pair[1] < pair[0]), "{remaining:?}");
    let stranger = user.signed_out().get("/api/user/me").await.expect(401);
    let neighbour = app.neighbour(&user).await.get("/api/user/me").await.expect(200);
    for answer in [stranger, neighbour] {
        let (limit, remaining) = (number(&answer, "ratelimit-limit"), number(&answer, "ratelimit-remaining"));
        assert!(remaining + 4 > limit, "a counter of its own\n{answer}");
    }
}

#[tokio::test]
pub(crate) async fn a_header_makes_no_other_client() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for n in 0..LIMIT {
        let login = client.login(&user.email, "Wrong-Pass-1").header("x-forwarded-for", format!("198.51.100.{n}"));
        login.await.expect_error(401, "INVALID_CREDENTIALS");
    }
    for name in ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip", "x-client-ip"] {
        let value = if name == "forwarded" { "for=198.51.100.99" } else { "198.51.100.99" };
        assert_too_many(client.login(&user.email, PASSWORD).header(name, value).await);
    }
}

#[tokio::test]
async fn who_is_waiting_to_sign_in_may_go_on_where_they_are_signed_in() {
    let app = App::new();
    let user = app.user().await;
    for _ in 0..LIMIT {
        fail(&user, &user.email).await;
    }
    assert_too_many(user.login(&user.email, PASSWORD).await);
    user.task("Water the ferns").await;
    assert_eq!(user.tasks(&[]).await.len(), 1);
}

#[tokio::test]
async fn every_answer_tells_how_the_client_stands() {
    let app = App::new();
    let user = app.user().await;
    let mut before = None;
    for answer in [
        user.get("/api/tasks").await.expect(200),
        user.post("/api/tasks", serde_json::json!({"title": "Counted"})).await.expect(201),
        user.post("/api/tasks", serde_json::json!({})).await.expect(400),
        user.get("/api/nothing").await.expect(404),
        user.call("PATCH", "/api/tasks").await.expect(405),
        user.get("/api/user/me").await.expect(200),
    ] {
        let (limit, remaining) = (number(&answer, "ratelimit-limit"), number(&answer, "ratelimit-remaining"));
        assert!((1..=WINDOW).contains(&number(&answer, "ratelimit-reset")), "{answer}");
        assert_eq!(answer.header("ratelimit-policy"), Some(format!("{limit};w=900").as_str()));
        assert!(remaining < limit, "this request counts\n{answer}");
        assert!(before.is_none_or(|before| remaining < before), "each request counts\n{answer}");
        before = Some(remaining);
    }
    let answer = app.client().get("/api/tasks").await.expect(401);
    assert!(number(&answer, "ratelimit-limit") > 0);
    let answer = app.client().bearer("forged").get("/api/tasks").await.expect(401);
    assert!(number(&answer, "ratelimit-limit") > 0);
}
