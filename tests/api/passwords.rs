//! New passwords, on every route that sets one: none that is in lists of leaked ones, and none that a guess begins with.

use serde_json::{Value, json};

use crate::support::{Answer, App, PASSWORD, unique_email};

/// They keep to every other rule, and everybody has them.
const LEAKED: [&str; 4] = ["Password1", "Password123", "Qwerty123", "Welcome1"];

#[track_caller]
fn assert_too_common(answer: Answer, field: &str, label: &str) {
    let message = format!("{label} is too common: it appears in lists of leaked passwords");
    assert_eq!(answer.expect_invalid(&[field]).field_errors()[field], message);
}

#[tokio::test]
pub(crate) async fn nobody_registers_with_a_leaked_password() {
    let app = App::new();
    for password in LEAKED {
        let email = unique_email();
        assert_too_common(app.client().register("Asha Rao", &email, password).await, "password", "Password");
        app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    }
}

#[tokio::test]
async fn nobody_changes_to_a_leaked_password() {
    let app = App::new();
    let user = app.user().await;
    for password in LEAKED {
        let body = json!({"currentPassword": PASSWORD, "newPassword": password});
        let answer = user.post("/api/user/change-password", body).await;
        assert_too_common(answer, "newPassword", "New password");
    }
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn nobody_resets_to_a_leaked_password() {
    let app = App::new();
    let user = app.user().await;
    let token = app.reset_token(&user.email).await;
    for password in LEAKED {
        assert_too_common(app.client().reset(&token, password).await, "password", "Password");
    }
    app.client().login(&user.email, PASSWORD).await.expect(200);
    app.client().reset(&token, "Harbour-77-gull").await.expect(200);
}

#[tokio::test]
async fn nobody_sets_a_leaked_password_first() {
    let app = App::new();
    let browser = app.google_browser(&crate::support::Person::new()).await;
    for password in LEAKED {
        let answer = browser.post("/api/user/set-password", json!({"password": password})).await;
        assert_too_common(answer, "password", "Password");
    }
    assert_eq!(browser.me().await["has_password"], false);
}

#[tokio::test]
async fn one_sentence_names_the_first_rule_that_a_password_breaks() {
    let app = App::new();
    // These are in every list, and too weak besides.
    for (password, problem) in [
        ("Abc1", "Password must be at least 6 characters"),
        ("password1", "Password must contain a lower-case letter, an upper-case letter and a digit"),
    ] {
        let answer = app.client().register("Asha Rao", &unique_email(), password).await;
        assert_eq!(answer.expect_invalid(&["password"]).field_errors()["password"], problem);
    }
}

#[tokio::test]
async fn a_password_that_only_begins_as_a_leaked_one_does_is_taken() {
    let app = App::new();
    for password in ["Password1-lark-meadow", "Qwerty123 harbour gull", " Welcome1-tern-mist"] {
        let email = unique_email();
        app.client().register("Asha Rao", &email, password).await.expect(201);
        app.client().login(&email, password).await.expect(200);
    }
}

#[tokio::test]
async fn a_login_does_not_tell_what_is_on_the_list() {
    let app = App::new();
    let user = app.user().await;
    let seen = |answer: Answer| -> Value {
        let mut body = answer.expect_error(401, "INVALID_CREDENTIALS").json().clone();
        body["requestId"] = json!(null);
        body
    };
    let leaked = app.client().login(&user.email, LEAKED[0]).await;
    let other = app.client().login(&user.email, "Wrong-Pass-1").await;
    assert_eq!(seen(leaked), seen(other));
}

/// The user's name is Asha Rao.
const OWN: [&str; 3] = ["Asha-Rao-1", "ashaRao99", "Spacedly-2026"];

#[tokio::test]
pub(crate) async fn nobody_s_password_is_their_name_or_the_product_s_on_any_route() {
    let app = App::new();
    let user = app.user_named("Asha Rao").await;
    let token = app.reset_token(&user.email).await;
    let person = crate::support::Person::new().named("Asha Rao");
    let browser = app.google_browser(&person).await;
    for password in OWN {
        app.client().register("Asha Rao", &unique_email(), password).await.expect_invalid(&["password"]);
        let body = json!({"currentPassword": PASSWORD, "newPassword": password});
        user.post("/api/user/change-password", body).await.expect_invalid(&["newPassword"]);
        browser.post("/api/user/set-password", json!({"password": password})).await.expect_invalid(&["password"]);
        app.client().reset(&token, password).await.expect_invalid(&["password"]);
    }
    app.client().reset(&token, "Harbour-77-gull").await.expect(200);
}
