//! Registrations and logins that would like to be somebody else's, or to cost much.

use serde_json::json;

use crate::support::{App, PASSWORD, User, assert_as_long, unique_email};

/// Bytes that the gateway still takes.
const HUGE: usize = 10_000_000;

/// Registers as this address; the account, if there comes one, is not the victim's.
async fn assert_somebody_else(app: &App, victim: &User, email: &str) {
    app.client().login(email, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    let registered = app.client().register("Mallory", email, "Harbour-77-gull").await.expect(201);
    assert_ne!(registered.data()["user"]["id"], victim.id.as_str());
    assert_ne!(registered.data()["user"]["email"], victim.email.as_str());
    let login = app.client().login(email, "Harbour-77-gull").await.expect(200);
    assert_ne!(login.data()["user"]["id"], victim.id.as_str());
    app.client().login(&victim.email, "Harbour-77-gull").await.expect_error(401, "INVALID_CREDENTIALS");
    assert_eq!(victim.me().await["name"], victim.name.as_str());
}

pub(super) async fn login_time() {
    const LOGINS_OF_EACH: usize = 8;
    let app = App::new();
    // Fewer than ten failures each, or the account's own limit would answer.
    let mut users = Vec::new();
    for _ in 0..4 {
        users.push(app.user().await);
    }
    assert_as_long(
        "a failed login of a known and an unknown address",
        1.6,
        async |round| {
            let user = &users[round / LOGINS_OF_EACH];
            app.client().login(&user.email, "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
        },
        async |_| {
            app.client().login(&unique_email(), "Wrong-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
        },
    )
    .await;
}

pub(super) async fn huge_password() {
    let app = App::new();
    let user = app.user().await;
    let huge = format!("Aa1{}", "x".repeat(HUGE));
    app.client().login(&user.email, &huge).await.expect(413);
    app.client().register("Asha Rao", &unique_email(), &huge).await.expect(413);
    app.client().reset(&"A".repeat(43), &huge).await.expect(413);
    let change = json!({"currentPassword": huge, "newPassword": "Harbour-77-gull"});
    user.post("/api/user/change-password", change).await.expect(413);
    // What a body may hold is refused for its length alone.
    let long = format!("Aa1{}", "x".repeat(200_000));
    app.client().login(&user.email, &long).await.expect_invalid(&["password"]);
    app.client().register("Asha Rao", &unique_email(), &long).await.expect_invalid(&["password"]);
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

pub(super) async fn spaces() {
    let app = App::new();
    let user = app.user().await;
    let email = &user.email;
    for typed in [format!(" {email}"), format!("{email} "), format!("\t{email}\n"), format!("\u{a0}{email}\u{3000}")] {
        let again = app.client().register("Mallory", &typed, "Harbour-77-gull").await;
        again.expect_error(400, "USER_EXISTS");
        let login = app.client().login(&typed, PASSWORD).await.expect(200);
        assert_eq!(login.data()["user"]["id"], user.id.as_str());
    }
    for inner in [email.replace('@', " @"), email.replace('@', "@ "), email.replace('@', "\u{200b}@")] {
        app.client().register("Mallory", &inner, "Harbour-77-gull").await.expect_invalid(&["email"]);
    }
}

pub(super) async fn dots() {
    let app = App::new();
    let user = app.user().await;
    // The local part's meaning is its own server's.
    for other in [user.email.replacen("asha.", "asha", 1), user.email.replacen("asha.", "a.sha.", 1)] {
        assert_somebody_else(&app, &user, &other).await;
    }
    for none in [user.email.replacen("asha.", "asha..", 1), format!("{}.", user.email), format!(".{}", user.email)] {
        app.client().register("Mallory", &none, "Harbour-77-gull").await.expect_invalid(&["email"]);
    }
}

pub(super) async fn lookalikes() {
    let app = App::new();
    let user = app.user().await;
    // Cyrillic, accented, full width, dotless.
    for first in ["аsha", "ásha", "ａsha", "ashа", "asɦa"] {
        let other = user.email.replacen("asha", first, 1);
        app.client().register("Mallory", &other, "Harbour-77-gull").await.expect_invalid(&["email"]);
        app.client().login(&other, PASSWORD).await.expect_invalid(&["email"]);
        app.client().forgot(&other).await.expect_invalid(&["email"]);
    }
    app.later_mail(&user).await;
    assert!(app.mailbox.reset_tokens(&user.email).await.is_empty());
}

pub(super) async fn folded_letter() {
    let app = App::new();
    let email = unique_email().replacen("asha", "kim", 1);
    app.client().register("Kim Rao", &email, PASSWORD).await.expect(201);
    // The Kelvin sign is a `k` in lower case, but not ASCII.
    let typed = email.replacen('k', "\u{212a}", 1);
    app.client().register("Mallory", &typed, "Harbour-77-gull").await.expect_invalid(&["email"]);
    app.client().forgot(&typed).await.expect_invalid(&["email"]);
    app.client().forgot(&email.to_uppercase()).await.expect(200);
    let mail = app.mailbox.wait_for(&email, "Password Reset Request").await;
    assert!(mail.to.contains(&email) && mail.to.is_ascii(), "{mail:?}");
}

pub(super) async fn headers_in_a_name() {
    let app = App::new();
    let thief = unique_email();
    for bad in ["\r\nBcc: ", "\nBcc: ", "\rBcc: ", "\u{0}Bcc: ", "\u{85}Bcc: "] {
        let name = format!("Asha{bad}{thief}");
        app.client().register(&name, &unique_email(), PASSWORD).await.expect_invalid(&["name"]);
    }
    // What only looks like a header is a name, and stays in the text.
    for name in [
        format!("Bcc: {thief}"),
        format!("Asha%0d%0aBcc: {thief}"),
        format!("Asha\\r\\nBcc: {thief}"),
        format!("=?utf-8?Q?Asha=0D=0ABcc:_{thief}?="),
        format!("Asha\" <{thief}>, \""),
    ] {
        let user = app.user_named(&name).await;
        let mail = app.mailbox.wait_for_text(&user.email, "/verify-email?token=").await;
        assert_eq!(mail.subject, "Verify Your Email", "{mail:?}");
        assert!(mail.to.contains(&user.email) && !mail.to.contains(&thief), "{mail:?}");
        assert!(
            !mail.text.contains(&name) && !mail.html.contains("Bcc"),
            "a stranger's words do not get there: {mail:?}"
        );
    }
    assert!(app.mailbox.messages(&thief).await.is_empty());
}
