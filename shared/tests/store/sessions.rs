use futures::future::join_all;
use serde_json::json;
use shared::auth::session::MAX_SESSIONS;
use shared::clock::Timestamp;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::PasswordHash;
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, keyring, new_session, new_task, notice, sign_in};

#[tokio::test]
async fn an_ended_session_writes_nothing() {
    let world = World::new().await;
    world.store.end_session(&Permit::of_system(), world.user.id, world.session.id).await.unwrap();
    let refused = world.store.create_task(&world.permit(), &new_task(&world.user, json!({"title": "Too late"}))).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
    assert_eq!((world.count("TASK#").await, world.count("COUNTERS").await), (0, 0));
}

#[tokio::test]
async fn an_expired_session_writes_nothing_even_while_its_row_is_there() {
    let world = World::new().await;
    let mut task = new_task(&world.user, json!({"title": "Too late"}));
    task.created_at = Timestamp::from_second(world.session.expires_at).unwrap();
    let refused = world.store.create_task(&world.permit(), &task).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn a_login_beyond_the_limit_ends_the_oldest_session() {
    let world = World::new().await;
    let mut opened = vec![world.session.id];
    for _ in 0..MAX_SESSIONS {
        let account = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
        let session = new_session(&world.user);
        world.store.open_session(&Permit::of_system(), sign_in(&session, &account)).await.unwrap();
        opened.push(session.id);
    }
    let account = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    let mut left: Vec<_> = account.sessions.iter().map(|session| session.id).collect();
    left.sort();
    let mut expected = opened.split_off(1);
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn of_many_logins_at_once_each_counts_the_others() {
    let world = World::new().await;
    let read = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    let sessions: Vec<_> = (0..16).map(|_| new_session(&world.user)).collect();
    let permit = Permit::of_system();
    let outcomes =
        join_all(sessions.iter().map(|session| world.store.open_session(&permit, sign_in(session, &read)))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "the rest must read again");
    let refused = |o: &&Result<(), WriteError>| matches!(o, Err(WriteError::Refused(Refusal::AccountChanged)));
    assert_eq!(outcomes.iter().filter(refused).count(), 15);
}

#[tokio::test]
async fn of_two_rotations_at_once_one_wins() {
    let world = World::new().await;
    let (permit, now) = (Permit::of_system(), clock::now());
    let mut rotated = world.session.clone();
    rotated.rotate(&keyring(), now).unwrap();
    world.store.rotate_session(&permit, &rotated, 0).await.unwrap();
    let second = world.store.rotate_session(&permit, &rotated, 0).await;
    assert!(matches!(second, Err(WriteError::Refused(Refusal::SessionChanged))), "{second:?}");
    let stored = world.store.session(world.user.id, world.session.id).await.unwrap().unwrap();
    assert_eq!((stored.generation, stored.refresh_hash), (1, rotated.refresh_hash));
}

#[tokio::test]
async fn a_theft_ends_the_session_at_once_and_is_told_once() {
    let world = World::new().await;
    let (now, permit) = (clock::now(), Permit::of_system());
    world.store.end_stolen_session(&permit, &world.session).await.unwrap();
    let again = world.store.end_stolen_session(&permit, &world.session).await;
    assert!(matches!(again, Err(WriteError::Refused(Refusal::SessionChanged))), "{again:?}");
    let stolen = world.store.session(world.user.id, world.session.id).await.unwrap().unwrap();
    assert!(!stolen.is_alive(now));
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    assert!(read.sessions.is_empty(), "{:?}", read.sessions);
    let written = world.store.create_task(&world.permit(), &new_task(&world.user, json!({"title": "Too late"}))).await;
    assert!(matches!(written, Err(WriteError::SessionEnded)), "{written:?}");
    let mail = notice(stolen.theft_notice(now), &world.user);
    world.store.notify_of_theft(&permit, &stolen, &mail).await.unwrap();
    let again = world.store.notify_of_theft(&permit, &stolen, &mail).await;
    assert!(matches!(again, Err(WriteError::Refused(Refusal::SessionChanged))), "{again:?}");
    // One mail of the registration, one of the theft.
    assert_eq!((world.count("NTF#").await, world.count("MAIL#").await), (1, 2));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_refuses_logins_with_the_old_one() {
    let world = World::new().await;
    let now = clock::now();
    let before = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    let other = new_session(&world.user);
    world.store.open_session(&Permit::of_system(), sign_in(&other, &before)).await.unwrap();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    let hash = PasswordHash::from_phc("another".to_owned());
    let mail = notice(Mail::new(world.user.id, MailContent::PasswordChanged, now), &world.user);
    world.store.set_password(&world.permit(), &read, &hash, world.session.id, &mail).await.unwrap();
    let after = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    assert_eq!(after.sessions.iter().map(|s| s.id).collect::<Vec<_>>(), [world.session.id]);
    assert_eq!(after.user.password_hash, Some(hash));
    let late = world.store.open_session(&Permit::of_system(), sign_in(&new_session(&world.user), &read)).await;
    assert!(matches!(late, Err(WriteError::Refused(Refusal::AccountChanged))), "{late:?}");
}
