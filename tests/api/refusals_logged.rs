//! What the log says of requests whose credential, session, origin or number was refused.

use serde_json::{Value, json};

use crate::support::{Answer, App, PASSWORD, unique_email};

const WRONG: &str = "Wrong-Pass-1";

async fn line(app: &App, answer: &Answer, email: &str) -> Value {
    app.cloud().log_line(answer, &[email, PASSWORD, WRONG, "Asha Rao"]).await
}

#[tokio::test]
async fn refusals_of_one_address_have_one_tag_and_nothing_tells_the_address() {
    let app = App::new();
    let user = app.user().await;
    let client = app.client();
    let wrong = client.login(&user.email, WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
    let again = app.client().login(&user.email.to_uppercase(), WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
    let body = json!({"email": user.email, "password": PASSWORD});
    let foreign = client.post("/api/auth/login", body).header("origin", "https://evil.example").await;
    let foreign = foreign.expect_error(403, "ORIGIN_NOT_ALLOWED");
    let wrong_change = json!({"currentPassword": WRONG, "newPassword": "Harbour-77-gull"});
    let change = user.post("/api/user/change-password", wrong_change).await.expect_error(400, "WRONG_PASSWORD");
    let mut tags = Vec::new();
    for (answer, code) in [
        (&wrong, "INVALID_CREDENTIALS"),
        (&again, "INVALID_CREDENTIALS"),
        (&foreign, "ORIGIN_NOT_ALLOWED"),
        (&change, "WRONG_PASSWORD"),
    ] {
        let line = line(&app, answer, &user.email).await;
        assert_eq!(line["code"], code, "{line}");
        assert!(line["client_tag"].as_str().is_some_and(|tag| tag.len() == 32), "{line}");
        tags.push(line["account_tag"].as_str().unwrap_or_else(|| panic!("expected a tag: {line}")).to_owned());
    }
    assert!(tags.iter().all(|tag| *tag == tags[0] && tag.len() == 32), "{tags:?}");
    let unknown = unique_email();
    let other = client.login(&unknown, WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
    assert_ne!(line(&app, &other, &unknown).await["account_tag"], tags[0]);
}

#[tokio::test]
async fn a_limit_and_a_session_that_refuse_are_named() {
    let app = App::new();
    let (client, email) = (app.client(), unique_email());
    for _ in 0..5 {
        client.login(&email, WRONG).await.expect_error(401, "INVALID_CREDENTIALS");
    }
    let limited = client.login(&email, WRONG).await.expect_error(429, "TOO_MANY_REQUESTS");
    let line_of_limit = line(&app, &limited, &email).await;
    assert_eq!(line_of_limit["code"], "TOO_MANY_REQUESTS", "{line_of_limit}");
    assert!(line_of_limit["account_tag"].is_string(), "{line_of_limit}");
    let ended = app.client().bearer("rubbish").get("/api/user/me").await;
    let line_of_session = line(&app, &ended, "rubbish").await;
    assert_eq!((&line_of_session["code"], &line_of_session["account_tag"]), (&json!("UNAUTHORIZED"), &json!(null)));
    assert!(line_of_session["client_tag"].is_string(), "{line_of_session}");
}

#[tokio::test]
async fn an_error_of_a_form_is_named_without_saying_who_sent_it_and_success_has_no_code() {
    let app = App::new();
    let user = app.user().await;
    let invalid = user.post("/api/tasks", json!({"title": "x"})).await.expect(400);
    let invalid = line(&app, &invalid, &user.email).await;
    assert_eq!((&invalid["code"], &invalid["client_tag"]), (&json!("VALIDATION_FAILED"), &json!(null)), "{invalid}");
    let fine = user.get("/api/user/me").await.expect(200);
    assert_eq!(line(&app, &fine, &user.email).await["code"], json!(null));
}
