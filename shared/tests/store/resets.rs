use shared::auth::mailed::MailedToken;
use shared::domain::mail::{Mail, MailContent, RESET_VALID};
use shared::domain::password::PasswordHash;
use shared::domain::user::User;
use shared::id::TokenSeed;
use shared::store::mailboxes::AddressedMail;
use shared::store::mailed_tokens::{PasswordReset, ResetRefusal, TokenUse};
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, addressed, clock, keyring, notice};

fn reset(user: &User) -> (AddressedMail, MailedToken) {
    let (seed, kid) = (TokenSeed::new(), "1".to_owned());
    let token = MailedToken::derive(&keyring(), &kid, seed).unwrap();
    (addressed(Mail::new(user.id, MailContent::PasswordReset { seed, kid }, clock::now()), user), token)
}

async fn set(world: &World, token: &MailedToken, word: &str) -> Result<(), WriteError> {
    let read = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    let now = clock::now();
    let notice = notice(Mail::new(world.user.id, MailContent::PasswordChanged, now), &read.user);
    let hash = PasswordHash::from_phc(word.to_owned());
    let reset = PasswordReset { token: token.expose(), hash: &hash, address: "6e6577", notice: &notice, at: now };
    world.store.reset_password(&Permit::of_system(), &read, reset).await
}

#[tokio::test]
async fn a_message_that_comes_again_issues_nothing_even_after_the_token_was_used() {
    let world = World::new().await;
    let (mail, token) = reset(&world.user);
    world.store.issue_reset(&Permit::of_system(), &mail, &token).await.unwrap();
    set(&world, &token, "new").await.unwrap();
    let again = world.store.issue_reset(&Permit::of_system(), &mail, &token).await;
    assert!(matches!(again, Err(WriteError::Refused(ResetRefusal::AlreadyIssued))), "{again:?}");
    assert!(world.store.mailed_token(token.expose(), TokenUse::ResetPassword).await.unwrap().is_none());
    assert_eq!(world.store.user(world.user.id).await.unwrap().unwrap().reset_hash, None);
}

#[tokio::test]
async fn a_reset_ends_all_sessions_verifies_the_address_and_works_once() {
    let world = World::new().await;
    let alert = notice(Mail::new(world.user.id, MailContent::LoginsBlocked, clock::now()), &world.user);
    world.store.alert_of_blocked_logins(&Permit::of_system(), &alert).await.unwrap();
    let (mail, token) = reset(&world.user);
    world.store.issue_reset(&Permit::of_system(), &mail, &token).await.unwrap();
    set(&world, &token, "new").await.unwrap();
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    assert_eq!((user.email_verified, user.password_version), (true, 1));
    assert_eq!(user.password_hash, Some(PasswordHash::from_phc("new".to_owned())));
    assert_eq!(user.known_addresses, ["6e6577"], "where an intruder signed in is as strange as any other place");
    assert!(user.is_to_be_alerted(clock::now()));
    assert_eq!(world.count("ACCOUNT#SESSION#").await, 0);
    let again = set(&world, &token, "newer").await;
    assert!(matches!(again, Err(WriteError::Refused(Refusal::AccountChanged))), "{again:?}");
}

#[tokio::test]
async fn a_newer_token_voids_the_older() {
    let world = World::new().await;
    let ((first, older), (second, newer)) = (reset(&world.user), reset(&world.user));
    world.store.issue_reset(&Permit::of_system(), &first, &older).await.unwrap();
    world.store.issue_reset(&Permit::of_system(), &second, &newer).await.unwrap();
    assert!(set(&world, &older, "x").await.is_err());
    set(&world, &newer, "y").await.unwrap();
}

#[tokio::test]
async fn a_late_token_is_still_known_as_one_and_no_other_kind_passes_for_it() {
    let world = World::new().await;
    let (mail, token) = reset(&world.user);
    world.store.issue_reset(&Permit::of_system(), &mail, &token).await.unwrap();
    let row = world.store.mailed_token(token.expose(), TokenUse::ResetPassword).await.unwrap().unwrap();
    assert!(row.is_in_time(mail.mail.created_at) && !row.is_in_time(mail.mail.created_at.plus(RESET_VALID)));
    for other in [TokenUse::VerifyEmail, TokenUse::FetchExport] {
        assert!(world.store.mailed_token(token.expose(), other).await.unwrap().is_none());
    }
}
