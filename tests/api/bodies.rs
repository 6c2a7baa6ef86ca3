//! Bodies, of every route that reads one: malformed, of another type, too long.

use serde_json::json;

use crate::support::{App, Call, Client, PASSWORD, Reads, Route, Things, User};

/// The longest body, bytes.
const MAX: usize = 256 * 1024;

/// A signed-in user with a task and a reminder; calls of every route find what they are about.
struct Scene {
    app: App,
    user: User,
    things: Things,
    /// The task's version.
    version: u64,
}

impl Scene {
    async fn new() -> Self {
        let app = App::new();
        let user = app.user().await;
        let things = Things::of(&user).await;
        let version = user.tasks(&[]).await.first().and_then(|task| task["version"].as_u64()).expect("a version");
        Self { app, user, things, version }
    }

    /// A call that has no body yet, from an address of its own: failed logins count.
    fn call(&self, route: Route) -> Call {
        let client: Client = self.app.client().bearer(&self.user.tokens.access);
        client.call(route.method, &route.path_of(self.things.id_for(route)))
    }

    async fn assert_untouched(&self) {
        let tasks = self.user.tasks(&[]).await;
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        assert_eq!(
            (tasks[0]["title"].as_str(), tasks[0]["version"].as_u64()),
            (Some("Water the ferns"), Some(self.version))
        );
        let reminders = self.user.reminders().await;
        assert_eq!(reminders.len(), 1, "{reminders:?}");
        assert_eq!(reminders[0]["version"], 1);
        assert_eq!(self.user.me().await["name"], self.user.name.as_str());
        self.app.client().login(&self.user.email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn malformed_json_is_400() {
    let scene = Scene::new().await;
    let deep = format!("{{\"title\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for route in Route::with_json() {
        for body in [
            "",
            " ",
            "{",
            "}",
            "{\"title\":",
            "{\"title\":\"Water the ferns\"",
            "{\"title\":\"Water the ferns\"}}",
            "{title:\"Water the ferns\"}",
            "{'title':'Water the ferns'}",
            "{\"title\":\"Water the ferns\",}",
            "{\"title\":\"\\ud800\"}",
            "title=Water+the+ferns",
            "null",
            "[]",
            "[{\"title\":\"Water the ferns\"}]",
            "\"Water the ferns\"",
            "42",
            &deep,
        ] {
            if body.is_empty() && route.reads == Reads::OptionalJson {
                continue;
            }
            scene.call(route).body("application/json", body).await.expect_error(400, "MALFORMED_JSON");
        }
    }
    scene.assert_untouched().await;
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_refused() {
    let user = App::new().user().await;
    for body in [
        &b"{\"title\":\"Water the \xff\xfe ferns\"}"[..],
        b"{\"title\":\"Caf\xe9\"}",
        b"{\"title\":\"Caf\xed\xa0\x80\"}",
    ] {
        user.call("POST", "/api/tasks").body("application/json", body).await.expect_error(400, "MALFORMED_JSON");
    }
    assert!(user.tasks(&[]).await.is_empty());
    let escaped =
        user.call("POST", "/api/tasks").body("application/json", r#"{"title":"Caf\ufffd"}"#).await.expect(201);
    assert_eq!(escaped.data()["task"]["title"], "Caf\u{fffd}");
}

#[tokio::test]
async fn a_byte_order_mark_before_json_is_skipped() {
    let user = App::new().user().await;
    let body = "\u{feff}{\"title\":\"Water the ferns\"}";
    let answer = user.call("POST", "/api/tasks").body("application/json", body).await.expect(201);
    assert_eq!(answer.data()["task"]["title"], "Water the ferns");
}

#[tokio::test]
async fn a_charset_other_than_utf8_is_415() {
    let scene = Scene::new().await;
    let body = json!({"title": "Changed", "message": "Changed"}).to_string();
    for route in Route::with_json() {
        // Another spelling of a route that takes forms too: more uploads than an hour allows.
        if route.path != "/api/attachments/{id}" {
            let call = scene.call(route).body("application/json; charset=iso-8859-1", body.as_str());
            call.await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE").saying("Charset must be utf-8");
        }
    }
    scene.assert_untouched().await;
}

#[tokio::test]
async fn a_compressed_body_is_415_and_the_answer_says_what_is_taken() {
    let scene = Scene::new().await;
    let body = json!({"title": "Changed", "message": "Changed"}).to_string();
    for route in Route::with_json().filter(|route| route.path != "/api/attachments/{id}") {
        for call in [scene.call(route).body("application/json", body.as_str()), scene.call(route)] {
            let answer = call.header("content-encoding", "gzip").await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
            assert_eq!(answer.header("accept-encoding"), Some("identity"), "{answer}");
        }
    }
    scene.assert_untouched().await;
    let call = scene.user.call("POST", "/api/tasks").json(&json!({"title": "As it is"}));
    call.header("content-encoding", "identity").await.expect(201);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_415() {
    let scene = Scene::new().await;
    let body = json!({"title": "Changed", "message": "Changed"}).to_string();
    for route in Route::with_json() {
        for kind in [
            "text/plain",
            "text/html",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/jsonp",
            "application/octet-stream",
            "json",
        ] {
            // It takes forms too; its other spelling would be more uploads than an hour allows.
            let takes_forms = route.path.ends_with("/attachments") && kind.starts_with("multipart");
            if takes_forms || route.path == "/api/attachments/{id}" {
                continue;
            }
            scene.call(route).body(kind, body.as_str()).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        scene.call(route).bare_body(body.as_str()).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    scene.assert_untouched().await;
}

#[tokio::test]
async fn json_may_be_named_in_any_case_and_with_a_charset() {
    let user = App::new().user().await;
    let body = json!({"title": "Wässern"}).to_string();
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;charset=UTF-8",
        "application/json ; x=y",
    ] {
        let answer = user.call("POST", "/api/tasks").body(kind, body.as_str()).await.expect(201);
        assert_eq!(answer.data()["task"]["title"], "Wässern");
    }
}

#[tokio::test]
async fn a_body_over_256_kb_is_413() {
    let scene = Scene::new().await;
    for route in Route::with_json() {
        scene.call(route).body("application/json", padded(MAX + 1)).await.expect_error(413, "BODY_TOO_LARGE");
        scene.call(route).body("application/json", padded(3 * MAX)).await.expect_error(413, "BODY_TOO_LARGE");
    }
    scene.assert_untouched().await;
}

#[tokio::test]
async fn a_body_of_256_kb_is_read() {
    let user = App::new().user().await;
    let call = user.call("POST", "/api/tasks").body("application/json", padded(MAX));
    assert_eq!(call.await.expect(201).data()["task"]["title"], "Water the ferns");
}

#[tokio::test]
async fn the_last_of_two_equal_names_does_not_slip_past_validation() {
    let user = App::new().user().await;
    for body in ["{\"title\":\"Water the ferns\",\"title\":7}", "{\"title\":\"Water the ferns\",\"title\":\"ab\"}"] {
        user.call("POST", "/api/tasks").body("application/json", body).await.expect_invalid(&["title"]);
    }
}

#[tokio::test]
async fn a_body_where_none_belongs_is_ignored() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.delete_task(&task).body("text/plain", "{not json").await.expect(200);
}

/// A good task whose body has so many bytes, most of them in a field that nobody reads.
fn padded(length: usize) -> String {
    let frame = json!({"title": "Water the ferns", "padding": ""}).to_string();
    let padding = "x".repeat(length - frame.len());
    let body = json!({"title": "Water the ferns", "padding": padding}).to_string();
    assert_eq!(body.len(), length);
    body
}
