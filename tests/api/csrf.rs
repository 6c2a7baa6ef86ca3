//! Cross-site request forgery: a browser that says where an unsafe request comes from must name the app.

use serde_json::json;

use crate::support::{App, Call, Client, FRONTEND, PASSWORD, Route, Things};

const STRANGERS: [&str; 6] = [
    "https://evil.example",
    "null",
    "http://localhost:8080.evil.example",
    "http://localhost:808",
    "https://localhost:8080",
    "http://localhost:8080/",
];

#[track_caller]
fn refused(answer: crate::support::Answer) {
    let answer = answer.expect_error(403, "ORIGIN_NOT_ALLOWED");
    assert_eq!(answer.cookies_set(), 0, "{answer}");
}

#[tokio::test]
async fn an_unsafe_request_from_another_page_is_403_whatever_carries_its_token() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    let task = user.task("Water the ferns").await;
    for client in [&browser, &*user] {
        for origin in STRANGERS {
            refused(client.post("/api/tasks", json!({"title": "Forged"})).header("origin", origin).await);
            refused(client.update_task(&task, json!({"title": "Forged"})).header("origin", origin).await);
            refused(client.delete_task(&task).header("origin", origin).await);
        }
    }
    assert_eq!(user.tasks(&[]).await, [task]);
}

#[tokio::test]
pub(crate) async fn signing_in_and_out_from_another_page_is_403() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    for origin in STRANGERS {
        refused(app.client().login(&user.email, PASSWORD).header("origin", origin).await);
        let email = crate::support::unique_email();
        refused(app.client().register("Forged", &email, PASSWORD).header("origin", origin).await);
        app.client().login(&email, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
        refused(browser.call("POST", "/api/auth/logout").header("origin", origin).await);
    }
    browser.task("Still signed in").await;
}

#[tokio::test]
pub(crate) async fn every_route_that_changes_something_refuses_another_page() {
    let app = App::new();
    let user = app.user().await;
    let things = Things::of(&user).await;
    let (_, tokens) = app.browser(&user).await;
    let before = (user.me().await, user.sessions().await, user.tasks(&[]).await, user.reminders().await);
    for route in Route::unsafe_ones() {
        let forged = |client: &Client| route.call_about(client, things.id_for(route));
        let browser = app.client().session_cookies(&tokens);
        refused(forged(&browser).header("origin", STRANGERS[0]).await);
        refused(forged(&browser).header("sec-fetch-site", "cross-site").await);
        // A Bearer token that authenticates nothing changes nothing.
        refused(forged(&browser.bearer("x")).header("sec-fetch-site", "cross-site").await);
        refused(forged(&app.client().bearer(&tokens.access)).header("origin", STRANGERS[0]).await);
        refused(forged(&app.client()).header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "cors").await);
    }
    assert_eq!((user.me().await, user.sessions().await, user.tasks(&[]).await, user.reminders().await), before);
    app.client().login(&user.email, PASSWORD).await.expect(200);
    app.assert_alive(&tokens).await;
}

#[tokio::test]
async fn a_refresh_from_the_app_s_own_page_goes_through_and_a_forged_one_rotates_nothing() {
    let app = App::new();
    let (_, tokens) = app.browser(&app.user().await).await;
    let refresh = || app.client().cookies(&[("refreshToken", &tokens.refresh)]).call("POST", "/api/auth/refresh");
    for origin in STRANGERS {
        refused(refresh().header("origin", origin).await);
    }
    for site in ["cross-site", "same-site", "none"] {
        refused(refresh().header("sec-fetch-site", site).await);
    }
    let mut sessions = app.client().bearer(&tokens.access).sessions().await;
    sessions.retain(|session| session["current"] == true);
    assert_eq!(sessions[0]["lastUsedAt"], sessions[0]["createdAt"], "nothing was rotated");
    refresh().header("origin", FRONTEND).header("sec-fetch-site", "same-site").await.expect(200);
}

#[tokio::test]
async fn the_app_s_own_page_may_do_everything() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    let page = browser.with_header("origin", FRONTEND).with_header("sec-fetch-site", "same-site");
    let task = page.task("From the app").await;
    page.update_task(&task, json!({"title": "From the app, twice"})).await.expect(200);
    page.delete_task(&task).await.expect(200);
    app.client().login(&user.email, PASSWORD).header("origin", FRONTEND).await.expect(200);
    page.call("POST", "/api/auth/logout").await.expect(200);
}

#[tokio::test]
async fn cookies_without_an_origin_need_a_request_from_the_same_site() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let refresh_only = app.client().cookies(&[("refreshToken", &tokens.refresh)]);
    let create = |client: &Client| -> Call { client.post("/api/tasks", json!({"title": "From a browser"})) };
    for client in [&browser, &refresh_only] {
        for site in ["cross-site", "same-site", "none", "rubbish"] {
            refused(create(client).header("sec-fetch-site", site).await);
        }
        create(client).header("sec-fetch-site", "same-origin").await.expect(201);
        create(client).await.expect(201);
    }
    assert_eq!(user.tasks(&[]).await.len(), 4);
}

#[tokio::test]
async fn a_bearer_token_needs_no_origin() {
    let user = App::new().user().await;
    user.task("From a script").await;
    user.post("/api/tasks", json!({"title": "From an app"})).header("sec-fetch-site", "cross-site").await.expect(201);
}

#[tokio::test]
pub(crate) async fn a_bearer_token_that_authenticates_nothing_exempts_from_nothing() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let create =
        |client: &Client| client.post("/api/tasks", json!({"title": "Forged"})).header("sec-fetch-site", "cross-site");
    let (signed, _) = tokens.access.rsplit_once('.').expect("a JWT");
    for token in ["x", "", &tokens.refresh, &format!("{signed}.AAAA")] {
        refused(create(&browser.bearer(token)).await);
    }
    // Of a route that looks at cookies only, no Bearer token authenticates anything.
    let refresh = browser.bearer(&tokens.access).call("POST", "/api/auth/refresh");
    refused(refresh.header("sec-fetch-site", "cross-site").await);
    create(&browser.bearer(&tokens.access)).await.expect(201);
}

/// What a page of another site can have its visitor's browser send to a route: by `fetch`, by an image, by a form.
fn of_another_site(client: &Client, path: &str) -> Vec<Call> {
    let post = |media_type: &str| client.call("POST", path).body(media_type, "{}");
    let no_cors = |call: Call| call.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "no-cors");
    vec![
        no_cors(post("text/plain")).header("origin", STRANGERS[0]),
        no_cors(post("application/json")).header("origin", STRANGERS[0]),
        no_cors(client.call("POST", path)).header("origin", "null"),
        no_cors(client.get(path)),
        client.get(path).header("origin", STRANGERS[0]).header("sec-fetch-mode", "cors"),
        post("application/x-www-form-urlencoded")
            .header("origin", "null")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate"),
    ]
}

#[tokio::test]
pub(crate) async fn another_site_s_requests_use_up_no_limit_of_the_visitor() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let client = &challenge.client;
    // A route of each class.
    for path in [
        "/api/auth/login",
        "/api/auth/register",
        "/api/auth/verify-otp",
        "/api/auth/forgot-password",
        "/api/auth/verify-email",
        "/api/tasks/0190a1b2-0000-7000-8000-000000000000/attachments",
    ] {
        for n in 0..2 {
            for call in of_another_site(client, path) {
                let answer = call.await;
                assert!([403, 404, 405].contains(&answer.status()), "{answer}");
                assert_eq!(answer.header("ratelimit-policy"), Some("100;w=900"), "{n} {answer}");
            }
        }
    }
    let own = client.get("/api/nothing").await.expect(404);
    let spent = |answer: &crate::support::Answer| {
        let number = |name| answer.header(name).expect("a header").parse::<u64>().expect("a number");
        number("ratelimit-limit") - number("ratelimit-remaining")
    };
    assert_eq!(spent(&own), 2, "the login and this request\n{own}");
    challenge.verify(&challenge.code).await.expect(200);
    client.register("Asha Rao", &crate::support::unique_email(), PASSWORD).await.expect(201);
    client.forgot(&user.email).await.expect(200);
    let neighbour = app.neighbour(client).await;
    client.login(&neighbour.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn another_site_has_a_hundred_requests_of_its_visitor_s_and_no_more() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    let image = || browser.get("/api/tasks").header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "no-cors");
    let answers = crate::support::at_once((0..110).map(|_| image())).await;
    let count = |status| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!((count(200), count(429)), (100, 10));
    browser.get("/api/tasks").await.expect(200);
    browser.task("The visitor goes on").await;
}

#[tokio::test]
async fn reading_is_not_forgery() {
    let app = App::new();
    let user = app.user().await;
    let (browser, _) = app.browser(&user).await;
    for origin in STRANGERS {
        browser.get("/api/tasks").header("origin", origin).header("sec-fetch-site", "cross-site").await.expect(200);
    }
}
