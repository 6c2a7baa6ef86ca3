//! Users whose logins need a code, and logins that wait for theirs.

use serde_json::json;

use super::{App, Call, Client, User};

/// A login whose password was right, and which waits for its code.
pub(crate) struct Challenge {
    /// Where the login came from.
    pub(crate) client: Client,
    pub(crate) email: String,
    pub(crate) id: String,
    /// The value of its cookie.
    pub(crate) cookie: String,
    /// The code that was mailed.
    pub(crate) code: String,
}

impl App {
    /// A new user, signed in, whose next login needs a code.
    pub(crate) async fn two_factor_user(&self) -> User {
        let user = self.user().await;
        user.post("/api/user/enabled-2fa", json!({"is_Enabled": true})).await.expect(200);
        user
    }

    /// A login of such a user from a new address, and the code that it was mailed.
    pub(crate) async fn challenge(&self, user: &User) -> Challenge {
        let client = self.client();
        let seen = self.mailbox.login_codes(&user.email).await.len();
        let answer = client.login(&user.email, super::PASSWORD).await.expect(200).saying("OTP sent to your email");
        let id = super::text(answer.data(), "challengeId").to_owned();
        let cookie =
            answer.set_cookie("otpChallenge").unwrap_or_else(|| panic!("expected otpChallenge\n{answer}")).value;
        let code = self.mailbox.login_code(&user.email, seen).await;
        Challenge { client, email: user.email.clone(), id, cookie, code }
    }
}

impl Challenge {
    /// Gives a code, as a mobile app does.
    pub(crate) fn verify(&self, otp: &str) -> Call {
        self.verify_from(&self.client, otp)
    }

    /// The same from another address.
    pub(crate) fn verify_from(&self, client: &Client, otp: &str) -> Call {
        let body = json!({"email": self.email, "otp": otp, "challengeId": self.id});
        client.post("/api/auth/verify-otp", body).header("x-token-delivery", "body")
    }

    /// Asks for another code, as a mobile app does.
    pub(crate) fn resend(&self) -> Call {
        self.client.post("/api/auth/resend-otp", json!({"challengeId": self.id}))
    }

    /// A code that was not mailed: another one for each `n`.
    pub(crate) fn wrong(&self, n: u32) -> String {
        let code: u32 = self.code.parse().expect("a code is a number");
        format!("{:06}", (code + 1 + n) % 1_000_000)
    }
}
