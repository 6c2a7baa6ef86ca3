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
        "/api/nothing/",
        "/api/tasks//",
        "//api/tasks/",
        "/api//tasks/",
        "/api/tasks%2F%2F",
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
        ("POST", "/api/auth/google", &["GET", "HEAD"]),
        ("POST", "/api/auth/google/callback", &["GET", "HEAD"]),
        ("PUT", "/api/user/me", &["GET", "HEAD", "PATCH", "DELETE"]),
        ("DELETE", "/api/user/export", &["GET", "HEAD", "POST"]),
        ("POST", "/api/user/sessions", &["GET", "HEAD", "DELETE"]),
        ("GET", &session, &["DELETE"]),
        ("PUT", "/api/tasks", &["GET", "HEAD", "POST"]),
        ("DELETE", "/api/tasks", &["GET", "HEAD", "POST"]),
        ("POST", &task, &["GET", "HEAD", "PUT", "DELETE"]),
        ("PATCH", &task, &["GET", "HEAD", "PUT", "DELETE"]),
        ("PATCH", "/api/reminders", &["GET", "HEAD", "POST"]),
        ("GET", &reminder, &["PUT", "DELETE"]),
        ("POST", "/health", &["GET", "HEAD"]),
    ];
    for (method, path, allowed) in cases {
        let answer = app.client().call(method, path).await.expect_error(405, "METHOD_NOT_ALLOWED");
        let allow = answer.header("allow").unwrap_or_else(|| panic!("expected Allow\n{answer}"));
        let told: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
        assert_eq!(told, allowed.iter().copied().collect(), "{method} {path}");
    }
}

#[tokio::test]
async fn a_slash_too_many_is_redirected_from_with_its_query_and_for_every_method() {
    let app = App::new();
    let id = unknown_id();
    for (method, path, location) in [
        ("GET", "/api/tasks/", "/api/tasks".to_owned()),
        ("HEAD", "/health/", "/health".to_owned()),
        ("POST", "/api/auth/login/", "/api/auth/login".to_owned()),
        ("PATCH", "/api/auth/login/", "/api/auth/login".to_owned()),
        ("DELETE", &format!("/api/tasks/{id}/"), format!("/api/tasks/{id}")),
        (
            "GET",
            "/api/tasks/?q=a%20b&sort=-dueDate&x=%22%0d%0a",
            "/api/tasks?q=a%20b&sort=-dueDate&x=%22%0d%0a".to_owned(),
        ),
        ("GET", "/api/tasks/a%0d%0aset-cookie:%20x=y%3f%23/", "/api/tasks/a%0D%0Aset-cookie:%20x=y%3F%23".to_owned()),
        ("GET", "/api/tasks/%C3%A9/", "/api/tasks/%C3%A9".to_owned()),
    ] {
        let answer = app.client().call(method, path).await.expect(308);
        assert_eq!(answer.header("location"), Some(format!("{}{location}", app.base_url()).as_str()), "{answer}");
        assert_eq!(answer.cookies_set(), 0, "{answer}");
        assert!(answer.header("ratelimit-limit").is_some(), "it counts: {answer}");
    }
}

#[tokio::test]
async fn no_path_redirects_elsewhere_or_comes_back() {
    let client = App::new().client();
    for path in
        ["//evil.example/", "//evil.example//", "/%2F/evil.example/", "/%5C%5Cevil.example/", "/https://evil.example/"]
    {
        let answer = client.get(path).await.expect_error(404, "ROUTE_NOT_FOUND");
        assert_eq!(answer.header("location"), None, "{answer}");
        let echoes = answer.all_headers().values().any(|value| value.contains("evil.example"));
        assert!(!echoes && !answer.body().contains("evil.example"), "{answer}");
    }
}
