//! Everything that is no route.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{App, unknown_id};

#[tokio::test]
async fn an_unknown_route_is_404_for_anyone() {
    let app = App::new();
    let user = app.user().await;
    let id = unknown_id();
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/task",
        "/api/auth",
        "/api/auth/login/now",
        "/api/user/you",
        "/api/v2/tasks",
        "/tasks",
        "/.env",
        "/api/tasks/%2e%2e/%2e%2e/etc/passwd",
        &format!("/api/tasks/{id}/nothing"),
        &format!("/api/tasks/{id}/reminders/{id}"),
    ] {
        for client in [app.client(), user.clone()] {
            client.get(path).await.expect_error(404, "ROUTE_NOT_FOUND").saying("Route not found");
        }
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = app.client().call(method, "/api/nothing").json(&json!({})).await;
        answer.expect_error(404, "ROUTE_NOT_FOUND").saying("Route not found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_right_ones() {
    let app = App::new();
    let id = unknown_id();
    let task = format!("/api/tasks/{id}");
    let reminder = format!("/api/reminders/{id}");
    let session = format!("/api/user/sessions/{id}");
    let cases: [(&str, &str, &[&str]); 18] = [
        ("GET", "/api/auth/register", &["POST"]),
        ("DELETE", "/api/auth/login", &["POST"]),
        ("GET", "/api/auth/logout", &["POST"]),
        ("GET", "/api/auth/refresh", &["POST"]),
        ("GET", "/api/auth/verify-otp", &["POST"]),
        ("POST", "/api/auth/google", &["GET"]),
        ("POST", "/api/auth/google/callback", &["GET"]),
        ("PUT", "/api/user/me", &["GET", "PATCH", "DELETE"]),
        ("DELETE", "/api/user/export", &["GET", "POST"]),
        ("POST", "/api/user/sessions", &["GET", "DELETE"]),
        ("GET", &session, &["DELETE"]),
        ("PUT", "/api/tasks", &["GET", "POST"]),
        ("DELETE", "/api/tasks", &["GET", "POST"]),
        ("POST", &task, &["GET", "PUT", "DELETE"]),
        ("PATCH", &task, &["GET", "PUT", "DELETE"]),
        ("PATCH", "/api/reminders", &["GET", "POST"]),
        ("GET", &reminder, &["PUT", "DELETE"]),
        ("POST", "/health", &["GET"]),
    ];
    for (method, path, allowed) in cases {
        let answer = app.client().call(method, path).await.expect_error(405, "METHOD_NOT_ALLOWED");
        let allow = answer.header("allow").unwrap_or_else(|| panic!("expected Allow\n{answer}"));
        let told: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
        assert_eq!(told, allowed.iter().copied().collect(), "{method} {path}");
    }
}
