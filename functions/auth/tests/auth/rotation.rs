//! A key that the secret got after a function had read it: what was made with it works all the same.

use auth::oidc_flow::{Flow, VALID};
use auth::{google_callback, verify_otp};
use serde_json::json;
use shared::auth::challenge::Challenge;
use shared::auth::keyring::Keyring;
use shared::auth::mailed::{LoginCode, MailedToken};
use shared::auth::session::SessionLifetime;
use shared::http::{App, Request};
use shared::id::{MailId, TokenSeed};
use shared::messages::IssueReset;
use shared::store::Permit;
use shared::store::mailed_tokens::TokenUse;
use test_support::api::{answer, app, event, route, status};
use test_support::{Answer, Scripted, World, clock, rotated_keyring, rotated_secrets};

use crate::{call, deliver, provider, reset_issuer};

/// An app that has read the secret before key 2 was added, and one that will never get it.
async fn apps(world: &World) -> [App; 2] {
    let mut rotated = app(world.store.clone()).await;
    rotated.secrets = Some(rotated_secrets().await.into());
    [rotated, app(world.store.clone()).await]
}

#[tokio::test]
async fn a_login_code_of_a_newer_key_is_right() {
    let world = World::new().await;
    let keyring = rotated_keyring();
    for (app, expected) in apps(&world).await.iter().zip([200, 400]) {
        let now = clock::now();
        let challenge = Challenge::new(&keyring, &world.user, SessionLifetime::Ordinary, None, now);
        let system = Permit::of_system();
        let mail = test_support::addressed(challenge.mail(now), &world.user);
        world.store.open_challenge(&system, &challenge, &mail, None).await.unwrap();
        let code = LoginCode::derive(&keyring, "2", challenge.seed).unwrap();
        let body = json!({"email": world.user.email, "otp": code.expose(), "challengeId": challenge.id});
        let answer = call(app, verify_otp::OPERATION, verify_otp::handle, "192.0.2.1", &body).await;
        assert_eq!(status(&answer), expected);
    }
}

#[tokio::test]
async fn a_reset_that_was_asked_for_under_a_newer_key_is_issued() {
    let world = World::new().await;
    let issuer = reset_issuer(&world, rotated_secrets().await);
    let (email, seed) = (world.user.email.clone(), TokenSeed::new());
    let message = IssueReset { email, seed, kid: "2".to_owned(), mail_id: MailId::new() };
    deliver(&issuer, message).await.unwrap();
    let token = MailedToken::derive(&rotated_keyring(), "2", seed).unwrap();
    let row = world.store.mailed_token(token.expose(), TokenUse::ResetPassword).await.unwrap().unwrap();
    assert_eq!(row.user_id, world.user.id);
}

/// What the provider was asked after a browser came back with a flow that was sealed with `keyring`.
async fn asked_after_callback(app: &App, keyring: &Keyring) -> usize {
    let provider_server = Scripted::new(vec![Answer::broken()]).await;
    let (provider, manager) = provider(provider_server.endpoint().to_owned(), "{}").await;
    let word = |word: &str| word.to_owned();
    let expires_at = clock::now().plus(VALID).as_second();
    let flow = Flow { state: word("s"), nonce: word("n"), verifier: word("v"), expires_at };
    let callback = route(google_callback::OPERATION);
    let mut event = event(&callback, "192.0.2.1");
    event["cookies"] = json!([format!("__Host-oidcFlow={}", flow.seal(keyring))]);
    event["queryStringParameters"] = json!({"state": "s", "code": "c"});
    event["rawQueryString"] = json!("state=s&code=c");
    let handler = async move |app: &App, request: &Request<'_>| google_callback::handle(app, request, provider).await;
    assert_eq!(status(&answer(app, &callback, handler, event).await), 302);
    manager.asked().len() + provider_server.asked().len()
}

#[tokio::test]
async fn a_sign_in_with_google_that_began_under_a_newer_key_goes_on_to_the_provider() {
    let world = World::new().await;
    let [rotated, never] = apps(&world).await;
    assert!(asked_after_callback(&rotated, &rotated_keyring()).await > 0, "the flow was opened");
    assert_eq!(asked_after_callback(&never, &rotated_keyring()).await, 0, "the flow is none of ours");
}
