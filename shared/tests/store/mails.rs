use std::time::Duration;

use serde_json::json;
use shared::domain::delivery::DeliveryState;
use shared::domain::delivery::MailOutcome;
use shared::domain::mail::{Mail, MailState};
use shared::domain::reminder::Reminder;
use shared::store::counters::CounterSnapshot;
use shared::store::mails::MailClaimed;
use shared::store::{Permit, WriteError};

use test_support::{World, clock};

const LEASE: Duration = Duration::from_secs(60);

/// A reminder that fired, and its mail.
async fn fired(world: &World) -> (Reminder, Mail) {
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, Duration::from_secs(600)).await;
    let fired = test_support::fired(&reminder, &task, &world.user);
    world.store.fire_reminder(&Permit::of_system(), &world.user, &fired).await.unwrap();
    (fired.change.next, fired.mail.unwrap())
}

#[tokio::test]
async fn one_try_at_a_time_has_a_mail_until_its_lease_ends() {
    let world = World::new().await;
    let (_, mail) = fired(&world).await;
    let (permit, now) = (Permit::of_system(), clock::now());
    world.store.claim_mail(&permit, &mail, LEASE, now).await.unwrap();
    let second = world.store.claim_mail(&permit, &mail, LEASE, now.plus(LEASE / 2)).await;
    assert!(matches!(second, Err(WriteError::Refused(MailClaimed))), "{second:?}");
    world.store.claim_mail(&permit, &mail, LEASE, now.plus(LEASE * 2)).await.unwrap();
}

#[tokio::test]
async fn a_mail_that_was_sent_is_not_claimed_again() {
    let world = World::new().await;
    let (reminder, mut mail) = fired(&world).await;
    let (permit, now) = (Permit::of_system(), clock::now());
    world.store.claim_mail(&permit, &mail, LEASE, now).await.unwrap();
    mail.attempts += 1;
    world.store.settle_mail(&permit, &mail, MailOutcome::Sent).await.unwrap();
    world.store.write_receipt(&permit, &mail, MailOutcome::Sent, now).await.unwrap();
    let again = world.store.claim_mail(&permit, &mail, LEASE, now.plus(LEASE * 9)).await;
    assert!(matches!(again, Err(WriteError::Refused(MailClaimed))), "{again:?}");
    let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!((stored.email_sent, stored.email_sent_at), (true, Some(now)));
    assert_eq!((stored.delivery.state, stored.delivery.attempts), (DeliveryState::Sent, 1));
}

#[tokio::test]
async fn a_mail_that_was_given_up_shows_and_can_be_sent_after_all() {
    let world = World::new().await;
    let (reminder, mail) = fired(&world).await;
    let (permit, now) = (Permit::of_system(), clock::now());
    world.store.claim_mail(&permit, &mail, LEASE, now).await.unwrap();
    world.store.settle_mail(&permit, &mail, MailOutcome::Failed { reason: "no" }).await.unwrap();
    world.store.write_receipt(&permit, &mail, MailOutcome::Failed { reason: "no" }, now).await.unwrap();
    let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!((stored.email_sent, stored.delivery.state), (false, DeliveryState::Failed));
    world.store.claim_mail(&permit, &mail, LEASE, now).await.unwrap();
}

#[tokio::test]
async fn a_mail_whose_reminder_was_deleted_meanwhile_is_settled_all_the_same() {
    let world = World::new().await;
    let (reminder, mail) = fired(&world).await;
    let (permit, now) = (Permit::of_system(), clock::now());
    world.store.claim_mail(&permit, &mail, LEASE, now).await.unwrap();
    let reminder = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    world.store.delete_reminder(&world.permit(), &reminder, &CounterSnapshot::default(), now).await.unwrap();
    world.store.settle_mail(&permit, &mail, MailOutcome::Sent).await.unwrap();
    world.store.write_receipt(&permit, &mail, MailOutcome::Sent, now).await.unwrap();
    let outgoing = world.store.outgoing(world.user.id, mail.id).await.unwrap().unwrap();
    assert_eq!(outgoing.mail.state, MailState::Sent);
}
