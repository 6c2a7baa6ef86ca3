//! `POST /api/auth/refresh`

use serde_json::json;

use crate::support::{App, Call, PASSWORD, Tokens, at_once, names};

const PATH: &str = "/api/auth/refresh";

/// Refreshes as a browser does.
fn by_cookie(app: &App, token: &str) -> Call {
    app.client().cookies(&[("refreshToken", token)]).call("POST", PATH)
}

async fn refreshed(app: &App, token: &str) -> Tokens {
    app.client().refresh(token).await.expect(200).tokens()
}

#[tokio::test]
async fn a_browser_gets_new_cookies() {
    let app = App::new();
    let (_, old) = app.browser(&app.user().await).await;
    let answer = by_cookie(&app, &old.refresh).await.expect(200).saying("Token refreshed successfully");
    assert_eq!(*answer.data(), json!({}), "no tokens in a body that a page's scripts can read");
    for (name, max_age) in [("accessToken", "Max-Age=900"), ("refreshToken", "Max-Age=604800")] {
        let cookie = answer.set_cookie(name).expect("a cookie");
        assert_eq!(cookie.attributes, ["HttpOnly", max_age, "Path=/", "SameSite=Lax"], "{name}");
    }
    assert_eq!(answer.cookies_set(), 2, "{answer}");
    let new = answer.cookie_tokens();
    assert_ne!(new.refresh, old.refresh);
    app.assert_alive(&new).await;
}

#[tokio::test]
async fn a_remembered_session_stays_remembered() {
    let app = App::new();
    let user = app.user().await;
    let body = json!({"email": user.email, "password": PASSWORD, "rememberMe": true});
    let login = app.client().post("/api/auth/login", body).await.expect(200);
    let answer = by_cookie(&app, &login.cookie_tokens().refresh).await.expect(200);
    let cookie = answer.set_cookie("refreshToken").expect("a cookie");
    assert!(cookie.attributes.contains(&"Max-Age=2592000".to_owned()), "{cookie:?}");
}

#[tokio::test]
async fn an_app_gets_tokens_in_the_body() {
    let app = App::new();
    let old = app.user().await.tokens;
    let answer = app.client().refresh(&old.refresh).await.expect(200).saying("Token refreshed successfully");
    assert_eq!(answer.cookies_set(), 0, "instead of cookies: {answer}");
    assert_eq!(names(answer.data()), ["tokens"]);
    assert_eq!(names(&answer.data()["tokens"]), ["accessToken", "expiresIn", "refreshToken"]);
    assert_eq!(answer.data()["tokens"]["expiresIn"], 900);
    let new = answer.tokens();
    assert_ne!(new.refresh, old.refresh);
    app.assert_alive(&new).await;
}

#[tokio::test]
async fn a_token_in_the_body_gives_cookies_to_who_does_not_ask_for_a_body() {
    let app = App::new();
    let old = app.user().await.tokens;
    let answer = app.client().post(PATH, json!({"refreshToken": old.refresh})).await.expect(200);
    assert_eq!(*answer.data(), json!({}));
    assert_eq!(answer.cookies_set(), 2, "{answer}");
    assert_ne!(answer.cookie_tokens().refresh, old.refresh);
    app.assert_alive(&answer.cookie_tokens()).await;
}

#[tokio::test]
async fn a_cookie_gives_no_tokens_in_the_body_whoever_asks() {
    let app = App::new();
    let (_, old) = app.browser(&app.user().await).await;
    for body in [None, Some(json!({})), Some(json!({"refreshToken": null}))] {
        let call = by_cookie(&app, &old.refresh).header("x-token-delivery", "body");
        let call = if let Some(body) = &body { call.json(body) } else { call };
        let answer = call.await.expect(200);
        assert_eq!(*answer.data(), json!({}), "a page's scripts would read them");
        assert_eq!(answer.cookies_set(), 2, "{answer}");
    }
}

#[tokio::test]
async fn an_outdated_cookie_before_the_current_one_is_no_theft() {
    let app = App::new();
    let user = app.user().await;
    let first = user.tokens.refresh.clone();
    let current = refreshed(&app, &refreshed(&app, &first).await.refresh).await;
    let cookies = [("refreshToken", "rubbish"), ("refreshToken", &*first), ("refreshToken", &*current.refresh)];
    let answer = app.client().cookies(&cookies).call("POST", PATH).await.expect(200);
    app.assert_alive(&answer.cookie_tokens()).await;
    assert!(user.notifications().await.is_empty(), "that is no theft");
}

#[tokio::test]
async fn the_session_stays_the_same_and_its_older_access_token_goes_on() {
    let app = App::new();
    let user = app.user().await;
    let before = user.current_session().await;
    let new = refreshed(&app, &user.tokens.refresh).await;
    let sessions = app.client().bearer(&new.access).sessions().await;
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!((&sessions[0]["id"], &sessions[0]["current"]), (&before["id"], &json!(true)));
    user.task("With the access token of before").await;
}

#[tokio::test]
async fn each_refresh_gives_another_token_and_a_session_goes_on_and_on() {
    let app = App::new();
    let mut tokens = app.user().await.tokens;
    let mut seen = vec![tokens.refresh.clone()];
    for _ in 0..6 {
        tokens = refreshed(&app, &tokens.refresh).await;
        assert!(!seen.contains(&tokens.refresh), "a token came twice");
        seen.push(tokens.refresh.clone());
    }
    app.assert_alive(&tokens).await;
}

#[tokio::test]
async fn the_token_before_gives_the_current_one_again() {
    let app = App::new();
    let first = app.user().await.tokens;
    let second = refreshed(&app, &first.refresh).await;
    for _ in 0..3 {
        assert_eq!(refreshed(&app, &first.refresh).await.refresh, second.refresh);
    }
    let other_tab = by_cookie(&app, &first.refresh).await.expect(200).cookie_tokens();
    assert_eq!(other_tab.refresh, second.refresh);
    app.assert_alive(&other_tab).await;
    assert_ne!(refreshed(&app, &second.refresh).await.refresh, second.refresh, "the current one rotates");
}

#[tokio::test]
pub(crate) async fn refreshes_at_once_give_the_same_token() {
    let app = App::new();
    let mut tokens = app.user().await.tokens;
    for tabs in [2, 2, 2, 6] {
        let answers = at_once((0..tabs).map(|_| app.client().refresh(&tokens.refresh))).await;
        let given: Vec<Tokens> = answers.into_iter().map(|answer| answer.expect(200).tokens()).collect();
        assert_ne!(given[0].refresh, tokens.refresh);
        assert!(given.iter().all(|other| other.refresh == given[0].refresh), "{given:?}");
        tokens = given[0].clone();
    }
    app.assert_alive(&tokens).await;
}

#[tokio::test]
async fn what_is_no_refresh_token_is_401_and_ends_nothing() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let (signed, signature) = user.tokens.refresh.rsplit_once('.').expect("a JWT");
    let (_, others) = other.tokens.refresh.rsplit_once('.').expect("a JWT");
    let forged = [format!("{signed}.{others}"), format!("{signed}."), format!("{signed}.{signature}AAAA")];
    let bad = ["", "garbage", "a.b.c", &user.tokens.access].into_iter().chain(forged.iter().map(String::as_str));
    for token in bad {
        for call in [app.client().refresh(token), by_cookie(&app, token)] {
            let answer = call.await.expect_unauthorized();
            assert_eq!(answer.cookies_set(), 0, "{answer}");
        }
    }
    app.assert_alive(&user.tokens).await;
}

#[tokio::test]
async fn without_a_refresh_token_it_is_401() {
    let app = App::new();
    let user = app.user().await;
    app.client().call("POST", PATH).await.expect_unauthorized();
    app.client().post(PATH, json!({})).await.expect_unauthorized();
    app.client().post(PATH, json!({"refreshToken": null})).await.expect_unauthorized();
    app.client().bearer(&user.tokens.access).call("POST", PATH).await.expect_unauthorized();
    app.client().cookies(&[("accessToken", &user.tokens.access)]).call("POST", PATH).await.expect_unauthorized();
}

#[tokio::test]
async fn without_a_token_it_counts_against_nobody_and_with_a_forged_one_it_does() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    for _ in 0..6 {
        client.call("POST", PATH).await.expect_unauthorized();
        client.post(PATH, json!({})).await.expect_unauthorized();
        client.post(PATH, json!({"refreshToken": 7})).await.expect_invalid(&["refreshToken"]);
    }
    client.login(&user.email, PASSWORD).await.expect(200);
    for _ in 0..5 {
        client.refresh("a.b.c").await.expect_unauthorized();
    }
    client.refresh("a.b.c").await.expect_error(429, "TOO_MANY_REQUESTS");
    client.login(&user.email, PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    app.assert_alive(&user.tokens).await;
}

#[tokio::test]
pub(crate) async fn a_session_that_has_ended_counts_for_itself_and_for_neither_its_account_nor_its_address() {
    let app = App::new();
    let user = app.user().await;
    user.call("POST", "/api/auth/logout").await.expect(200);
    let client = user.signed_out();
    for _ in 0..5 {
        client.refresh(&user.tokens.refresh).await.expect_unauthorized();
    }
    client.refresh(&user.tokens.refresh).await.expect_error(429, "TOO_MANY_REQUESTS");
    app.client().refresh(&user.tokens.refresh).await.expect_error(429, "TOO_MANY_REQUESTS");
    let again = client.tokens(&user.email, PASSWORD).await;
    client.refresh(&again.refresh).await.expect(200);
    let neighbour = app.neighbour(&client).await;
    client.refresh(&neighbour.tokens.refresh).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_that_is_no_text_is_400() {
    let app = App::new();
    let tokens = app.user().await.tokens;
    for value in [json!(7), json!(true), json!([tokens.refresh]), json!({"$ne": null})] {
        app.client().post(PATH, json!({"refreshToken": value})).await.expect_invalid(&["refreshToken"]);
    }
}

#[tokio::test]
pub(crate) async fn after_logout_there_is_nothing_to_refresh() {
    let app = App::new();
    let user = app.user().await;
    let (_, old) = app.browser(&user).await;
    let new = refreshed(&app, &old.refresh).await;
    app.client().session_cookies(&new).call("POST", "/api/auth/logout").await.expect(200);
    for token in [&new.refresh, &old.refresh] {
        app.client().refresh(token).await.expect_unauthorized();
        by_cookie(&app, token).await.expect_unauthorized();
    }
    assert!(user.notifications().await.is_empty(), "that is no theft");
}
