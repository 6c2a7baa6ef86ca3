use shared::domain::email::Email;
use shared::domain::google::GoogleProfile;
use shared::domain::user::{AuthProvider, User};
use shared::domain::zone::Zone;
use shared::id::UserId;
use shared::store::google::GoogleMatches;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, notice, sign_up};

async fn link_user(world: &World, user: UserId, subject: &str) -> Result<(), WriteError> {
    let read = world.store.account_with_sessions(user, clock::now()).await.unwrap().unwrap();
    let profile = GoogleProfile { subject: subject.to_owned(), name: None };
    let link = read.user.link_google(profile, clock::now()).unwrap();
    let notice = notice(link.mail.clone(), &link.user);
    world.store.link_google(&Permit::of_system(), &read, &link, &notice).await
}

async fn link(world: &World, subject: &str) -> Result<(), WriteError> {
    link_user(world, world.user.id, subject).await
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
    assert_eq!((user.sessions_version, world.count("ACCOUNT#SESSION#").await), (2, 1));
}

#[tokio::test]
async fn a_google_account_is_linked_with_one_account_only() {
    let world = World::new().await;
    link(&world, "g-1").await.unwrap();
    let (other, _) = sign_up(&world.store, "other@example.com").await;
    let refused = link_user(&world, other.id, "g-1").await;
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

#[tokio::test]
async fn a_link_that_rests_on_an_older_reading_is_refused() {
    let world = World::new().await;
    let read = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    let profile = GoogleProfile { subject: "g-1".to_owned(), name: None };
    let linked = read.user.link_google(profile, clock::now()).unwrap();
    let session = test_support::new_session(&world.user);
    world.store.open_session(&Permit::of_system(), test_support::sign_in(&session, &read)).await.unwrap();
    let notice = notice(linked.mail.clone(), &linked.user);
    let refused = world.store.link_google(&Permit::of_system(), &read, &linked, &notice).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::AccountChanged))), "{refused:?}");
    assert_eq!(world.count("ACCOUNT#SESSION#").await, 2, "a stranger's new session is not left behind unseen");
}
