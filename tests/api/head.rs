//! `HEAD`, on every route that answers `GET`: the same status and headers, no body, and nothing used up.

use serde_json::json;

use crate::support::{Access, App, Client, Person, Route, Things, id, text};

/// What differs between two answers to the same request.
const OF_THE_ANSWER: [&str; 6] =
    ["apigw-requestid", "content-length", "date", "ratelimit-remaining", "ratelimit-reset", "x-request-id"];

/// Asks for both; the answers have the same status and headers.
async fn assert_same(client: &Client, path: &str) {
    let get = client.get(path).header("accept-encoding", "br").await;
    let head = client.call("HEAD", path).header("accept-encoding", "br").await;
    assert_eq!(head.status(), get.status(), "{path}\n{get}\n{head}");
    assert_eq!((head.body(), head.length), ("", 0), "{path}\n{head}");
    let [of_get, of_head] = [&get, &head].map(|answer| {
        let mut headers = answer.all_headers();
        headers.retain(|name, _| !OF_THE_ANSWER.contains(&name.as_str()));
        headers
    });
    assert_eq!(of_head, of_get, "{path}");
    let length: usize = head.header("content-length").expect("a length").parse().expect("a number");
    // Instants and random addresses in the body compress a little differently.
    assert!(length.abs_diff(get.length) < 20, "{path}: {length}, not {}", get.length);
}

#[tokio::test]
async fn it_is_answered_as_get_without_a_body() {
    let app = App::new();
    let user = app.user().await;
    let things = Things::of(&user).await;
    for route in Route::ALL.into_iter().filter(|route| route.method == "GET") {
        // Their answers hold what is random, or need what another test has.
        if route.path.starts_with("/api/auth/google") || route.path.starts_with("/api/attachments") {
            continue;
        }
        let path = route.path_of(if route.path.contains("{id}") { things.id_for(route) } else { "" });
        assert_same(&user, &path).await;
        if route.access == Access::SignedIn {
            assert_same(&app.client(), &path).await;
        }
    }
    for path in ["/health", "/", "/api/docs", "/api/openapi.json", "/api/unsubscribe?token=bad", "/api/act?token=bad"] {
        assert_same(&app.client(), path).await;
    }
    assert_same(&user, "/api/tasks/none").await;
    assert_same(&user, "/api/tasks?limit=none").await;
}

#[tokio::test]
async fn it_counts_as_get() {
    let user = App::new().user().await;
    let left = async |method| {
        let answer = user.call(method, "/api/tasks").await.expect(200);
        answer.header("ratelimit-remaining").expect("what is left").parse::<u32>().expect("a number")
    };
    let before = left("GET").await;
    assert_eq!([left("HEAD").await, left("GET").await], [before - 1, before - 2]);
}

#[tokio::test]
async fn a_file_is_redirected_to() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let attachment = user.upload(&task, "notes.txt", "text/plain", b"Twice").await;
    let head = user.call("HEAD", &format!("/api/attachments/{}", id(&attachment))).await.expect(302);
    assert!(head.header("location").is_some_and(|location| location.contains("X-Amz-Signature")), "{head}");
}

#[tokio::test]
async fn the_callback_of_google_uses_up_neither_code_nor_cookie() {
    let app = App::new();
    let (flow, person) = (app.google().await, Person::new());
    let callback = flow.sign_in(&app, &person).await;
    let client = flow.client.cookies(&[("oidcFlow", &flow.cookie)]);
    for _ in 0..6 {
        let head = client.call("HEAD", &callback).await.expect(302);
        assert!(head.header("location").is_some_and(|location| location.ends_with("/login")), "{head}");
        assert_eq!(head.cookies_set(), 0, "{head}");
    }
    let signed_in = flow.come_back(&callback).await.expect(302).cookie_tokens();
    let me = app.client().session_cookies(&signed_in).me().await;
    assert_eq!(text(&me, "email"), person.email);
}

#[tokio::test]
async fn where_there_is_no_get_there_is_no_head() {
    let client = App::new().client();
    let refused = client.call("HEAD", "/api/auth/login").await.expect(405);
    assert_eq!((refused.header("allow"), refused.body()), (Some("POST"), ""));
    assert_eq!(client.call("HEAD", "/api/nothing").await.expect(404).body(), "");
    let refused = client.post("/api/tasks/x", json!({})).await.expect_error(405, "METHOD_NOT_ALLOWED");
    assert_eq!(refused.header("allow"), Some("GET, HEAD, PUT, DELETE"));
}
