//! Tokens that are signed with the system's real keys and wrong in one thing only.

use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::support::jwt::{self, Jwt, Purpose, SigningKey};
use crate::support::{App, User};
use crate::tokens::assert_refused;

/// A token in the making: a real one's header and claims, the algorithm and the key that sign.
pub(super) struct Forgery {
    pub(super) header: serde_json::Value,
    pub(super) claims: serde_json::Value,
    algorithm: Algorithm,
    key: Vec<u8>,
    system: SigningKey,
}

impl Forgery {
    async fn of(app: &App, token: &str, purpose: Purpose) -> Self {
        let Jwt { raw: [first, second, signature], header, claims } = Jwt::of(token);
        let system = app.cloud().current_key().await;
        let key = system.derive(purpose);
        let signed = format!("{first}.{second}");
        assert_eq!(jwt::mac(signed.as_bytes(), Algorithm::HS256, &key), signature, "this is the system's key");
        Self { header, claims, algorithm: Algorithm::HS256, key, system }
    }

    /// Signed in this way, and saying so.
    pub(super) fn algorithm(&mut self, algorithm: Algorithm) {
        self.header["alg"] = json!(format!("{algorithm:?}"));
        self.algorithm = algorithm;
    }

    /// Signed with the key of another purpose.
    pub(super) fn purpose(&mut self, purpose: Purpose) {
        self.key = self.system.derive(purpose);
    }

    /// Names this key, and is signed as if this were its master key.
    pub(super) fn under(&mut self, kid: &str, master: &str) {
        self.header["kid"] = json!(kid);
        self.key = SigningKey::new(kid, master).derive(Purpose::Access);
    }

    /// The id of the key that signs.
    pub(super) fn kid(&self) -> String {
        self.system.kid.clone()
    }

    /// Without this claim.
    pub(super) fn remove(&mut self, claim: &str) {
        let removed = self.claims.as_object_mut().and_then(|claims| claims.remove(claim));
        assert!(removed.is_some(), "a real token has {claim}");
    }

    fn sign(&self) -> String {
        jwt::sign(&self.header, &self.claims, self.algorithm, &self.key)
    }
}

/// An access token with this change opens nothing; without it, it does.
pub(super) async fn forged_access(change: impl FnOnce(&mut Forgery)) {
    let app = App::new();
    let user = app.user().await;
    let mut token = Forgery::of(&app, &user.tokens.access, Purpose::Access).await;
    app.client().bearer(&token.sign()).get("/api/user/me").await.expect(200);
    change(&mut token);
    let forged = token.sign();
    assert_refused(&app.client().bearer(&forged), "as Bearer").await;
    assert_refused(&app.client().cookies(&[("accessToken", &forged)]), "as cookie").await;
    assert!(user.tasks(&[]).await.is_empty());
}

/// A refresh token with this change opens nothing.
pub(super) async fn forged_refresh(change: impl FnOnce(&mut Forgery)) {
    let app = App::new();
    let user = app.user().await;
    let mut token = Forgery::of(&app, &user.tokens.refresh, Purpose::Refresh).await;
    change(&mut token);
    let forged = token.sign();
    app.client().cookies(&[("refreshToken", &forged)]).get("/api/user/me").await.expect_unauthorized();
    app.client().refresh(&forged).await.expect_unauthorized();
    assert!(user.tasks(&[]).await.is_empty());
}

pub(super) async fn tampered_payload() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let parts = Jwt::of(&user.tokens.access);
    for forged in [
        parts.with_claim("sub", json!(other.id)),
        parts.with_claim("email", json!(other.email)),
        parts.with_claim("exp", json!(4_000_000_000_u32)),
        parts.with_claim("role", json!("admin")),
    ] {
        assert_refused(&app.client().bearer(&forged), &forged).await;
    }
}

pub(super) async fn mixed_up_session() {
    let app = App::new();
    let (user, other): (User, User) = (app.user().await, app.user().await);
    let mut token = Forgery::of(&app, &user.tokens.access, Purpose::Access).await;
    token.claims["sub"] = json!(other.id);
    let forged = app.client().bearer(&token.sign());
    forged.post("/api/tasks", json!({"title": "Forged"})).await.expect_unauthorized();
    forged.patch("/api/user/me", json!({"name": "Forged"})).await.expect_unauthorized();
    forged.call("DELETE", "/api/user/sessions").await.expect_unauthorized();
    assert!(other.tasks(&[]).await.is_empty());
    assert_eq!(other.me().await["name"], other.name.as_str());
    app.assert_alive(&other.tokens).await;
}

pub(super) async fn refresh_as_access() {
    let app = App::new();
    let user = app.user().await;
    assert_refused(&app.client().bearer(&user.tokens.refresh), "as Bearer").await;
    assert_refused(&app.client().cookies(&[("accessToken", &user.tokens.refresh)]), "as cookie").await;
    app.assert_alive(&user.tokens).await;
}

pub(super) async fn access_as_refresh() {
    let app = App::new();
    let user = app.user().await;
    assert_refused(&app.client().cookies(&[("refreshToken", &user.tokens.access)]), "as cookie").await;
    app.client().refresh(&user.tokens.access).await.expect_unauthorized();
    let cookie = app.client().cookies(&[("refreshToken", &user.tokens.access)]);
    cookie.call("POST", "/api/auth/refresh").await.expect_unauthorized();
    app.assert_alive(&user.tokens).await;
}
