//! Cross-origin sharing: the app's origin may read answers and send cookies, no other may.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Answer, App, FRONTEND, Route, unknown_id};

const STRANGERS: [&str; 5] = [
    "https://evil.example",
    "null",
    "http://localhost:80801",
    "https://localhost:8080",
    "http://localhost:8080.evil.example",
];

#[track_caller]
fn assert_shared(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONTEND), "{answer}");
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{answer}");
}

#[track_caller]
fn assert_not_shared(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), None, "{answer}");
}

/// The words of a list header, in lower case. Such a header may be there more than once.
fn words(answer: &Answer, name: &str) -> BTreeSet<String> {
    let lists = answer.every_header(name);
    let words = lists.iter().flat_map(|list| list.split(',')).map(|word| word.trim().to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

#[tokio::test]
async fn a_preflight_from_the_app_passes() {
    let client = App::new().client();
    for route in Route::ALL {
        let answer = client
            .call("OPTIONS", &route.path_of(&unknown_id()))
            .header("origin", FRONTEND)
            .header("access-control-request-method", route.method)
            .header("access-control-request-headers", "authorization,content-type,idempotency-key,if-match")
            .await;
        assert!(answer.status() == 200 || answer.status() == 204, "{answer}");
        assert_shared(&answer);
        let methods = words(&answer, "access-control-allow-methods");
        for method in ["get", "post", "put", "delete", "patch", "options"] {
            assert!(methods.contains(method), "{method} in {methods:?}");
        }
        let headers = words(&answer, "access-control-allow-headers");
        for header in ["authorization", "content-type", "idempotency-key", "if-match"] {
            assert!(headers.contains(header), "{header} in {headers:?}");
        }
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
    }
}

#[tokio::test]
async fn a_preflight_from_elsewhere_does_not() {
    let client = App::new().client();
    for origin in STRANGERS {
        let answer = client
            .call("OPTIONS", "/api/tasks")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .await;
        assert_not_shared(&answer);
    }
}

#[tokio::test]
async fn the_app_may_read_answers_errors_included() {
    let app = App::new();
    let user = app.user().await;
    let page = user.with_header("origin", FRONTEND);
    let stranger = app.client().with_header("origin", FRONTEND);
    for answer in [
        page.get("/api/tasks").await.expect(200),
        page.post("/api/tasks", json!({"title": "From the app"})).await.expect(201),
        page.post("/api/tasks", json!({})).await.expect(400),
        page.get("/api/nothing").await.expect(404),
        page.call("PATCH", "/api/tasks").await.expect(405),
        stranger.get("/api/tasks").await.expect(401),
    ] {
        assert_shared(&answer);
        let exposed = words(&answer, "access-control-expose-headers");
        for header in [
            "etag",
            "location",
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
            "ratelimit-policy",
            "x-request-id",
        ] {
            assert!(exposed.contains(header), "{header} in {exposed:?}");
        }
    }
}

#[tokio::test]
pub(crate) async fn another_page_may_not_read_answers() {
    let user = App::new().user().await;
    for origin in STRANGERS {
        let answer = user.get("/api/tasks").header("origin", origin).await.expect(200);
        assert_not_shared(&answer);
    }
}

#[tokio::test]
async fn caches_are_told_that_answers_differ_by_origin() {
    let user = App::new().user().await;
    for answer in [user.get("/api/tasks").await, user.get("/api/tasks").header("origin", FRONTEND).await] {
        let vary = words(&answer.expect(200), "vary");
        assert!(vary.contains("origin"), "{vary:?}");
    }
}
