use futures::future::join_all;
use shared::auth::challenge::{Challenge, MAX_RESENDS, MAX_TRIES, VALID};
use shared::auth::session::SessionLifetime;
use shared::clock::Timestamp;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::PasswordHash;
use shared::id::ChallengeId;
use shared::store::sessions::SignIn;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, addressed, clock, keyring, new_session, notice, sign_in};

async fn opened(world: &World, now: Timestamp) -> Challenge {
    let challenge = Challenge::new(&keyring(), &world.user, SessionLifetime::Ordinary, None, now);
    world
        .store
        .open_challenge(&Permit::of_system(), &challenge, &addressed(challenge.mail(now), &world.user), None)
        .await
        .unwrap();
    challenge
}

#[tokio::test]
async fn fifty_tries_at_once_are_still_five() {
    let (world, now) = (World::new().await, clock::now());
    let challenge = opened(&world, now).await;
    let permit = Permit::of_system();
    let tries = join_all((0..50).map(|_| world.store.try_challenge(&permit, challenge.id, now))).await;
    let passed = tries.into_iter().filter(|tried| tried.as_ref().unwrap().is_some()).count();
    assert_eq!(passed, MAX_TRIES as usize);
    assert!(world.store.try_challenge(&permit, challenge.id, now).await.unwrap().is_none(), "it is dead");
}

#[tokio::test]
async fn a_challenge_that_is_too_old_or_unknown_takes_no_try() {
    let (world, now) = (World::new().await, clock::now());
    let challenge = opened(&world, now).await;
    let permit = Permit::of_system();
    assert!(world.store.try_challenge(&permit, challenge.id, now.plus(VALID)).await.unwrap().is_none());
    assert!(world.store.try_challenge(&permit, ChallengeId::new(), now).await.unwrap().is_none());
    assert!(world.store.try_challenge(&permit, challenge.id, now).await.unwrap().is_some());
}

#[tokio::test]
async fn a_challenge_opens_one_session() {
    let (world, now) = (World::new().await, clock::now());
    let challenge = opened(&world, now).await;
    for is_first in [true, false] {
        let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
        let session = new_session(&world.user);
        let met = SignIn { challenge: Some(&challenge), ..sign_in(&session, &read) };
        let outcome = world.store.open_session(&Permit::of_system(), met).await;
        let over = matches!(outcome, Err(WriteError::Refused(Refusal::ChallengeOver)));
        assert_eq!((outcome.is_ok(), over), (is_first, !is_first), "{outcome:?}");
    }
    assert_eq!(world.count("ACCOUNT#SESSION#").await, 2);
}

#[tokio::test]
async fn a_replaced_code_opens_nothing_and_codes_run_out() {
    let (world, now) = (World::new().await, clock::now());
    let first = opened(&world, now).await;
    let permit = Permit::of_system();
    let mut challenge = first.clone();
    for _ in 0..MAX_RESENDS {
        challenge = challenge.renewed(&keyring(), now);
        world.store.renew_challenge(&permit, &challenge, &addressed(challenge.mail(now), &world.user)).await.unwrap();
    }
    let one_more = challenge.clone().renewed(&keyring(), now);
    let refused = world.store.renew_challenge(&permit, &one_more, &addressed(one_more.mail(now), &world.user)).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::ChallengeOver))), "{refused:?}");
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    let session = new_session(&world.user);
    let replaced = SignIn { challenge: Some(&first), ..sign_in(&session, &read) };
    let refused = world.store.open_session(&permit, replaced).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::ChallengeOver))), "{refused:?}");
    let stored = world.store.challenge(challenge.id).await.unwrap().unwrap();
    assert_eq!((stored.seed, stored.resends), (challenge.seed, MAX_RESENDS));
}

#[tokio::test]
async fn a_challenge_that_a_new_password_has_ended_or_whose_account_is_gone_gets_no_further_code() {
    let (world, now) = (World::new().await, clock::now());
    let challenge = opened(&world, now).await;
    let permit = Permit::of_system();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    let mail = notice(Mail::new(world.user.id, MailContent::PasswordChanged, now), &world.user);
    let hash = PasswordHash::from_phc("another".to_owned());
    world.store.set_password(&world.permit(), &read, &hash, world.session.id, &mail).await.unwrap();
    let mails = world.count("MAIL#").await;
    let renewed = challenge.renewed(&keyring(), now);
    for is_deleted in [false, true] {
        if is_deleted {
            world.delete_account().await;
        }
        let refused = world.store.renew_challenge(&permit, &renewed, &addressed(renewed.mail(now), &world.user)).await;
        assert!(matches!(refused, Err(WriteError::Refused(Refusal::AccountChanged))), "{refused:?}");
    }
    assert_eq!(world.count("MAIL#").await, mails);
}
