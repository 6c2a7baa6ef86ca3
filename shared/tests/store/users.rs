use futures::future::join_all;
use shared::auth::mailed::MailedToken;
use shared::domain::email::Email;
use shared::domain::mail::VERIFICATION_VALID;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, new_user, verification};

#[tokio::test]
async fn of_many_registrations_of_one_address_at_once_one_wins() {
    let world = World::new().await;
    let attempts = (0..32).map(|_| async {
        let user = new_user("race@example.com");
        let (mail, token) = verification(&user);
        world.store.register(&Permit::of_system(), &user, &mail, &token).await.map(|()| user.id)
    });
    let outcomes = join_all(attempts).await;
    let winners: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let losers = outcomes.iter().filter(|o| matches!(o, Err(WriteError::Refused(Refusal::EmailTaken)))).count();
    assert_eq!((winners.len(), losers), (1, 31));
    let claimed = world.store.user_id_of(&Email::parse("RACE@example.com").unwrap()).await.unwrap();
    assert_eq!(claimed.as_ref(), Some(winners[0]));
}

#[tokio::test]
async fn an_account_is_read_back_as_it_was_written() {
    let world = World::new().await;
    let read = world.store.user(world.user.id).await.unwrap().unwrap();
    assert_eq!((read.id, read.email, read.name), (world.user.id, world.user.email.clone(), world.user.name.clone()));
    assert_eq!((read.timezone, read.password_hash), (world.user.timezone.clone(), world.user.password_hash.clone()));
    let account = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    assert_eq!(account.sessions.iter().map(|s| s.id).collect::<Vec<_>>(), [world.session.id]);
}

#[tokio::test]
async fn a_verification_token_works_once_and_only_the_newest() {
    let world = World::new().await;
    let (store, permit, now) = (&world.store, world.permit(), clock::now());
    let (mail, first) = verification(&world.user);
    store.resend_verification(&permit, &world.user, &mail, &first).await.unwrap();
    let (mail, second) = verification(&world.user);
    store.resend_verification(&permit, &world.user, &mail, &second).await.unwrap();
    let verify = async |token: &MailedToken| {
        let user = store.user_of_verification(token.expose(), now).await.unwrap();
        store.verify_email(&Permit::of_system(), user.unwrap_or(world.user.id), token.expose(), now).await
    };
    assert!(matches!(verify(&first).await, Err(WriteError::Refused(Refusal::TokenVoid))));
    verify(&second).await.unwrap();
    assert!(store.user(world.user.id).await.unwrap().unwrap().email_verified);
    assert!(matches!(verify(&second).await, Err(WriteError::Refused(Refusal::TokenVoid))));
    let later = now.plus(VERIFICATION_VALID * 2);
    assert!(store.user_of_verification(first.expose(), later).await.unwrap().is_none(), "too old");
}
