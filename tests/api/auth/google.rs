//! `GET /api/auth/google`, `GET /api/auth/google/callback`
//!
//! A local OpenID provider stands in for Google. What goes wrong on the way is in `google_failures`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Answer, App, Client, FRONTEND, PASSWORD, Person, SIGN_IN_FAILED, User, at_once, names, text, unique_email,
};

/// Signed in: on to the app, with a session's cookies, and the flow's cleared.
#[track_caller]
pub(super) fn assert_signed_in(answer: Answer) -> Answer {
    let answer = assert_leads_to(answer, "/dashboard");
    for (name, max_age) in [("accessToken", "Max-Age=900"), ("refreshToken", "Max-Age=604800")] {
        let cookie = answer.set_cookie(name).unwrap_or_else(|| panic!("expected {name}\n{answer}"));
        assert_eq!(cookie.attributes, ["HttpOnly", max_age, "Path=/", "SameSite=Lax"], "{name}");
    }
    assert_eq!(answer.cookies_set(), 3, "both tokens, and the flow's cookie\n{answer}");
    answer
}

/// Every failure ends so: nobody is signed in, and nothing but the flow's cookie is touched.
#[track_caller]
pub(super) fn assert_failed(answer: Answer) {
    let answer = assert_leads_to(answer, SIGN_IN_FAILED);
    assert_eq!(answer.cookies_set(), 1, "{answer}");
}

#[track_caller]
fn assert_leads_to(answer: Answer, path: &str) -> Answer {
    let answer = answer.expect(302);
    assert_eq!(answer.header("location"), Some(format!("{FRONTEND}{path}").as_str()), "{answer}");
    let cleared = answer.set_cookie("oidcFlow").unwrap_or_else(|| panic!("the flow is over\n{answer}"));
    assert_eq!(cleared.value, "", "{answer}");
    assert!(cleared.attributes.contains(&"Max-Age=0".to_owned()), "{answer}");
    answer
}

/// Comes back from the provider.
async fn sign_in(app: &App, person: &Person) -> Answer {
    let flow = app.google().await;
    let callback = flow.sign_in(app, person).await;
    flow.come_back(&callback).await
}

async fn account(app: &App, person: &Person) -> Value {
    app.google_browser(person).await.me().await
}

/// A person whose address is a user's.
fn person_of(user: &User) -> Person {
    Person::at(&user.email)
}

#[tokio::test]
async fn the_browser_is_sent_to_the_provider_with_all_that_guards_the_way_back() {
    let app = App::new();
    let flow = app.google().await;
    let provider = std::env::var("OIDC_URL").expect("OIDC_URL");
    let provider = provider.trim_end_matches('/');
    assert!(flow.authorization.as_str().starts_with(&format!("{provider}/")), "{}", flow.authorization);
    assert_eq!(flow.parameter("response_type"), "code");
    assert_eq!(flow.parameter("redirect_uri"), format!("{}/api/auth/google/callback", app.base_url()));
    let scope = flow.parameter("scope");
    let scopes: BTreeSet<&str> = scope.split(' ').collect();
    assert_eq!(scopes, BTreeSet::from(["email", "openid", "profile"]));
    assert_eq!(flow.parameter("code_challenge_method"), "S256");
    assert_eq!(flow.parameter("code_challenge").len(), 43);
    assert!(!flow.parameter("client_id").is_empty());

    let other = app.google().await;
    for name in ["state", "nonce", "code_challenge"] {
        let value = flow.parameter(name);
        assert!(value.len() >= 16, "{name} must not be guessable: {value}");
        assert_ne!(value, other.parameter(name), "{name} is the flow's own");
        assert!(!flow.cookie.is_empty() && flow.cookie != other.cookie);
    }
}

#[tokio::test]
pub(crate) async fn the_flow_s_cookie_has_exactly_its_attributes() {
    let answer = App::new().client().get("/api/auth/google").await.expect(302);
    let cookie = answer.set_cookie("oidcFlow").expect("a cookie");
    assert_eq!(cookie.attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]);
    assert_eq!(answer.cookies_set(), 1, "{answer}");
}

#[tokio::test]
async fn redirects_are_guarded_as_every_answer_is() {
    let app = App::new();
    let person = Person::new();
    let start = app.client().get("/api/auth/google").await.expect(302);
    let failed = app.client().get("/api/auth/google/callback").await.expect(302);
    for answer in [start, failed, sign_in(&app, &person).await] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "a code must not leak\n{answer}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer}");
        assert!(answer.header("strict-transport-security").is_some(), "{answer}");
    }
}

#[tokio::test]
async fn somebody_new_gets_an_account_without_a_password() {
    let app = App::new();
    let person = Person::new().named("Zoë O'Connor");
    let answer = assert_signed_in(sign_in(&app, &person).await);
    let tokens = answer.cookie_tokens();
    app.assert_alive(&tokens).await;
    let me = app.client().session_cookies(&tokens).me().await;
    assert_eq!((&me["name"], &me["email"]), (&json!("Zoë O'Connor"), &json!(person.email)));
    assert_eq!((&me["auth_provider"], &me["has_password"]), (&json!("google"), &json!(false)));
    assert_eq!((&me["email_verified"], &me["is_two_factor_enabled"]), (&json!(true), &json!(false)));
    assert_eq!((&me["timezone"], &me["morning_digest"]["time"]), (&json!("Asia/Kolkata"), &json!("05:00")));
}

#[tokio::test]
async fn a_nameless_profile_is_google_user() {
    let app = App::new();
    let me = account(&app, &Person::new().named("")).await;
    assert_eq!(me["name"], "Google User");
}

#[tokio::test]
async fn who_comes_again_is_the_same_user_in_a_further_session() {
    let app = App::new();
    let person = Person::new();
    let first = app.google_browser(&person).await;
    let second = app.google_browser(&person).await;
    let me = first.me().await;
    assert_eq!(second.me().await, me);
    assert_eq!(second.sessions().await.len(), 2);
    let renamed = account(&app, &person.clone().named("Somebody Else")).await;
    assert_eq!(renamed["name"], me["name"], "the user's own name stays as it is");
}

#[tokio::test]
async fn a_known_google_id_is_the_user_whatever_its_address_is_now() {
    let app = App::new();
    let person = Person::new();
    let before = account(&app, &person).await;
    let moved = person.clone().moved_to(&unique_email());
    assert_eq!(account(&app, &moved).await["id"], before["id"]);
    assert_eq!(account(&app, &moved.unverified()).await["id"], before["id"]);
    // Its address is the account's: nobody else gets in by it.
    let other = account(&app, &Person::at(&unique_email())).await;
    assert_ne!(other["id"], before["id"]);
}

#[tokio::test]
async fn a_verified_account_of_the_same_address_is_linked_and_keeps_its_password() {
    let app = App::new();
    let user = app.user().await;
    app.verify_address(&user).await;
    let mut wanted = user.me().await;
    let person = person_of(&user);
    let me = account(&app, &person).await;
    wanted["auth_provider"] = json!("google");
    wanted["name"] = json!(person.name);
    assert_eq!(me, wanted, "it takes the profile's name, and nothing else changes");
    app.client().login(&user.email, PASSWORD).await.expect(200);
    app.assert_alive(&user.tokens).await;
    // From now on it is known by its Google id, too.
    assert_eq!(account(&app, &person.named("")).await["id"], user.id.as_str());
}

#[tokio::test]
pub(crate) async fn an_account_whose_address_was_never_verified_loses_password_and_sessions_at_linking() {
    let app = App::new();
    // A stranger may have set the password.
    let stranger = app.user().await;
    let (_, other) = app.another_device(&stranger).await;
    let owner = app.google_browser(&person_of(&stranger)).await;
    let me = owner.me().await;
    assert_eq!(me["id"], stranger.id.as_str());
    assert_eq!((&me["has_password"], &me["email_verified"]), (&json!(false), &json!(true)));
    assert_eq!(me["auth_provider"], "google");
    app.assert_ended(&stranger.tokens).await;
    app.assert_ended(&other).await;
    assert_password_not_set(app.client().login(&stranger.email, PASSWORD).await);
    assert_eq!(owner.sessions().await.len(), 1);
    owner.task("The owner's").await;
}

#[tokio::test]
async fn what_a_stranger_had_asked_for_before_linking_is_void() {
    let app = App::new();
    let stranger = app.two_factor_user().await;
    let challenge = app.challenge(&stranger).await;
    let flow = app.google().await;
    let callback = flow.sign_in(&app, &person_of(&stranger)).await;
    flow.come_back(&callback).await.expect(302);
    challenge.verify(&challenge.code).await.expect_error(400, "INVALID_OTP");
}

#[tokio::test]
async fn a_nameless_profile_leaves_a_linked_account_its_name() {
    let app = App::new();
    let user = app.verified_user_named("Asha Rao").await;
    assert_eq!(account(&app, &person_of(&user).named("")).await["name"], "Asha Rao");
}

#[tokio::test]
async fn linking_is_told_by_mail_once() {
    let app = App::new();
    let user = app.user().await;
    app.verify_address(&user).await;
    let person = person_of(&user).named("Zoë <i>O'Connor</i>");
    account(&app, &person).await;
    let mail = app.mailbox.wait_for(&user.email, "Google Sign-In Linked").await;
    assert!(mail.html.contains("Zoë") && !mail.html.contains("<i>O'Connor"), "{mail:?}");
    account(&app, &person).await;
    app.later_mail(&user).await;
    assert_eq!(app.mailbox.about(&user.email, "Google Sign-In Linked").await.len(), 1);
}

#[tokio::test]
async fn an_address_is_compared_without_regard_to_case() {
    let app = App::new();
    let user = app.user().await;
    app.verify_address(&user).await;
    let person = Person::at(&user.email.to_uppercase());
    assert_eq!(account(&app, &person).await["id"], user.id.as_str());
}

#[tokio::test]
async fn the_domain_of_the_provider_s_address_is_read_as_at_registration() {
    let app = App::new();
    let email = unique_email().replace("example.com", "bücher.example");
    let answer = app.client().register("Asha Rao", &email, PASSWORD).await.expect(201);
    let person = Person::at(&email.replace("bücher", "xn--bcher-kva"));
    assert_eq!(account(&app, &person).await["id"], answer.data()["user"]["id"]);
}

#[tokio::test]
pub(crate) async fn an_address_that_the_provider_does_not_vouch_for_opens_and_makes_nothing() {
    let app = App::new();
    let user = app.user().await;
    app.verify_address(&user).await;
    let before = user.me().await;
    assert_failed(sign_in(&app, &person_of(&user).unverified()).await);
    assert_eq!(user.me().await, before);
    app.assert_alive(&user.tokens).await;

    let person = Person::new().unverified();
    assert_failed(sign_in(&app, &person).await);
    app.client().register("Asha Rao", &person.email, PASSWORD).await.expect(201);
}

#[tokio::test]
pub(crate) async fn a_second_factor_is_asked_for_after_google_too() {
    let app = App::new();
    let person = Person::new();
    let first = app.google_browser(&person).await;
    first.post("/api/user/enabled-2fa", json!({"is_Enabled": true})).await.expect(200);

    let answer = assert_leads_to(sign_in(&app, &person).await, "/verify-otp");
    let challenge = answer.set_cookie("otpChallenge").expect("a challenge cookie");
    assert_eq!(challenge.attributes, ["HttpOnly", "Max-Age=300", "Path=/", "SameSite=Lax"]);
    assert_eq!(answer.cookies_set(), 2, "no tokens before the code\n{answer}");
    assert_eq!(first.sessions().await.len(), 1);

    let code = app.mailbox.login_code(&person.email, 0).await;
    let browser = app.client().cookies(&[("otpChallenge", &challenge.value)]);
    let answer = browser.post("/api/auth/verify-otp", json!({"otp": code})).await.expect(200);
    assert_eq!(names(answer.data()), ["user"]);
    app.assert_alive(&answer.cookie_tokens()).await;
    assert_eq!(first.sessions().await.len(), 2);
}

#[tokio::test]
async fn of_first_sign_ins_at_once_there_comes_one_account() {
    let app = App::new();
    let person = Person::new();
    let mut calls = Vec::new();
    for _ in 0..4 {
        let flow = app.google().await;
        let callback = flow.sign_in(&app, &person).await;
        calls.push(flow.come_back(&callback));
    }
    let mut users = BTreeSet::new();
    for answer in at_once(calls).await {
        let dashboard = format!("{FRONTEND}/dashboard");
        if answer.header("location") == Some(dashboard.as_str()) {
            let tokens = assert_signed_in(answer).cookie_tokens();
            let me = app.client().session_cookies(&tokens).me().await;
            users.insert(text(&me, "id").to_owned());
        } else {
            assert_failed(answer);
        }
    }
    assert_eq!(users.len(), 1, "{users:?}");
    assert!(users.contains(text(&account(&app, &person).await, "id")));
}

#[track_caller]
fn assert_password_not_set(answer: Answer) {
    let answer = answer.expect_error(400, "PASSWORD_NOT_SET");
    answer.saying("This account is linked with google. Please use google to login");
}

/// A user who has no password, in a browser.
async fn without_password(app: &App) -> (Client, Person) {
    let person = Person::new();
    (app.google_browser(&person).await, person)
}

#[tokio::test]
async fn without_a_password_no_password_signs_in_and_the_address_is_taken() {
    let app = App::new();
    let (_, person) = without_password(&app).await;
    assert_password_not_set(app.client().login(&person.email, PASSWORD).await);
    let again = app.client().register("Mallory", &person.email, PASSWORD).await;
    again.expect_error(400, "USER_EXISTS");
}

#[tokio::test]
async fn a_password_can_be_set_once_and_then_signs_in() {
    let app = App::new();
    let (browser, person) = without_password(&app).await;
    let other = app.google_tokens(&person).await;
    let set = |password: &str| browser.post("/api/user/set-password", json!({"password": password}));
    set("Password1").await.expect_invalid(&["password"]);
    set(PASSWORD).await.expect(200).saying("Password set successfully");
    set("Harbour-77-gull").await.expect_error(400, "PASSWORD_ALREADY_SET");
    app.client().login(&person.email, PASSWORD).await.expect(200);
    app.client().login(&person.email, "Harbour-77-gull").await.expect_error(401, "INVALID_CREDENTIALS");
    let me = browser.me().await;
    assert_eq!((&me["has_password"], &me["auth_provider"]), (&json!(true), &json!("google")));
    app.assert_ended(&other).await;
    app.mailbox.wait_for(&person.email, "Password Changed").await;
    // Google goes on signing in.
    assert_eq!(account(&app, &person).await["id"], me["id"]);
}

#[tokio::test]
async fn of_passwords_set_at_once_one_counts() {
    let app = App::new();
    let (browser, person) = without_password(&app).await;
    let new = |n: usize| format!("Harbour-{n}-gull");
    let set = |n: usize| browser.post("/api/user/set-password", json!({"password": new(n)}));
    let answers = at_once((0..4).map(set)).await;
    let won: Vec<usize> = (0..4).filter(|n| answers[*n].status() == 200).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert!(answers.iter().all(|answer| [200, 400, 409].contains(&answer.status())));
    for n in 0..4 {
        let status = if n == won[0] { 200 } else { 401 };
        app.client().login(&person.email, &new(n)).await.expect(status);
    }
}

#[tokio::test]
async fn a_mailed_link_is_a_way_to_a_password_too() {
    let app = App::new();
    let (browser, person) = without_password(&app).await;
    let token = app.reset_token(&person.email).await;
    app.client().reset(&token, PASSWORD).await.expect(200);
    app.client().login(&person.email, PASSWORD).await.expect(200);
    browser.post("/api/tasks", json!({"title": "Too late"})).await.expect_unauthorized();
}

#[tokio::test]
async fn without_a_password_there_is_none_to_change() {
    let app = App::new();
    let (browser, person) = without_password(&app).await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"});
    browser.post("/api/user/change-password", body).await.expect(400);
    assert_password_not_set(app.client().login(&person.email, "Harbour-77-gull").await);
}

#[tokio::test]
async fn a_session_that_has_just_begun_may_delete_the_account_and_google_makes_a_new_one() {
    let app = App::new();
    let (browser, person) = without_password(&app).await;
    let before = browser.me().await;
    browser.delete("/api/user/me").await.expect(200).saying("Account deleted successfully");
    browser.get("/api/user/me").await.expect_unauthorized();
    let after = account(&app, &person).await;
    assert_ne!(after["id"], before["id"]);
    assert_eq!(after["email"], before["email"]);
}
