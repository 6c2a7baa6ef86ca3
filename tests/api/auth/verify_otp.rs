//! `POST /api/auth/verify-otp`

use serde_json::{Value, json};

use crate::support::{
    Answer, App, Challenge, Client, PASSWORD, Tokens, User, at_once, names, text, unique_email, unknown_id,
};

const PATH: &str = "/api/auth/verify-otp";
/// Wrong codes that a challenge takes.
const TRIES: u32 = 5;

#[track_caller]
fn assert_invalid(answer: Answer) {
    let answer = answer.expect_error(400, "INVALID_OTP").saying("Invalid or expired OTP");
    assert_eq!(answer.cookies_set(), 0, "{answer}");
}

/// Wrong codes, each from an address of its own, so that only the challenge counts them.
async fn guess_wrong(app: &App, challenge: &Challenge, times: u32) {
    for n in 0..times {
        assert_invalid(challenge.verify_from(&app.client(), &challenge.wrong(n)).await);
    }
}

#[tokio::test]
async fn the_code_signs_in_as_a_login_does() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let body = json!({"email": user.email, "otp": challenge.code, "challengeId": challenge.id});
    let answer = challenge.client.post(PATH, body).await.expect(200).saying("Login successful");
    assert_eq!(names(answer.data()), ["user"], "no tokens in a body that a page's scripts can read");
    let told = &answer.data()["user"];
    assert_eq!(names(told), ["email", "id", "is_two_factor_enabled", "name"]);
    assert_eq!((&told["id"], &told["email"]), (&json!(user.id), &json!(user.email)));
    assert_eq!((&told["name"], &told["is_two_factor_enabled"]), (&json!(user.name), &json!(true)));
    for (name, max_age) in [("accessToken", "Max-Age=900"), ("refreshToken", "Max-Age=604800")] {
        let cookie = answer.set_cookie(name).expect("a cookie");
        assert_eq!(cookie.attributes, ["HttpOnly", max_age, "Path=/", "SameSite=Lax"], "{name}");
    }
    app.assert_alive(&answer.cookie_tokens()).await;
}

#[tokio::test]
async fn a_browser_names_the_challenge_by_its_cookie_which_is_then_cleared() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let browser = challenge.client.cookies(&[("otpChallenge", &challenge.cookie)]);
    let answer = browser.post(PATH, json!({"email": user.email, "otp": challenge.code})).await.expect(200);
    let cleared = answer.set_cookie("otpChallenge").expect("the challenge cookie is cleared");
    assert_eq!(cleared.value, "");
    assert_eq!(cleared.attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"]);
    assert_eq!(answer.cookies_set(), 3, "{answer}");
    app.assert_alive(&answer.cookie_tokens()).await;
}

#[tokio::test]
async fn with_the_cookie_the_address_need_not_be_typed_again() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let browser = challenge.client.cookies(&[("otpChallenge", &challenge.cookie)]);
    let answer = browser.post(PATH, json!({"otp": challenge.code})).await.expect(200);
    assert_eq!(answer.data()["user"]["id"], user.id.as_str());
}

#[tokio::test]
async fn an_app_gets_tokens_in_the_body() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let answer = challenge.verify(&challenge.code).await.expect(200).saying("Login successful");
    for name in ["accessToken", "refreshToken"] {
        assert!(answer.set_cookie(name).is_none(), "instead of cookies: {answer}");
    }
    assert_eq!(names(&answer.data()["tokens"]), ["accessToken", "expiresIn", "refreshToken"]);
    assert_eq!(answer.data()["tokens"]["expiresIn"], 900);
    app.assert_alive(&answer.tokens()).await;
}

#[tokio::test]
async fn a_remembered_login_stays_remembered() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let body = json!({"email": user.email, "password": PASSWORD, "rememberMe": true});
    let login = app.client().post("/api/auth/login", body).await.expect(200);
    let code = app.mailbox.login_code(&user.email, 0).await;
    let body = json!({"email": user.email, "otp": code, "challengeId": text(login.data(), "challengeId")});
    let answer = app.client().post(PATH, body).await.expect(200);
    let cookie = answer.set_cookie("refreshToken").expect("a cookie");
    assert!(cookie.attributes.contains(&"Max-Age=2592000".to_owned()), "{cookie:?}");
}

#[tokio::test]
async fn the_address_is_compared_as_at_login() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let typed = format!("  {} ", user.email.to_uppercase());
    let body = json!({"email": typed, "otp": challenge.code, "challengeId": challenge.id});
    app.client().post(PATH, body).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_code_works_once() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    challenge.verify(&challenge.code).await.expect(200);
    assert_invalid(challenge.verify(&challenge.code).await);
    assert_eq!(user.sessions().await.len(), 2);
}

#[tokio::test]
pub(crate) async fn of_uses_at_once_one_succeeds() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let answers = at_once((0..6).map(|_| challenge.verify_from(&app.client(), &challenge.code))).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 200);
    assert_eq!(good.len(), 1);
    bad.into_iter().for_each(assert_invalid);
    assert_eq!(user.sessions().await.len(), 2);
}

#[tokio::test]
async fn a_wrong_code_opens_nothing_and_the_right_one_still_does() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    guess_wrong(&app, &challenge, TRIES - 1).await;
    assert_eq!(user.sessions().await.len(), 1);
    challenge.verify(&challenge.code).await.expect(200);
}

#[tokio::test]
pub(crate) async fn after_five_wrong_codes_the_right_one_is_refused() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    guess_wrong(&app, &challenge, TRIES).await;
    assert_invalid(challenge.verify_from(&app.client(), &challenge.code).await);
    assert_eq!(user.sessions().await.len(), 1);
    // The next login is a new chance.
    let next = app.challenge(&user).await;
    next.verify(&next.code).await.expect(200);
}

#[tokio::test]
pub(crate) async fn fifty_guesses_at_once_from_one_address_try_five_codes_at_most() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let answers = at_once((0..50).map(|n| challenge.verify(&challenge.wrong(n)))).await;
    let (tried, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 400);
    assert!((1..=TRIES as usize).contains(&tried.len()), "{} codes were tried", tried.len());
    tried.into_iter().for_each(assert_invalid);
    for answer in refused {
        let answer = answer.expect_error(429, "TOO_MANY_REQUESTS");
        assert_eq!(answer.header("ratelimit-policy"), Some("5;w=900"), "{answer}");
        assert!(answer.header("retry-after").is_some(), "{answer}");
    }
    challenge.verify(&challenge.code).await.expect_error(429, "TOO_MANY_REQUESTS");
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
pub(crate) async fn fifty_guesses_at_once_from_fifty_addresses_kill_the_challenge() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let guess = |n| challenge.verify_from(&app.client(), &challenge.wrong(n));
    for answer in at_once((0..50).map(guess)).await {
        assert_invalid(answer);
    }
    assert_invalid(challenge.verify_from(&app.client(), &challenge.code).await);
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
pub(crate) async fn a_code_is_bound_to_its_own_login() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let first = app.challenge(&user).await;
    let second = app.challenge(&user).await;
    assert_invalid(first.verify(&second.code).await);
    assert_invalid(second.verify(&first.code).await);
    first.verify(&first.code).await.expect(200);
    second.verify(&second.code).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_code_is_bound_to_its_own_user() {
    let app = App::new();
    let (user, other) = (app.two_factor_user().await, app.two_factor_user().await);
    let own = app.challenge(&user).await;
    let others = app.challenge(&other).await;
    let give = |challenge: &Challenge, email: &str, otp: &str| {
        app.client().post(PATH, json!({"email": email, "otp": otp, "challengeId": challenge.id}))
    };
    assert_invalid(give(&own, &other.email, &own.code).await);
    assert_invalid(give(&own, &user.email, &others.code).await);
    assert_invalid(give(&own, &unique_email(), &own.code).await);
    assert_invalid(give(&others, &user.email, &own.code).await);
    let answer = give(&own, &user.email, &own.code).await.expect(200);
    assert_eq!(answer.data()["user"]["id"], user.id.as_str());
    assert_eq!((user.sessions().await.len(), other.sessions().await.len()), (2, 1));
}

#[tokio::test]
async fn a_wrong_address_is_a_wrong_try() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    for _ in 0..TRIES {
        let body = json!({"email": unique_email(), "otp": challenge.code, "challengeId": challenge.id});
        assert_invalid(app.client().post(PATH, body).await);
    }
    assert_invalid(challenge.verify(&challenge.code).await);
}

#[tokio::test]
async fn another_user_s_challenge_dies_of_its_own_wrong_codes_only() {
    let app = App::new();
    let (user, other) = (app.two_factor_user().await, app.two_factor_user().await);
    let (own, others) = (app.challenge(&user).await, app.challenge(&other).await);
    guess_wrong(&app, &others, TRIES).await;
    own.verify(&own.code).await.expect(200);
    assert_invalid(others.verify(&others.code).await);
}

#[tokio::test]
pub(crate) async fn a_password_change_kills_what_waited_for_a_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"});
    user.post("/api/user/change-password", body).await.expect(200);
    assert_invalid(challenge.verify(&challenge.code).await);
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_reset_password_kills_what_waited_for_a_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let token = app.reset_token(&user.email).await;
    app.client().reset(&token, "Harbour-77-gull").await.expect(200);
    assert_invalid(challenge.verify(&challenge.code).await);
}

#[tokio::test]
async fn an_unknown_challenge_is_as_invalid_as_a_wrong_code() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let body = json!({"email": user.email, "otp": challenge.code, "challengeId": unknown_id()});
    assert_invalid(app.client().post(PATH, body).await);
    let body = json!({"email": unique_email(), "otp": "123456", "challengeId": unknown_id()});
    assert_invalid(app.client().post(PATH, body).await);
    challenge.verify(&challenge.code).await.expect(200);
}

#[tokio::test]
async fn a_cookie_that_names_no_challenge_opens_nothing() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let unknown = unknown_id();
    for cookie in ["", "rubbish", &unknown, "../../etc/passwd", &user.tokens.access] {
        let browser = app.client().cookies(&[("otpChallenge", cookie)]);
        let answer = browser.post(PATH, json!({"email": user.email, "otp": challenge.code})).await.expect(400);
        assert!(answer.set_cookie("accessToken").is_none(), "{answer}");
    }
    assert_eq!(user.sessions().await.len(), 1);
}

#[tokio::test]
async fn every_bad_field_is_named_and_is_no_try() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let good = json!({"email": user.email, "otp": challenge.code, "challengeId": challenge.id});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let post = |body: Value| app.client().post(PATH, body);
    post(json!({})).await.expect_invalid(&["email", "otp", "challengeId"]);
    post(json!({"email": user.email, "otp": challenge.code})).await.expect_invalid(&["challengeId"]);
    post(json!({"otp": challenge.code, "challengeId": challenge.id})).await.expect_invalid(&["email"]);
    let number: u32 = challenge.code.parse().expect("a code is a number");
    for otp in [json!(null), json!(number), json!({"$ne": null}), json!([challenge.code])] {
        post(with("otp", otp)).await.expect_invalid(&["otp"]);
    }
    let (shorter, longer) = (&challenge.code[1..], format!("{}0", challenge.code));
    for otp in ["", shorter, &longer, "12345a", "１２３４５６", "+12345", "-12345", "1e5000", "12 456"] {
        post(with("otp", json!(otp))).await.expect_invalid(&["otp"]);
    }
    for email in [json!(7), json!({"$ne": null}), json!("asha")] {
        post(with("email", email)).await.expect_invalid(&["email"]);
    }
    for id in [json!(7), json!({"$ne": null}), json!([challenge.id])] {
        post(with("challengeId", id)).await.expect_invalid(&["challengeId"]);
    }
    post(good).await.expect(200);
}

#[tokio::test]
async fn a_session_opened_with_a_code_shows_the_device_that_gave_it() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let challenge = app.challenge(&user).await;
    let device: Client = app.client().with_header("user-agent", "Phone of Asha");
    let tokens: Tokens = challenge.verify_from(&device, &challenge.code).await.expect(200).tokens();
    let session = app.client().bearer(&tokens.access).current_session().await;
    assert_eq!((&session["device"], &session["ip"]), (&json!("Phone of Asha"), &json!(device.address())));
}

#[tokio::test]
async fn five_wrong_codes_make_an_address_wait_and_right_ones_do_not_count() {
    let app = App::new();
    let user: User = app.two_factor_user().await;
    let client = app.client();
    for _ in 0..2 {
        let challenge = app.challenge(&user).await;
        challenge.verify_from(&client, &challenge.code).await.expect(200);
    }
    let challenge = app.challenge(&user).await;
    for _ in 0..5 {
        let body = json!({"email": user.email, "otp": "123456", "challengeId": unknown_id()});
        assert_invalid(client.post(PATH, body).await);
    }
    challenge.verify_from(&client, &challenge.code).await.expect_error(429, "TOO_MANY_REQUESTS");
    challenge.verify_from(&app.client(), &challenge.code).await.expect(200);
}
