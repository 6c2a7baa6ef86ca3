//! Ways around the second factor.

use serde_json::json;

use crate::support::{App, PASSWORD};

/// The attacker's challenge is in the victim's browser; the victim types the code that the victim was mailed.
pub(super) async fn planted_challenge() {
    let app = App::new();
    let (victim, attacker) = (app.two_factor_user().await, app.two_factor_user().await);
    let (own, planted) = (app.challenge(&victim).await, app.challenge(&attacker).await);
    let browser = own.client.cookies(&[("otpChallenge", &planted.cookie)]);
    for body in [json!({"otp": own.code}), json!({"email": victim.email, "otp": own.code})] {
        let answer = browser.post("/api/auth/verify-otp", body).await.expect_error(400, "INVALID_OTP");
        assert_eq!(answer.cookies_set(), 0, "{answer}");
    }
    // What the body names counts before the cookie: the victim's own login goes through.
    let body = json!({"email": victim.email, "otp": own.code, "challengeId": own.id});
    let answer = browser.post("/api/auth/verify-otp", body).await.expect(200);
    assert_eq!(answer.data()["user"]["id"], victim.id.as_str());
    assert_eq!(attacker.sessions().await.len(), 1);
}

/// Registering the address again changes neither its password nor that it asks for a code.
pub(super) async fn register_again() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let again = app.client().register("Mallory", &user.email, "Harbour-77-gull").await;
    again.expect_error(400, "USER_EXISTS");
    app.client().login(&user.email, "Harbour-77-gull").await.expect_error(401, "INVALID_CREDENTIALS");
    let answer = app.client().login(&user.email, PASSWORD).await.expect(200).saying("OTP sent to your email");
    assert!(answer.set_cookie("accessToken").is_none(), "{answer}");
}
