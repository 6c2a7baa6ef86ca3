//! `GET /api/user/sessions`, `DELETE /api/user/sessions/{id}`, `DELETE /api/user/sessions`

use serde_json::{Value, json};

use crate::support::{
    App, Call, Client, PASSWORD, Tokens, User, each, id, instant, names, now, unique_email, unknown_id,
};

const PATH: &str = "/api/user/sessions";

fn end(client: &Client, session: &Value) -> Call {
    client.delete(&format!("{PATH}/{}", id(session)))
}

fn end_others(client: &Client) -> Call {
    client.delete(PATH)
}

/// The user on a device that calls itself so.
async fn device(app: &App, email: &str, name: &str) -> (Client, Tokens) {
    let client = app.client().with_header("user-agent", name);
    let tokens = client.tokens(email, PASSWORD).await;
    (client.bearer(&tokens.access), tokens)
}

/// The session that `client` is signed in with, as the user's other devices see it.
async fn session_of(client: &Client) -> Value {
    let mut session = client.current_session().await;
    session["current"] = json!(false);
    session
}

#[tokio::test]
async fn a_session_tells_device_address_and_times_and_no_secret() {
    let app = App::new();
    let user = app.user().await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0";
    let (device, _) = device(&app, &user.email, agent).await;
    let answer = device.get(PATH).await.expect(200).saying("Sessions retrieved successfully");
    assert_eq!(names(answer.data()), ["sessions"]);
    let session = &answer.list("sessions")[0];
    assert_eq!(names(session), ["createdAt", "current", "device", "id", "ip", "lastUsedAt"]);
    uuid::Uuid::parse_str(id(session)).expect("an id is a UUID");
    assert_eq!(session["device"], agent);
    assert_eq!(session["ip"], device.address());
    for name in ["createdAt", "lastUsedAt"] {
        let age = now().duration_since(instant(&session[name]));
        assert!(age.as_secs().abs() < 120, "{name}: {age:?}");
    }
}

#[tokio::test]
async fn the_newest_comes_first_and_each_device_sees_itself_as_current() {
    let app = App::new();
    let email = unique_email();
    app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    let mut devices = Vec::new();
    for name in ["First", "Second", "Third"] {
        devices.push((name, device(&app, &email, name).await.0));
    }
    for (name, device) in &devices {
        let sessions = device.sessions().await;
        assert_eq!(each(&sessions, "device"), ["Third", "Second", "First"]);
        let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
        assert_eq!(current.len(), 1, "{sessions:?}");
        assert_eq!(current[0]["device"], *name);
        assert!(sessions.iter().all(|session| session["current"].is_boolean()), "{sessions:?}");
    }
}

#[tokio::test]
async fn a_refresh_is_a_use() {
    let app = App::new();
    let user = app.user().await;
    let before = user.current_session().await;
    app.client().refresh(&user.tokens.refresh).await.expect(200);
    let after = user.current_session().await;
    assert_eq!((&after["id"], &after["createdAt"]), (&before["id"], &before["createdAt"]));
    assert!(instant(&after["lastUsedAt"]) > instant(&before["lastUsedAt"]), "{before} {after}");
}

#[tokio::test]
async fn only_one_s_own_live_sessions_are_shown() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let (device, _) = app.another_device(&user).await;
    assert_eq!(user.sessions().await.len(), 2);
    device.call("POST", "/api/auth/logout").await.expect(200);
    let own = user.sessions().await;
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(own[0]["current"], true);
    let others = other.sessions().await;
    assert_eq!(others.len(), 1);
    assert_ne!(id(&own[0]), id(&others[0]));
}

#[tokio::test]
async fn an_ended_session_neither_writes_nor_refreshes() {
    let app = App::new();
    let user = app.user().await;
    let (device, ended) = app.another_device(&user).await;
    let (_, third) = app.another_device(&user).await;
    let session = session_of(&device).await;
    let answer = end(&user, &session).await.expect(200).saying("Session ended successfully");
    assert_eq!(*answer.data(), json!({}));
    assert_eq!(answer.cookies_set(), 0, "the caller's own session goes on: {answer}");
    app.assert_ended(&ended).await;
    app.assert_alive(&user.tokens).await;
    app.assert_alive(&third).await;
    let left = user.sessions().await;
    assert!(left.len() == 2 && !left.contains(&session), "{left:?}");
    end(&user, &session).await.expect_error(404, "NOT_FOUND").saying("Session not found");
}

#[tokio::test]
async fn nobody_ends_a_session_that_is_not_theirs() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let foreign = session_of(&user).await["id"].as_str().expect("an id").to_owned();
    for id in [foreign, unknown_id(), user.id.clone(), "42".to_owned(), "not-a-uuid".to_owned()] {
        let call = other.delete(&format!("{PATH}/{id}"));
        call.await.expect_error(404, "NOT_FOUND").saying("Session not found");
    }
    end_others(&other).await.expect(200);
    app.assert_alive(&user.tokens).await;
    app.assert_alive(&other.tokens).await;
}

#[tokio::test]
async fn ending_one_s_own_session_signs_out() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    let own = browser.current_session().await;
    let answer = end(&browser, &own).await.expect(200).saying("Session ended successfully");
    answer.assert_cookies_cleared();
    app.assert_ended(&tokens).await;
    app.assert_alive(&user.tokens).await;
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_browser_that_ends_its_own_session_silently_refreshed_is_left_without_cookies() {
    let app = App::new();
    let (browser, tokens) = app.browser(&app.user().await).await;
    let own = browser.current_session().await;
    let refresh_only = app.client().cookies(&[("refreshToken", &tokens.refresh)]);
    let answer = end(&refresh_only, &own).await.expect(200);
    for name in ["accessToken", "refreshToken"] {
        let set = answer.every_header("set-cookie").into_iter().rfind(|cookie| cookie.starts_with(name));
        assert!(set.is_some_and(|cookie| cookie.contains("Max-Age=0")), "the last word on {name}\n{answer}");
    }
    app.assert_ended(&tokens).await;
}

#[tokio::test]
async fn all_others_end_and_the_current_session_lives() {
    let app = App::new();
    let user = app.user().await;
    let (browser, current) = app.browser(&user).await;
    let (_, third) = app.another_device(&user).await;
    let answer = end_others(&browser).await.expect(200).saying("Other sessions ended successfully");
    assert_eq!(*answer.data(), json!({}));
    assert_eq!(answer.cookies_set(), 0, "{answer}");
    app.assert_ended(&user.tokens).await;
    app.assert_ended(&third).await;
    app.assert_alive(&current).await;
    let left = browser.sessions().await;
    assert_eq!((left.len(), &left[0]["current"]), (1, &json!(true)));
    end_others(&browser).await.expect(200);
    app.assert_alive(&current).await;
}

#[tokio::test]
async fn an_ended_session_ends_no_others_and_changes_nothing_of_the_account() {
    let app = App::new();
    let user = app.user().await;
    let (device, _) = app.another_device(&user).await;
    let own = user.current_session().await;
    let before = user.me().await;
    device.call("POST", "/api/auth/logout").await.expect(200);
    end(&device, &own).await.expect_unauthorized();
    end_others(&device).await.expect_unauthorized();
    device.patch("/api/user/me", json!({"name": "Too Late"})).await.expect_unauthorized();
    let body = json!({"currentPassword": PASSWORD, "newPassword": "Another-Pass-1"});
    device.post("/api/user/change-password", body).await.expect_unauthorized();
    app.assert_alive(&user.tokens).await;
    assert_eq!(user.me().await, before);
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_twelve_sessions_the_two_oldest_end() {
    let app = App::new();
    let email = unique_email();
    app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    let mut opened = Vec::new();
    for n in 1..=12 {
        opened.push(device(&app, &email, &format!("Device {n}")).await);
    }
    let sessions = opened[11].0.sessions().await;
    let left: Vec<String> = (3..=12).rev().map(|n| format!("Device {n}")).collect();
    assert_eq!(each(&sessions, "device"), left);
    for (_, tokens) in &opened[..2] {
        app.assert_ended(tokens).await;
    }
    for (_, tokens) in &opened[2..] {
        app.client().refresh(&tokens.refresh).await.expect(200);
    }
}

#[tokio::test]
async fn ending_a_session_makes_room() {
    let app = App::new();
    let user: User = app.user().await;
    let mut devices = Vec::new();
    for _ in 0..9 {
        devices.push(app.another_device(&user).await);
    }
    let newest = session_of(&devices[8].0).await;
    end(&user, &newest).await.expect(200);
    app.another_device(&user).await;
    app.assert_alive(&user.tokens).await;
    assert_eq!(user.sessions().await.len(), 10);
}
