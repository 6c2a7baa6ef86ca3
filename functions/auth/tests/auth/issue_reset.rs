use serde_json::json;
use shared::auth::mailed::MailedToken;
use shared::auth::secrets::Secrets;
use shared::aws::secrets::SecretText;
use shared::domain::email::Email;
use shared::id::{MailId, TokenSeed};
use shared::messages::IssueReset;
use shared::store::mailed_tokens::TokenUse;
use test_support::{Answer, Scripted, World, keyring};

use crate::{deliver, reset_issuer};

fn message(email: &str) -> IssueReset {
    let email = Email::parse(email).unwrap();
    IssueReset { email, seed: TokenSeed::new(), kid: "1".to_owned(), mail_id: MailId::new() }
}

async fn secrets() -> Secrets {
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": secret}))]).await;
    Secrets::load(SecretText::new(&manager.sdk(), "keys".to_owned())).await.unwrap()
}

#[tokio::test]
async fn a_message_that_comes_twice_sends_one_mail() {
    let world = World::new().await;
    let issuer = reset_issuer(&world, secrets().await);
    let message = message(world.user.email.as_str());
    let before = world.count("MAIL#").await;
    for _ in 0..2 {
        deliver(&issuer, message.clone()).await.unwrap();
    }
    assert_eq!(world.count("MAIL#").await, before + 1);
    let token = MailedToken::derive(&keyring(), "1", message.seed).unwrap();
    let row = world.store.mailed_token(token.expose(), TokenUse::ResetPassword).await.unwrap().unwrap();
    assert_eq!(row.user_id, world.user.id);
    assert_eq!(world.store.user(world.user.id).await.unwrap().unwrap().reset_hash, Some(token.hash()));
}

#[tokio::test]
async fn an_unknown_address_is_no_error_and_a_lost_key_is_one() {
    let world = World::new().await;
    let issuer = reset_issuer(&world, secrets().await);
    let unknown = message("nobody@example.com");
    deliver(&issuer, unknown).await.unwrap();
    let lost = IssueReset { kid: "9".to_owned(), ..message(world.user.email.as_str()) };
    assert!(deliver(&issuer, lost).await.is_err());
}
