//! A new version of the secret with the master keys. The old key goes on signing here: other tests run meanwhile.

use std::time::Duration;

use serde_json::json;

use crate::support::jwt::{Jwt, Purpose, SigningKey, sign};
use crate::support::{App, eventually_within};

/// A token under an unknown key has the secret read again, at most once a minute.
const PATIENCE: Duration = Duration::from_secs(70);

/// A new master key, which the secret has from now on beside the others. Its id sorts after theirs.
async fn added_key(app: &App) -> SigningKey {
    let kid = format!("test-{}", uuid::Uuid::now_v7().simple());
    let master = format!("{}{}", uuid::Uuid::now_v7().simple(), uuid::Uuid::now_v7().simple());
    let mut keys = app.cloud().keys().await;
    keys[&kid] = json!(master);
    app.cloud().put_keys(&keys).await;
    SigningKey::new(&kid, &master)
}

#[tokio::test]
async fn a_token_under_a_new_key_is_good_within_a_minute_and_older_ones_stay_so() {
    let app = App::new();
    let user = app.user().await;
    let claims = Jwt::of(&user.tokens.access).claims;
    let key = added_key(&app).await;
    let token = key.token(Purpose::Access, &claims);

    let holder = app.client().bearer(&token);
    let me = eventually_within(PATIENCE, "a token under the new key is accepted", async || {
        let answer = holder.get("/api/user/me").await;
        // Whoever does not know the key yet refuses.
        if answer.status() == 401 { None } else { Some(answer.expect(200)) }
    })
    .await;
    assert_eq!(me.data()["user"]["id"], user.id.as_str());
    app.assert_alive(&user.tokens).await;
    app.client().refresh(&user.tokens.refresh).await.expect(200);
    let login = app.client().tokens(&user.email, crate::support::PASSWORD).await;
    assert_eq!(Jwt::of(&login.access).header["kid"], Jwt::of(&user.tokens.access).header["kid"], "`current` signs");

    // Its id alone opens nothing: the signature must be its own, and each purpose has a key of its own.
    let other = SigningKey::new(&key.kid, &"x".repeat(64));
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": key.kid});
    for forged in [
        other.token(Purpose::Access, &claims),
        key.token(Purpose::Refresh, &claims),
        sign(&header, &claims, jsonwebtoken::Algorithm::HS256, b""),
    ] {
        app.client().bearer(&forged).get("/api/user/me").await.expect_unauthorized();
    }
}
