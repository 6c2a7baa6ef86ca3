//! Ways to have the system flood a stranger's mailbox. Each ends at the mailbox's budget, and none uses up the codes that its
//! owner signs in with.

use serde_json::json;

use crate::support::{App, PASSWORD, Person, User, at_once, eventually, unique_email};

/// Mails that anyone can cause, and login codes, that a mailbox gets in an hour.
const BUDGET: usize = 10;
const CODE: &str = "Your Login OTP";

/// The mails of all kinds to an address, once those that are on their way have come.
async fn mails(app: &App, email: &str) -> usize {
    let witness = app.user().await;
    app.later_mail(&witness).await;
    app.mailbox.messages(email).await.len()
}

/// A new password again and again, in an account that a stranger made at somebody's address.
pub(super) async fn password_ping_pong() {
    let app = App::new();
    let user = app.user().await;
    let mut words = [PASSWORD, "Harbour-77-gull"];
    for _ in 0..15 {
        let body = json!({"currentPassword": words[0], "newPassword": words[1]});
        user.post("/api/user/change-password", body).await.expect(200);
        words.reverse();
    }
    assert_eq!(mails(&app, &user.email).await, 2, "that of the registration, and one of a kind in ten minutes");
}

/// An account made and deleted again and again.
pub(super) async fn register_and_delete() {
    let app = App::new();
    let email = unique_email();
    for number in 0..BUDGET + 3 {
        let client = app.client();
        client.register("Asha Rao", &email, PASSWORD).await.expect(201);
        if number < BUDGET {
            // A mail whose account is gone does not leave.
            eventually("the mail leaves", async || (app.mailbox.messages(&email).await.len() > number).then_some(()))
                .await;
        }
        let tokens = client.tokens(&email, PASSWORD).await;
        let owner = client.bearer(&tokens.access);
        owner.call("DELETE", "/api/user/me").json(&json!({"password": PASSWORD})).await.expect(200);
    }
    assert_eq!(mails(&app, &email).await, BUDGET);
}

/// Accounts at many tagged addresses of one mailbox.
pub(super) async fn tagged_addresses() {
    let app = App::new();
    let email = unique_email();
    let tagged: Vec<String> = (0..BUDGET + 4).map(|tag| email.replace('@', &format!("+{tag}@"))).collect();
    let answers = at_once(tagged.iter().map(|email| app.client().register("Asha Rao", email, PASSWORD))).await;
    answers.into_iter().for_each(|answer| drop(answer.expect(201)));
    let mut got = 0;
    for email in tagged.iter().map(|email| email.replace('+', "%2B")) {
        got += if got == 0 { mails(&app, &email).await } else { app.mailbox.messages(&email).await.len() };
    }
    assert_eq!(got, BUDGET);
}

/// Links to reset the password, asked for from many network addresses.
pub(super) async fn resets_from_everywhere() {
    let app = App::new();
    let user = app.verified_user_named("Asha Rao").await;
    for _ in 0..5 {
        let client = app.client();
        for _ in 0..3 {
            client.forgot(&user.email).await.expect(200);
        }
    }
    assert_eq!(mails(&app, &user.email).await, BUDGET, "with that of the registration");
    second_factor(&app, &user).await;
}

/// The account signs in with a code all the same.
async fn second_factor(app: &App, user: &User) {
    user.post("/api/user/enabled-2fa", json!({"is_Enabled": true})).await.expect(200);
    let challenge = app.challenge(user).await;
    challenge.verify(&challenge.code).await.expect(200);
}

/// Sign-ins with Google that each mail a code.
pub(super) async fn google_sign_ins() {
    let app = App::new();
    let person = Person::new();
    let tokens = app.google_tokens(&person).await;
    let user = app.client().bearer(&tokens.access);
    user.post("/api/user/enabled-2fa", json!({"is_Enabled": true})).await.expect(200);
    for _ in 0..BUDGET + 3 {
        let flow = app.google().await;
        let callback = flow.sign_in(&app, &person).await;
        flow.come_back(&callback).await.expect(302);
    }
    mails(&app, &person.email).await;
    assert_eq!(app.mailbox.about(&person.email, CODE).await.len(), BUDGET);
}

/// Login codes of a stranger's account at a tagged address, which nobody verifies: they end like the owner's, who still gets
/// codes.
pub(super) async fn codes_of_a_stranger_s_account() {
    let app = App::new();
    let owner = app.verified_user_named("Asha Rao").await;
    let tagged = owner.email.replace('@', "+x@");
    let stranger = app.client();
    stranger.register("Mallory", &tagged, PASSWORD).await.expect(201);
    let tokens = stranger.tokens(&tagged, PASSWORD).await;
    let switch = stranger.bearer(&tokens.access);
    switch.call("POST", "/api/user/enabled-2fa").json(&json!({"is_Enabled": true})).await.expect(200);
    for number in 0..BUDGET + 1 {
        let answer = stranger.login(&tagged, PASSWORD).await;
        drop(answer.expect(if number < BUDGET { 200 } else { 429 }));
    }
    second_factor(&app, &owner).await;
}

/// Login codes, by whoever knows the password, from many network addresses and from one that signed in before; and then a
/// link to reset the password, which still comes.
pub(super) async fn login_codes() {
    let app = App::new();
    let user = app.two_factor_user().await;
    for number in 0..BUDGET + 2 {
        let client = if number % 2 == 0 { user.signed_out() } else { app.client() };
        let answer = client.login(&user.email, PASSWORD).await;
        if number < BUDGET {
            answer.expect(200).saying("OTP sent to your email");
        } else {
            let answer = answer.expect_error(429, "TOO_MANY_REQUESTS");
            assert!(answer.header("retry-after").is_some(), "{answer}");
        }
    }
    mails(&app, &user.email).await;
    assert_eq!(app.mailbox.about(&user.email, CODE).await.len(), BUDGET);
    app.reset_token(&user.email).await;
}
