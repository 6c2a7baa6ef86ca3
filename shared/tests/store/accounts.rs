use futures::future::join_all;
use serde_json::json;
use shared::domain::cleanup::Left;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::user::ALERT_AGAIN;
use shared::domain::user_change::{OtherSessions, TwoFactor};
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, new_session, notice, sign_in, sign_up};

#[tokio::test]
async fn a_deleted_account_frees_its_address_and_leaves_no_row() {
    let world = World::new().await;
    for number in 0..60 {
        world.task(json!({"title": format!("Task {number}")})).await;
    }
    let now = clock::now();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.delete_account(&world.permit(), &read, now).await.unwrap();
    assert_eq!((world.count("ACCOUNT").await, world.count("TASK#").await), (0, 60));
    sign_up(&world.store, world.user.email.as_str()).await;
    let permit = Permit::of_system();
    assert_eq!(world.store.delete_rows_of(&permit, world.user.id, 1).await.unwrap(), Left::Some);
    assert_eq!(world.store.delete_rows_of(&permit, world.user.id, 10).await.unwrap(), Left::Nothing);
    assert_eq!(world.count("").await, 0);
    assert_eq!(world.store.delete_rows_of(&permit, world.user.id, 10).await.unwrap(), Left::Nothing);
}

#[tokio::test]
async fn a_login_and_a_deletion_at_once_leave_no_ghost() {
    let world = World::new().await;
    let now = clock::now();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.delete_account(&world.permit(), &read, now).await.unwrap();
    let late = world.store.open_session(&Permit::of_system(), sign_in(&new_session(&world.user), &read)).await;
    assert!(matches!(late, Err(WriteError::Refused(Refusal::AccountChanged))), "{late:?}");
    assert_eq!(world.count("").await - world.count("MAIL#").await, 0);
}

#[tokio::test]
async fn a_login_that_began_before_two_factor_login_was_turned_on_opens_no_session_without_a_code() {
    for others in [OtherSessions::Keep, OtherSessions::End] {
        let world = World::new().await;
        let now = clock::now();
        let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
        let on = read.user.switch_two_factor(TwoFactor::On, now).unwrap();
        let told = notice(on.mail.clone(), &read.user);
        world.store.switch_two_factor(&world.permit(), &read, &on, others, &told).await.unwrap();
        let late = world.store.open_session(&Permit::of_system(), sign_in(&new_session(&world.user), &read)).await;
        assert!(matches!(late, Err(WriteError::Refused(Refusal::AccountChanged))), "{late:?}");
    }
}

#[tokio::test]
async fn two_factor_login_is_not_turned_on_beside_a_session_that_was_opened_meanwhile() {
    let world = World::new().await;
    let now = clock::now();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.open_session(&Permit::of_system(), sign_in(&new_session(&world.user), &read)).await.unwrap();
    let on = read.user.switch_two_factor(TwoFactor::On, now).unwrap();
    let told = notice(on.mail.clone(), &read.user);
    let late = world.store.switch_two_factor(&world.permit(), &read, &on, OtherSessions::End, &told).await;
    assert!(matches!(late, Err(WriteError::Refused(Refusal::AccountChanged))), "{late:?}");
}

#[tokio::test]
async fn an_ended_session_deletes_nothing() {
    let world = World::new().await;
    let now = clock::now();
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.end_session(&Permit::of_system(), world.user.id, world.session.id).await.unwrap();
    let refused = world.store.delete_account(&world.permit(), &read, now).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
    assert_eq!(world.count("ACCOUNT").await, 1);
}

#[tokio::test]
async fn the_owner_is_told_of_blocked_logins_once_an_hour() {
    let world = World::new().await;
    let now = clock::now();
    let told = |at| notice(Mail::new(world.user.id, MailContent::LoginsBlocked, at), &world.user);
    let (mails, permit) = ([told(now), told(now), told(now)], Permit::of_system());
    let outcomes = join_all(mails.iter().map(|mail| world.store.alert_of_blocked_logins(&permit, mail))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let later = told(now.plus(ALERT_AGAIN * 2));
    world.store.alert_of_blocked_logins(&permit, &later).await.unwrap();
}

#[tokio::test]
async fn an_address_that_signed_in_is_known() {
    let world = World::new().await;
    let read = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    assert_eq!(read.user.known_addresses, [test_support::ADDRESS]);
}
