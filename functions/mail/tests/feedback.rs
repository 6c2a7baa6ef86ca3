//! `mail-feedback` against the table: deliveries, bounces and complaints, twice and out of order.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use mail::feedback::{self, FeedbackRecorder, SesEvent};
use serde_json::{Value, json};
use shared::domain::delivery::DeliveryState;
use shared::domain::delivery::MailOutcome;
use shared::domain::mail::{Mail, MailContent, MailState};
use shared::domain::reminder::Reminder;
use shared::domain::user::{MailStop, User};
use shared::events::QueueFunction;
use shared::store::Permit;
use test_support::{World, clock};

/// A reminder's mail, and how far it is.
async fn post(sent: bool) -> (World, Mail, Reminder) {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, Duration::from_secs(600)).await;
    let (system, now) = (Permit::of_system(), clock::now());
    let fired = test_support::fired(&reminder, &task, &world.user);
    world.store.fire_reminder(&system, &world.user, &fired).await.unwrap();
    let mut mail = fired.mail.unwrap();
    world.store.claim_mail(&system, &mail, Duration::from_secs(60), now).await.unwrap();
    mail.attempts += 1;
    if sent {
        world.store.settle_mail(&system, &mail, MailOutcome::Sent).await.unwrap();
        world.store.write_receipt(&system, &mail, MailOutcome::Sent, now).await.unwrap();
    }
    (world, mail, reminder)
}

fn event(mail: &Mail, kind: &str, more: Value) -> SesEvent {
    let mut event = json!({
        "eventType": kind,
        "mail": {"messageId": "m-1", "tags": {"user": [mail.user_id], "mail": [mail.id], "ses:from-domain": ["x"]}},
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

fn bounce(mail: &Mail, kind: &str) -> SesEvent {
    event(mail, "Bounce", json!({"bounce": {"bounceType": kind, "bouncedRecipients": []}}))
}

async fn handle(world: &World, event: &SesEvent) {
    feedback::handle(&world.store, &Permit::of_system(), event, clock::now()).await.unwrap();
}

async fn state(world: &World, reminder: &Reminder) -> DeliveryState {
    world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap().delivery.state
}

async fn user(world: &World) -> User {
    world.store.user(world.user.id).await.unwrap().unwrap()
}

#[test]
fn the_announcement_of_an_event_destination_is_no_event() {
    let read = FeedbackRecorder::parse;
    assert!(read("Successfully validated SNS topic for Amazon SES event publishing.").unwrap().is_none());
    assert!(read(r#"{"eventType":"Delivery","mail":{"tags":{}}}"#).unwrap().is_some());
    assert!(read("Some other sentence").is_err());
}

#[tokio::test]
async fn a_mail_that_arrived_shows_so_and_another_event_of_it_changes_nothing() {
    let (world, mail, reminder) = post(true).await;
    let delivery = event(&mail, "Delivery", json!({"delivery": {}}));
    handle(&world, &delivery).await;
    handle(&world, &delivery).await;
    assert_eq!(state(&world, &reminder).await, DeliveryState::Delivered);
    handle(&world, &event(&mail, "Open", json!({}))).await;
    assert_eq!((user(&world).await.mail_stopped, world.count("NTF#").await), (None, 1));
}

#[tokio::test]
async fn a_permanent_bounce_stops_mail_and_is_told_once() {
    let (world, mail, reminder) = post(true).await;
    for _ in 0..2 {
        handle(&world, &bounce(&mail, "Permanent")).await;
    }
    assert_eq!(state(&world, &reminder).await, DeliveryState::Bounced);
    assert_eq!(user(&world).await.mail_stopped, Some(MailStop::Bounced));
    // One of the reminder, one of the stop.
    assert_eq!(world.count("NTF#").await, 2);
    handle(&world, &event(&mail, "Delivery", json!({}))).await;
    assert_eq!(state(&world, &reminder).await, DeliveryState::Bounced, "a late delivery event does not undo it");
}

#[tokio::test]
async fn a_passing_bounce_shows_and_mail_goes_on() {
    let (world, mail, reminder) = post(true).await;
    handle(&world, &bounce(&mail, "Transient")).await;
    assert_eq!((state(&world, &reminder).await, user(&world).await.mail_stopped), (DeliveryState::Bounced, None));
}

#[tokio::test]
async fn a_complaint_stops_mail_and_the_mail_did_arrive() {
    let (world, mail, reminder) = post(true).await;
    handle(&world, &event(&mail, "Complaint", json!({"complaint": {}}))).await;
    assert_eq!(state(&world, &reminder).await, DeliveryState::Delivered);
    assert_eq!(user(&world).await.mail_stopped, Some(MailStop::Complained));
}

#[tokio::test]
async fn that_a_mail_is_no_spam_changes_nothing() {
    let (world, mail, reminder) = post(true).await;
    let before = world.store.user(world.user.id).await.unwrap().unwrap();
    let no_spam = json!({"complaint": {"complaintFeedbackType": "not-spam", "complainedRecipients": []}});
    handle(&world, &event(&mail, "Complaint", no_spam)).await;
    assert_eq!((state(&world, &reminder).await, user(&world).await.mail_stopped), (DeliveryState::Sent, None));
    assert_eq!((user(&world).await.updated_at, world.count("NTF#").await), (before.updated_at, 1));
    let abuse = json!({"complaint": {"complaintFeedbackType": "abuse"}});
    handle(&world, &event(&mail, "Complaint", abuse)).await;
    assert_eq!(user(&world).await.mail_stopped, Some(MailStop::Complained));
}

#[tokio::test]
async fn what_comes_back_after_a_delivery_is_an_automatic_reply_in_whatever_order_the_events_come() {
    for reply_first in [false, true] {
        let (world, mail, reminder) = post(true).await;
        let delivery = event(&mail, "Delivery", json!({"delivery": {}}));
        let reply = event(&mail, "Bounce", json!({"bounce": {"bounceType": "Transient", "bounceSubType": "General"}}));
        let events = if reply_first { [&reply, &delivery] } else { [&delivery, &reply] };
        for event in events.into_iter().chain(events) {
            handle(&world, event).await;
        }
        let receipt = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap().delivery;
        assert_eq!((receipt.state, receipt.reason), (DeliveryState::Delivered, None), "reply first: {reply_first}");
        assert_eq!((user(&world).await.mail_stopped, world.count("NTF#").await), (None, 1));
    }
}

#[tokio::test]
async fn an_address_that_is_refused_after_a_delivery_gets_no_more_mail() {
    let (world, mail, reminder) = post(true).await;
    handle(&world, &event(&mail, "Delivery", json!({}))).await;
    handle(&world, &bounce(&mail, "Permanent")).await;
    assert_eq!(state(&world, &reminder).await, DeliveryState::Bounced);
    assert_eq!(user(&world).await.mail_stopped, Some(MailStop::Bounced));
}

#[tokio::test]
async fn after_a_complaint_security_notices_still_go_out_and_reminders_do_not() {
    let (world, mail, _) = post(true).await;
    world.verify().await;
    handle(&world, &event(&mail, "Complaint", json!({"complaint": {"complaintFeedbackType": "abuse"}}))).await;
    let (user, now) = (user(&world).await, clock::now());
    assert!(mail.content.held_back(&user, now).is_some());
    assert_eq!(MailContent::PasswordChanged.held_back(&user, now), None);
}

#[tokio::test]
async fn an_event_of_a_mail_whose_record_was_lost_makes_the_record() {
    let (world, mail, reminder) = post(false).await;
    handle(&world, &event(&mail, "Delivery", json!({}))).await;
    let outgoing = world.store.outgoing(world.user.id, mail.id).await.unwrap().unwrap();
    assert_eq!(outgoing.mail.state, MailState::Sent);
    let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!((stored.email_sent, stored.delivery.state), (true, DeliveryState::Delivered));
}

#[tokio::test]
async fn verifying_the_address_anew_is_the_way_back() {
    let (world, mail, _) = post(true).await;
    handle(&world, &bounce(&mail, "Permanent")).await;
    let stopped = user(&world).await;
    assert!(
        stopped.refuses_mail(None, clock::now()).is_some() && mail.content.held_back(&stopped, clock::now()).is_some()
    );
    let (again, token) = test_support::verification(&stopped);
    assert_eq!(again.mail.content.held_back(&stopped, clock::now()), None);
    world.store.resend_verification(&world.permit(), &stopped, &again, &token).await.unwrap();
    world.store.verify_email(&world.permit(), stopped.id, token.expose(), clock::now()).await.unwrap();
    assert_eq!(
        (user(&world).await.mail_stopped, mail.content.held_back(&user(&world).await, clock::now())),
        (None, None)
    );
}

#[tokio::test]
async fn other_mails_and_strangers_are_no_error() {
    let (world, mail, _) = post(true).await;
    let other = Mail::new(world.user.id, MailContent::PasswordChanged, clock::now());
    handle(&world, &bounce(&other, "Transient")).await;
    let gone = Mail { user_id: shared::id::UserId::new(), ..mail };
    handle(&world, &bounce(&gone, "Permanent")).await;
    let untagged = json!({"eventType": "Bounce", "mail": {}, "bounce": {"bounceType": "Permanent"}});
    handle(&world, &serde_json::from_value(untagged).unwrap()).await;
    assert_eq!(user(&world).await.mail_stopped, None);
}
