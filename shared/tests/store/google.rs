use shared::domain::email::Email;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::user::{AuthProvider, User};
use shared::domain::zone::Zone;
use shared::store::google::GoogleMatches;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, sign_up};

async fn link(world: &World, subject: &str) -> Result<(), WriteError> {
    let read = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    let mail = Mail::new(world.user.id, MailContent::GoogleLinked, clock::now());
    world.store.link_google(&Permit::of_system(), &read, subject, &mail).await
}

#[tokio::test]
async fn an_account_whose_address_was_never_verified_loses_password_and_sessions_at_linking() {
    let world = World::new().await;
    link(&world, "g-1").await.unwrap();
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    assert_eq!((user.password_hash, user.auth_provider), (None, AuthProvider::Google));
    assert_eq!((user.email_verified, user.google_id.as_deref()), (true, Some("g-1")));
    assert_eq!(world.count("ACCOUNT#SESSION#").await, 0);
    let matches = world.store.google_matches("g-1", Some(&world.user.email)).await.unwrap();
    assert_eq!(matches, GoogleMatches { linked: Some(world.user.id), same_email: Some(world.user.id) });
}

#[tokio::test]
async fn an_account_with_a_verified_address_keeps_both() {
    let world = World::new().await;
    let (mail, token) = test_support::verification(&world.user);
    world.store.resend_verification(&world.permit(), &world.user, &mail, &token).await.unwrap();
    world.store.verify_email(&world.permit(), world.user.id, token.expose(), clock::now()).await.unwrap();
    link(&world, "g-1").await.unwrap();
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    assert!(user.password_hash.is_some());
    assert_eq!(world.count("ACCOUNT#SESSION#").await, 1);
}

#[tokio::test]
async fn a_google_account_is_linked_with_one_account_only() {
    let world = World::new().await;
    link(&world, "g-1").await.unwrap();
    let (other, _) = sign_up(&world.store, "other@example.com").await;
    let read = world.store.account_with_sessions(other.id, clock::now()).await.unwrap().unwrap();
    let mail = Mail::new(other.id, MailContent::GoogleLinked, clock::now());
    let refused = world.store.link_google(&Permit::of_system(), &read, "g-1", &mail).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::GoogleTaken))), "{refused:?}");
    let newcomer = |email: &str, subject: &str| {
        let email = Email::parse(email).unwrap();
        User::register_with_google(world.user.name.clone(), email, subject.to_owned(), Zone::UTC, clock::now())
    };
    let permit = Permit::of_system();
    for (email, subject, refusal) in
        [("new@example.com", "g-1", Refusal::GoogleTaken), ("other@example.com", "g-2", Refusal::EmailTaken)]
    {
        match world.store.register_with_google(&permit, &newcomer(email, subject)).await {
            Err(WriteError::Refused(refused)) => assert_eq!(refused, refusal),
            other => panic!("{other:?}"),
        }
    }
}
