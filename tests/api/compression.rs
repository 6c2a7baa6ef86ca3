//! Answers beyond a kilobyte are compressed for clients that say they understand it.

use serde_json::json;

use crate::support::{Answer, App, PASSWORD, User};

/// A user whose list is longer than a kilobyte.
async fn with_tasks() -> User {
    let user = App::new().user().await;
    for n in 0..5 {
        user.post("/api/tasks", json!({"title": format!("Water the ferns, round {n}")})).await.expect(201);
    }
    user
}

async fn list(user: &User, accept: &str) -> Answer {
    user.get("/api/tasks").header("accept-encoding", accept).await.expect(200)
}

#[tokio::test]
async fn a_long_answer_is_compressed_as_the_client_likes_it_and_says_the_same() {
    let user = with_tasks().await;
    let plain = user.get("/api/tasks").await.expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    for (accept, coding) in
        [("gzip", "gzip"), ("gzip, deflate, br", "br"), ("br;q=0, gzip;q=0.1, *;q=0", "gzip"), ("*, br;q=0", "gzip")]
    {
        let answer = list(&user, accept).await;
        assert_eq!(answer.header("content-encoding"), Some(coding), "{accept}");
        assert_eq!(answer.json(), plain.json(), "{accept}");
        assert!(answer.length * 2 < plain.length, "{} of {} bytes", answer.length, plain.length);
    }
    for accept in ["identity", "br;q=0", "zstd"] {
        assert_eq!(list(&user, accept).await.header("content-encoding"), None, "{accept}");
    }
}

#[tokio::test]
async fn caches_are_told_that_answers_differ_by_coding() {
    let user = with_tasks().await;
    for answer in [list(&user, "br").await, user.get("/api/tasks").await] {
        let vary = answer.every_header("vary").join(",").to_lowercase();
        assert!(vary.contains("accept-encoding"), "{vary}");
    }
}

#[tokio::test]
async fn a_short_answer_goes_out_as_it_is() {
    let user = App::new().user().await;
    let answer = user.get("/api/notifications/count").header("accept-encoding", "br").await.expect(200);
    assert_eq!(answer.header("content-encoding"), None);
    for refusing in ["br, identity;q=0", "br, *;q=0"] {
        let answer = user.get("/api/notifications/count").header("accept-encoding", refusing).await.expect(200);
        assert_eq!(answer.header("content-encoding"), Some("br"), "{refusing}");
    }
}

#[tokio::test]
async fn tokens_in_a_body_are_not_compressed() {
    let app = App::new();
    let user = app.user_named(&"x".repeat(255)).await;
    let login = app.client().login(&user.email, PASSWORD).header("x-token-delivery", "body");
    let answer = login.header("accept-encoding", "br, gzip").await.expect(200);
    assert!(answer.length > 1024, "{}", answer.length);
    assert_eq!(answer.header("content-encoding"), None);
}

#[tokio::test]
async fn errors_are_compressed_too() {
    let user = App::new().user().await;
    let query: String = (0..30).map(|n| format!("&parameter{n}=1&parameter{n}=2")).collect();
    let answer = user.get(&format!("/api/tasks?x=1{query}")).header("accept-encoding", "br").await;
    let answer = answer.expect_error(400, "VALIDATION_FAILED");
    assert_eq!(answer.header("content-encoding"), Some("br"));
}
