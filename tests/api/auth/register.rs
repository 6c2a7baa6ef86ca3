//! `POST /api/auth/register`

use serde_json::{Value, json};

use crate::support::{App, FRONTEND, PASSWORD, eventually, id, names, unique_email};

const PATH: &str = "/api/auth/register";

#[tokio::test]
async fn a_new_user_is_told_id_name_and_email_and_nothing_else() {
    let (client, email) = (App::new().client(), unique_email());
    let answer = client.register("Asha Rao", &email, PASSWORD).await.expect(201).saying("User registered successfully");
    let user = &answer.data()["user"];
    assert_eq!(names(user), ["email", "id", "name"]);
    assert_eq!(user["name"], "Asha Rao");
    assert_eq!(user["email"], email.as_str());
    uuid::Uuid::parse_str(id(user)).expect("an id is a UUID");
    assert_eq!(answer.cookies_set(), 0, "registering does not sign in");
}

#[tokio::test]
async fn a_new_user_can_sign_in() {
    let (app, email) = (App::new(), unique_email());
    app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    app.client().login(&email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_address_is_stored_trimmed_and_in_lower_case() {
    let (app, email) = (App::new(), unique_email());
    let typed = format!("  {}  ", email.to_uppercase());
    let answer = app.client().register("  Asha Rao ", &typed, PASSWORD).await.expect(201);
    assert_eq!(answer.data()["user"]["email"], email.as_str());
    assert_eq!(answer.data()["user"]["name"], "Asha Rao");
    app.client().login(&email, PASSWORD).await.expect(200);
    app.client().login(&typed, PASSWORD).await.expect(200);
}

#[tokio::test]
pub(crate) async fn an_address_is_unique_without_regard_to_case() {
    let (app, email) = (App::new(), unique_email());
    app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    for again in [email.clone(), email.to_uppercase(), format!(" {email} ")] {
        let answer = app.client().register("Someone Else", &again, PASSWORD).await;
        answer.expect_error(400, "USER_EXISTS").saying("User already exists");
    }
}

#[tokio::test]
pub(crate) async fn a_mailbox_is_one_account_however_its_domain_is_spelled_and_mail_arrives() {
    let (app, email) = (App::new(), unique_email().replace("example.com", "bücher.example"));
    let canonical = email.replace("bücher", "xn--bcher-kva");
    let answer = app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    assert_eq!(answer.data()["user"]["email"], canonical.as_str());
    let spellings = [
        canonical.clone(),
        email.to_uppercase(),
        email.replace('ü', "u\u{308}"),
        canonical.replace("@xn", "@ｘn"),
        email.replace(".example", "。ｅxample"),
    ];
    for again in spellings {
        let answer = app.client().register("Someone Else", &again, PASSWORD).await;
        answer.expect_error(400, "USER_EXISTS").saying("User already exists");
        app.client().login(&again, PASSWORD).await.expect(200);
    }
    let mail = app.mailbox.wait_for_text(&canonical, "/verify-email?token=").await;
    assert_eq!((mail.to, mail.from.as_str()), (canonical.clone(), "Spacedly <no-reply@spacedly.example>"));
    let token = app.reset_token_at(&email, &canonical).await;
    app.client().reset(&token, "Harbour-77-gull").await.expect(200);
    app.client().login(&canonical, "Harbour-77-gull").await.expect(200);
}

#[tokio::test]
async fn domains_of_every_script_are_taken() {
    let app = App::new();
    for domain in ["डाटामेल.भारत", "ตัวอย่าง.ไทย", "موقع.وزارة-الاتصالات.مصر"]
    {
        let email = unique_email().replace("example.com", domain);
        app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
        app.client().login(&email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn an_address_that_no_mail_can_reach_is_refused_in_words_that_say_so() {
    let app = App::new();
    let email = unique_email().replace("asha", "ünal");
    let answer = app.client().register("Asha Rao", &email, PASSWORD).await;
    let message =
        "Email must have only ASCII characters before the @, because mail cannot be delivered to other addresses";
    answer.expect_invalid(&["email"]).saying(message);
}

#[tokio::test]
async fn a_taken_address_keeps_its_owner_s_password() {
    let app = App::new();
    let user = app.user().await;
    app.client().register("Mallory", &user.email, "Another-Pass-1").await.expect_error(400, "USER_EXISTS");
    app.client().login(&user.email, "Another-Pass-1").await.expect_error(401, "INVALID_CREDENTIALS");
    let answer = app.client().login(&user.email, PASSWORD).await.expect(200);
    assert_eq!(answer.data()["user"]["name"], user.name.as_str());
}

#[tokio::test]
async fn one_verification_mail_leads_to_the_app() {
    let (app, email) = (App::new(), unique_email());
    app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    let link = format!("{FRONTEND}/verify-email?token=");
    let mail = app.mailbox.wait_for_text(&email, &link).await;
    assert!(mail.to.contains(&email), "{mail:?}");
    assert!(mail.html.contains(&link), "the HTML links there too: {mail:?}");
    for part in [&mail.html, &mail.text] {
        assert!(part.contains("An account with a password was created"), "{mail:?}");
        assert!(!part.contains("Asha"), "a stranger may have chosen the name: {mail:?}");
    }
    let token = mail.verification_token().expect("a token");
    assert!(token.len() >= 43, "256 bits take 43 characters of base64url: {token}");
    assert!(mail.html.contains(&token), "both parts hold the same token: {mail:?}");
}

#[tokio::test]
async fn a_refused_registration_sends_no_mail() {
    let app = App::new();
    let user = app.user().await;
    app.client().register("Mallory", &user.email, PASSWORD).await.expect_error(400, "USER_EXISTS");
    // What was asked for later has arrived: what was asked for before would have, too.
    let later = app.user().await;
    app.mailbox.wait_for_text(&later.email, "/verify-email?token=").await;
    eventually("the owner's own mail arrives", async || app.mailbox.messages(&user.email).await.pop()).await;
    assert_eq!(app.mailbox.messages(&user.email).await.len(), 1);
}

#[tokio::test]
async fn each_user_gets_a_token_of_their_own() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    let link = "/verify-email?token=";
    let first = app.mailbox.wait_for_text(&one.email, link).await;
    let second = app.mailbox.wait_for_text(&other.email, link).await;
    assert_ne!(first.verification_token(), second.verification_token());
}

#[tokio::test]
pub(crate) async fn every_bad_field_is_named_and_nothing_is_stored() {
    let app = App::new();
    let long = |n: usize| "a".repeat(n);
    let good = json!({"name": "Asha Rao", "email": "x@example.com", "password": PASSWORD});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let mut cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["name", "email", "password"]),
        (json!({"name": null, "email": null, "password": null}), &["name", "email", "password"]),
        (json!({"name": 7, "email": ["x@example.com"], "password": true}), &["name", "email", "password"]),
        (
            json!({"name": {"$ne": null}, "email": {"$ne": null}, "password": {"$ne": null}}),
            &["name", "email", "password"],
        ),
        (with("name", json!("A")), &["name"]),
        (with("name", json!("   ")), &["name"]),
        (with("name", json!(long(256))), &["name"]),
        (with("name", json!("Asha\u{0}Rao")), &["name"]),
        (with("name", json!("Asha\r\nBcc: x@example.com")), &["name"]),
        (with("email", json!(format!("{}@example.com", long(250)))), &["email"]),
    ];
    for email in
        ["", "asha", "asha@", "@example.com", "asha@localhost", "a b@example.com", "a@example..com", "a@b@example.com"]
    {
        cases.push((with("email", json!(email)), &["email"]));
    }
    for email in ["a@example.com\r\nBcc: b@example.com", "Asha <a@example.com>", "a@example.com, b@example.com"] {
        cases.push((with("email", json!(email)), &["email"]));
    }
    let too_long = format!("Aa1{}", long(126));
    for password in ["", "Ab1", "alllower1", "ALLUPPER1", "NoDigits", &too_long] {
        cases.push((with("password", json!(password)), &["password"]));
    }
    for (body, fields) in cases {
        app.client().post(PATH, body).await.expect_invalid(fields);
    }
    // The one good address in all of them is still free, as far as these bodies go.
    app.client().login("x@example.com", PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn the_bounds_themselves_are_allowed() {
    let app = App::new();
    let email = unique_email();
    let fill = 64 - email.find('@').expect("an address");
    let longest_local = format!("{}{email}", "a".repeat(fill));
    for (name, email, password) in [
        ("Al".to_owned(), unique_email(), "Aa1bcd".to_owned()),
        ("é".repeat(255), longest_local, format!("Aa1{}", "ö".repeat(125))),
    ] {
        app.client().register(&name, &email, &password).await.expect(201);
        app.client().login(&email, &password).await.expect(200);
    }
}

#[tokio::test]
pub(crate) async fn fields_that_are_not_asked_for_are_ignored() {
    let (app, email) = (App::new(), unique_email());
    let own = "0190a1b2-0000-7000-8000-000000000000";
    let body = json!({
        "name": "Asha Rao", "email": email, "password": PASSWORD, "id": own, "email_verified": true,
        "auth_provider": "google", "timezone": "UTC", "role": "admin",
    });
    let answer = app.client().post(PATH, body).await.expect(201);
    assert_ne!(answer.data()["user"]["id"], own);
    let client = app.client();
    let tokens = client.tokens(&email, PASSWORD).await;
    let me = client.bearer(&tokens.access).get("/api/user/me").await.expect(200);
    assert_eq!(me.data()["user"]["email_verified"], false);
    assert_eq!(me.data()["user"]["auth_provider"], "local");
}
