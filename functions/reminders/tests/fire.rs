//! `reminders-fire` against the table: duplicate, late, stale, killed.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use reminders::fire;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::delivery::DeliveryState;
use shared::domain::mail::MailCategory;
use shared::domain::mailbox::UNVERIFIED_REMINDER_MAILS;
use shared::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use shared::domain::snooze::Snooze;
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::user_change::Wanted;
use shared::domain::zone::Zone;
use shared::messages::FireReminder;
use shared::store::Permit;
use shared::store::counters::CounterSnapshot;
use test_support::{World, clock, parsed};

const HOUR: Duration = Duration::from_secs(3600);
/// The registration's own mail.
const REGISTRATION: usize = 1;

fn message(reminder: &Reminder) -> FireReminder {
    FireReminder { user_id: reminder.user_id, reminder_id: reminder.id, task_id: reminder.task_id, plan: reminder.plan }
}

async fn world() -> (World, Task, Reminder) {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "dueDate": due().plus(HOUR)})).await;
    let reminder = world.reminder(&task, HOUR * 3).await;
    (world, task, reminder)
}

/// A world for each kind of reminder that is [`due`] at the same time: with a time of its own, relative to the due date, and put
/// off.
async fn worlds() -> [(World, Task, Reminder); 3] {
    let (own, relative, snoozed) = futures::join!(world(), world(), world());
    let (world, task, reminder) = relative;
    delete(&world, &reminder).await;
    let follower = world.relative_reminder(&task, 60).await;
    let relative = (world, task, follower);
    let (world, task, reminder) = snoozed;
    let change = reminder.snooze(Snooze::Until(due()), clock::now()).unwrap();
    world.store.snooze_reminder(&world.permit(), &change).await.unwrap();
    let put_off = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    [own, relative, (world, task, put_off)]
}

async fn delete(world: &World, reminder: &Reminder) {
    world.store.delete_reminder(&world.permit(), reminder, &CounterSnapshot::default(), clock::now()).await.unwrap();
}

/// When the reminders of these tests are due.
fn due() -> Timestamp {
    clock::now().plus(HOUR * 3)
}

/// How many notifications and reminder mails there are.
async fn told(world: &World) -> (usize, usize) {
    (world.count("NTF#").await, world.count("MAIL#").await - REGISTRATION)
}

#[tokio::test]
async fn a_message_that_comes_twice_fires_once() {
    for (world, _, reminder) in worlds().await {
        for _ in 0..3 {
            let receipt = fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
            assert_eq!(receipt, None, "a mail's receipt is written when it has left");
        }
        assert_eq!(told(&world).await, (1, 1));
        let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
        assert_eq!(stored.status, ReminderStatus::Completed);
    }
}

#[tokio::test]
async fn messages_that_come_at_once_fire_once() {
    for (world, _, reminder) in worlds().await {
        let now = due();
        let system = Permit::of_system();
        let (a, b, c) = futures::join!(
            fire::handle(&world.store, &system, message(&reminder), now),
            fire::handle(&world.store, &system, message(&reminder), now),
            fire::handle(&world.store, &system, message(&reminder), now),
        );
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(told(&world).await, (1, 1));
    }
}

#[tokio::test]
async fn reminders_of_one_unverified_user_that_fire_at_once_all_fire() {
    let (world, task, _) = world().await;
    let mut messages = Vec::new();
    for _ in 0..8 {
        messages.push(message(&world.reminder(&task, HOUR * 3).await));
    }
    let system = Permit::of_system();
    let fired = messages.into_iter().map(|message| fire::handle(&world.store, &system, message, due()));
    assert!(futures::future::join_all(fired).await.into_iter().all(|outcome| outcome.is_ok()));
    assert_eq!(told(&world).await, (8, 3));
}

#[tokio::test]
async fn a_message_for_a_reminder_that_was_moved_does_nothing() {
    for (world, _, reminder) in worlds().await {
        let later = ReminderPatch { scheduled_at: Some(clock::now().plus(HOUR * 9)), ..ReminderPatch::default() };
        let moved = reminder.change(later, clock::now()).unwrap();
        world.store.update_reminder(&world.permit(), &moved, &CounterSnapshot::default()).await.unwrap();
        fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
        assert_eq!(told(&world).await, (0, 0));
        fire::handle(&world.store, &Permit::of_system(), message(&moved.next), due().plus(HOUR * 9)).await.unwrap();
        assert_eq!(told(&world).await, (1, 1));
    }
}

#[tokio::test]
async fn a_message_for_a_reminder_whose_occurrence_was_completed_or_skipped_does_nothing() {
    for skips in [false, true] {
        let world = World::new().await;
        let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
        let task = world.task(json!({"title": "Pay rent", "dueDate": due(), "recurrence": recurrence})).await;
        let reminder = world.reminder(&task, HOUR * 3).await;
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let completing = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        let change = match skips {
            true => row.task.skip(None, clock::now()).unwrap(),
            false => row.task.change(completing, &Zone::UTC, clock::now()).unwrap(),
        };
        world.store.update_task(&world.permit(), &row, &change).await.unwrap();
        for _ in 0..2 {
            fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
        }
        assert_eq!(told(&world).await, (usize::from(!skips), 0), "the notification of the completion");
    }
}

#[tokio::test]
async fn a_reminder_that_a_client_sends_back_as_pending_after_it_fired_does_not_fire_again() {
    let (world, _, reminder) = world().await;
    let (stale, now) = (reminder.clone(), clock::now().plus(HOUR * 2));
    fire::handle(&world.store, &Permit::of_system(), message(&reminder), now).await.unwrap();
    assert_eq!(told(&world).await, (1, 1));
    let whole = ReminderPatch {
        scheduled_at: Some(stale.scheduled_at),
        channel: Some(stale.channel),
        status: Some(ReminderStatus::Pending),
        ..ReminderPatch::default()
    };
    for _ in 0..2 {
        let read = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
        let change = read.change(whole.clone(), now).unwrap();
        world.store.update_reminder(&world.permit(), &change, &CounterSnapshot::default()).await.unwrap();
        for plan in [stale.plan, change.next.plan] {
            let message = FireReminder { plan, ..message(&reminder) };
            fire::handle(&world.store, &Permit::of_system(), message, due()).await.unwrap();
        }
    }
    assert_eq!(told(&world).await, (1, 1));
    let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.fires_at()), (ReminderStatus::Pending, None));
}

#[tokio::test]
async fn a_message_for_a_reminder_or_a_task_that_was_deleted_does_nothing() {
    for (world, task, reminder) in worlds().await {
        let other = world.reminder(&task, HOUR * 4).await;
        world
            .store
            .delete_reminder(&world.permit(), &reminder, &CounterSnapshot::default(), clock::now())
            .await
            .unwrap();
        fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
        fire::handle(&world.store, &Permit::of_system(), message(&other), due()).await.unwrap();
        assert_eq!(told(&world).await, (0, 0));
    }
}

#[tokio::test]
async fn a_message_whose_user_was_deleted_since_it_was_planned_does_nothing() {
    for (world, _, reminder) in worlds().await {
        world.delete_account().await;
        // The cleaner has not come yet: reminder and task still stand.
        assert!(world.store.reminder(world.user.id, reminder.id).await.unwrap().is_some());
        for _ in 0..2 {
            assert_eq!(
                fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap(),
                None
            );
        }
        assert_eq!(told(&world).await, (0, 0));
        world.store.delete_rows_of(&Permit::of_system(), world.user.id, 10).await.unwrap();
        assert_eq!(fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap(), None);
        assert_eq!((world.count("NTF#").await, world.count("MAIL#").await), (0, 0));
    }
}

#[tokio::test]
async fn a_reminder_of_a_task_that_was_completed_before_it_fired_is_called_off() {
    for (world, task, reminder) in worlds().await {
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        world
            .store
            .update_task(&world.permit(), &row, &row.task.change(done, &Zone::UTC, clock::now()).unwrap())
            .await
            .unwrap();
        fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
        // The one notification is the completion's.
        assert_eq!(told(&world).await, (1, 0));
    }
}

#[tokio::test]
async fn a_message_that_comes_hours_late_still_fires_and_tells_how_late() {
    for (world, _, reminder) in worlds().await {
        let by_push = serde_json::from_value(json!("push")).unwrap();
        let push = ReminderPatch { channel: Some(by_push), ..ReminderPatch::default() };
        let push = reminder.change(push, clock::now()).unwrap();
        world.store.update_reminder(&world.permit(), &push, &CounterSnapshot::default()).await.unwrap();
        let due = reminder.delivery.scheduled_for.unwrap();
        let receipt =
            fire::handle(&world.store, &Permit::of_system(), message(&push.next), due.plus(HOUR)).await.unwrap();
        assert_eq!(receipt.and_then(|receipt| receipt.lateness_ms), Some(3_600_000), "it goes into the metric");
        let again =
            fire::handle(&world.store, &Permit::of_system(), message(&push.next), due.plus(HOUR * 2)).await.unwrap();
        assert_eq!(again, None, "and only once");
        let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
        assert_eq!((stored.delivery.state, stored.delivery.lateness_ms), (DeliveryState::Sent, Some(3_600_000)));
        assert_eq!((stored.email_sent, told(&world).await), (false, (1, 0)));
    }
}

#[tokio::test]
async fn an_address_that_nobody_verified_gets_three_reminder_mails() {
    let (world, task, _) = world().await;
    for _ in 0..=UNVERIFIED_REMINDER_MAILS {
        let reminder = world.reminder(&task, HOUR * 3).await;
        fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
    }
    assert_eq!(told(&world).await, (4, 3));
}

#[tokio::test]
async fn a_clock_that_is_five_minutes_off_changes_nothing_and_a_message_an_hour_early_is_left_to_the_sweep() {
    for (ahead, wanted) in [(HOUR, (0, 0)), (HOUR / 12, (1, 1))] {
        for (world, _, reminder) in worlds().await {
            let due = reminder.delivery.scheduled_for.unwrap();
            fire::handle(&world.store, &Permit::of_system(), message(&reminder), due.minus(ahead)).await.unwrap();
            assert_eq!(told(&world).await, wanted);
            fire::handle(&world.store, &Permit::of_system(), message(&reminder), due.plus(HOUR / 12)).await.unwrap();
            assert_eq!(told(&world).await, (1, 1));
        }
    }
}

#[tokio::test]
async fn after_unsubscribing_a_reminder_tells_in_the_app_only() {
    let (world, _, reminder) = world().await;
    let mut off = world.user.subscribe(MailCategory::Reminders, Wanted::No, clock::now());
    off.notification = None;
    world.store.update_user(&Permit::of_system(), &world.user, &off).await.unwrap();
    fire::handle(&world.store, &Permit::of_system(), message(&reminder), reminder.fires_at().unwrap()).await.unwrap();
    assert_eq!(told(&world).await, (1, 0));
    let stored = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.delivery.state), (ReminderStatus::Completed, DeliveryState::Skipped));
}

#[tokio::test]
async fn a_message_for_a_reminder_whose_due_date_was_moved_does_nothing_and_it_fires_once_at_its_new_time() {
    let [_, (world, task, reminder), _] = worlds().await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let patch = TaskPatch { due_date: parsed_due(due().plus(HOUR * 24)), ..TaskPatch::default() };
    let change = world.store.follow_due_date(row.task.change(patch, &Zone::UTC, clock::now()).unwrap()).await.unwrap();
    world.store.update_task(&world.permit(), &row, &change).await.unwrap();
    let moved = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
    assert_eq!(moved.scheduled_at, due().plus(HOUR * 23));
    for _ in 0..2 {
        fire::handle(&world.store, &Permit::of_system(), message(&reminder), due()).await.unwrap();
        assert_eq!(told(&world).await, (0, 0));
    }
    for _ in 0..2 {
        fire::handle(&world.store, &Permit::of_system(), message(&moved), moved.fires_at().unwrap()).await.unwrap();
        assert_eq!(told(&world).await, (1, 1));
    }
}

fn parsed_due(at: Timestamp) -> shared::domain::field::Patch<shared::domain::due_date::DueDate> {
    let TaskPatch { due_date, .. } = parsed(json!({"dueDate": at}), clock::now());
    due_date
}

#[tokio::test]
async fn two_reminders_of_one_minute_both_arrive() {
    let (world, task, reminder) = world().await;
    let follower = world.relative_reminder(&task, 60).await;
    assert_eq!(follower.fires_at(), reminder.fires_at());
    let system = Permit::of_system();
    let at = reminder.fires_at().unwrap();
    let (one, other) = futures::join!(
        fire::handle(&world.store, &system, message(&reminder), at),
        fire::handle(&world.store, &system, message(&follower), at),
    );
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(told(&world).await, (2, 2));
}
