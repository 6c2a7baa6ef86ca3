//! Security headers: Helmet's set on every answer of ours, errors included.

use serde_json::json;

use crate::support::{Answer, App, PASSWORD, Route, unknown_id};

const HEADERS: [(&str, &str); 12] = [
    (
        "content-security-policy",
        "default-src 'self';style-src 'self' 'unsafe-inline';script-src 'self';img-src 'self' data: https:;\
         connect-src 'self';font-src 'self';object-src 'none';media-src 'self';frame-src 'none';base-uri 'self';\
         form-action 'self';frame-ancestors 'self';script-src-attr 'none';upgrade-insecure-requests",
    ),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    ("cross-origin-opener-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("x-xss-protection", "0"),
];

#[track_caller]
fn assert_guards(answer: &Answer) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), Some(value), "{name}\n{answer}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    for name in ["server", "x-powered-by", "cross-origin-embedder-policy"] {
        assert_eq!(answer.header(name), None, "{name}\n{answer}");
    }
    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{answer}");
}

#[track_caller]
fn assert_guarded(answer: &Answer) {
    assert_guards(answer);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"), "{answer}");
}

#[tokio::test]
async fn successes_carry_them() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    for answer in [
        app.client().login(&user.email, PASSWORD).await.expect(200),
        user.get("/api/user/me").await.expect(200),
        user.post("/api/tasks", json!({"title": "Feed the cat"})).await.expect(201),
        user.get("/api/tasks").await.expect(200),
        user.get("/api/reminders").await.expect(200),
        user.get("/api/notifications").await.expect(200),
        user.complete(&task).await,
        user.delete_task(&task).await.expect(200),
        user.call("POST", "/api/auth/logout").await.expect(200),
        app.client().get("/health").await.expect(200),
    ] {
        assert_guarded(&answer);
    }
}

#[tokio::test]
async fn every_route_s_refusal_carries_them() {
    let app = App::new();
    for route in Route::signed_in() {
        assert_guarded(&route.bare_call(&app.client()).await.expect(401));
    }
    for route in Route::with_json() {
        let user = app.user().await;
        let call = || user.call(route.method, &route.path_of(&unknown_id()));
        assert_guarded(&call().body("application/json", "{").await.expect(400));
        assert_guarded(&call().body("text/plain", "x").await.expect(415));
        assert_guarded(&call().body("application/json", "x".repeat(300_000)).await.expect(413));
    }
}

#[tokio::test]
async fn every_kind_of_error_carries_them() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let throttled = app.client();
    for _ in 0..5 {
        throttled.login(&user.email, "Wrong-Pass-1").await.expect(401);
    }
    for answer in [
        user.post("/api/tasks", json!({})).await.expect(400),
        user.get("/api/tasks?cursor=x").await.expect(400),
        app.client().bearer("rubbish").get("/api/tasks").await.expect(401),
        user.post("/api/tasks", json!({"title": "Forged"})).header("origin", "https://evil.example").await.expect(403),
        user.get(&format!("/api/tasks/{}", unknown_id())).await.expect(404),
        user.get("/api/nothing").await.expect(404),
        user.call("PATCH", "/api/tasks").await.expect(405),
        user.update_task(&task, json!({"title": "Stale"})).if_match("\"x\"").await.expect(412),
        throttled.login(&user.email, PASSWORD).await.expect(429),
    ] {
        assert_guarded(&answer);
    }
}

#[tokio::test]
async fn redirects_and_pages_carry_them() {
    let client = App::new().client();
    assert_guards(&client.get("/api/auth/google").await.expect(302));
    assert_guards(&client.get("/api/auth/google/callback").await.expect(302));
    for path in ["/api/unsubscribe?token=x", "/api/act?token=x"] {
        let page = client.get(path).await.expect(400);
        assert_guards(&page);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
    }
}

#[tokio::test]
async fn each_answer_has_a_request_id_of_its_own() {
    let client = App::new().client();
    let (one, other) = (client.get("/api/tasks").await, client.get("/api/tasks").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    assert_eq!(one.json()["requestId"].as_str(), one.header("x-request-id"), "body and header tell the same\n{one}");
}
