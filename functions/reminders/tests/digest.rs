//! `reminders-digest` against the table: once a day, twice, late, early, changed, killed.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use reminders::digest;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::mail::MailContent;
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::user::{User, UserPatch};
use shared::domain::zone::Zone;
use shared::id::MailId;
use shared::messages::{DigestCause, SendDigest};
use shared::store::Permit;
use test_support::{World, clock};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The registration's own mail.
const REGISTRATION: usize = 1;

/// A user with a task that is due, and reminded of, four hours after the next digest.
async fn world() -> (World, Task, Timestamp) {
    let world = World::new().await;
    let at = world.user.next_digest.unwrap().at;
    let task = world.task(json!({"title": "Pay rent", "dueDate": at.plus(HOUR * 4)})).await;
    world.reminder(&task, at.plus(HOUR * 4).since(clock::now())).await;
    (world, task, at)
}

async fn run(world: &World, cause: DigestCause, now: Timestamp) {
    let message = SendDigest { user_id: world.user.id, cause, mail_id: None };
    digest::handle(&world.store, &Permit::of_system(), "test", &message, now).await.unwrap();
}

/// How many notifications and digest mails there are.
async fn told(world: &World) -> (usize, usize) {
    (world.count("NTF#").await, world.count("MAIL#").await - REGISTRATION)
}

async fn user(world: &World) -> User {
    world.store.user(world.user.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_digest_goes_out_once_however_often_its_message_comes() {
    let (world, _, at) = world().await;
    for _ in 0..3 {
        run(&world, DigestCause::Planned, at).await;
    }
    assert_eq!(told(&world).await, (1, 1));
    let planned = user(&world).await.next_digest.unwrap();
    assert_eq!(planned.at, at.plus(DAY), "Kolkata has no daylight saving");
}

#[tokio::test]
async fn messages_that_come_at_once_send_one() {
    let (world, _, at) = world().await;
    futures::join!(
        run(&world, DigestCause::Planned, at),
        run(&world, DigestCause::Planned, at),
        run(&world, DigestCause::Planned, at),
    );
    assert_eq!(told(&world).await, (1, 1));
}

#[tokio::test]
async fn a_day_without_anything_has_no_mail_and_the_next_one_is_planned() {
    let world = World::new().await;
    let at = world.user.next_digest.unwrap().at;
    world.task(json!({"title": "Due, not reminded of", "dueDate": at.plus(HOUR)})).await;
    run(&world, DigestCause::Planned, at).await;
    assert_eq!(told(&world).await, (0, 0));
    assert_eq!(user(&world).await.next_digest.unwrap().at, at.plus(DAY));
}

#[tokio::test]
async fn a_message_that_comes_before_its_moment_does_nothing() {
    let (world, _, at) = world().await;
    run(&world, DigestCause::Planned, at.minus(HOUR / 12)).await;
    assert_eq!(told(&world).await, (0, 0));
    run(&world, DigestCause::Planned, at.plus(HOUR / 12)).await;
    assert_eq!(told(&world).await, (1, 1));
}

#[tokio::test]
async fn a_digest_that_is_hours_late_still_goes_out_and_one_whose_day_is_over_does_not() {
    let (world, _, at) = world().await;
    run(&world, DigestCause::Planned, at.plus(HOUR * 12)).await;
    assert_eq!(told(&world).await, (1, 1));
    let (world, _, at) = self::world().await;
    run(&world, DigestCause::Planned, at.plus(HOUR * 20)).await;
    assert_eq!(told(&world).await, (0, 0));
    let planned = user(&world).await.next_digest.unwrap();
    assert_eq!((planned.at, user(&world).await.digest_day), (at.plus(DAY), Some(world.user.next_digest.unwrap().day)));
}

#[tokio::test]
async fn a_changed_time_or_zone_moves_it_and_the_old_message_does_nothing() {
    let (world, _, first) = world().await;
    // Whether a new user is still owed today's digest depends on the hour. After the first one, nobody is.
    run(&world, DigestCause::Planned, first).await;
    let before = user(&world).await;
    let at = before.next_digest.unwrap().at;
    let due = at.plus(HOUR * 12);
    let task = world.task(json!({"title": "Water the ferns", "dueDate": due})).await;
    world.reminder(&task, due.since(clock::now())).await;

    let patch = UserPatch { timezone: Some(Zone::parse("Europe/Lisbon").unwrap()), ..UserPatch::default() };
    let changed = before.change(patch, at.minus(HOUR * 2));
    world.store.update_user(&world.permit(), &before, &changed).await.unwrap();
    let planned = changed.user.next_digest.unwrap();
    assert!(planned.at > at, "Lisbon rises later");
    assert_eq!(user(&world).await.next_digest, Some(planned));
    run(&world, DigestCause::Planned, at).await;
    assert_eq!(told(&world).await, (1, 1));
    run(&world, DigestCause::Planned, planned.at).await;
    run(&world, DigestCause::Planned, planned.at).await;
    assert_eq!(told(&world).await, (2, 2));
}

#[tokio::test]
async fn a_change_that_rests_on_an_older_reading_is_refused() {
    let (world, _, at) = world().await;
    run(&world, DigestCause::Planned, at).await;
    let patch = UserPatch { digest_enabled: Some(false), ..UserPatch::default() };
    let refused = world.store.update_user(&world.permit(), &world.user, &world.user.change(patch, at)).await;
    assert!(refused.is_err(), "it would plan the day that was settled again");
}

#[tokio::test]
async fn a_digest_that_was_turned_off_does_not_go_out() {
    let (world, _, at) = world().await;
    let patch = UserPatch { digest_enabled: Some(false), ..UserPatch::default() };
    world.store.update_user(&world.permit(), &world.user, &world.user.change(patch, at.minus(HOUR))).await.unwrap();
    assert_eq!(user(&world).await.next_digest, None);
    run(&world, DigestCause::Planned, at).await;
    assert_eq!(told(&world).await, (0, 0));
}

#[tokio::test]
async fn a_completed_task_is_not_in_it() {
    let (world, task, at) = world().await;
    complete(&world, &task, clock::now()).await;
    run(&world, DigestCause::Planned, at).await;
    // The one notification is the completion's.
    assert_eq!(told(&world).await, (1, 0));
}

/// Completes the task, or its present occurrence, as the API does.
async fn complete(world: &World, task: &Task, now: Timestamp) {
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    let change = row.task.change(done, &Zone::UTC, now).unwrap();
    let change = world.store.follow_due_date(change).await.unwrap();
    world.store.update_task(&world.permit(), &row, &change).await.unwrap();
}

#[tokio::test]
async fn an_occurrence_is_in_the_digest_of_its_own_day_only() {
    for completed_before in [false, true] {
        let world = World::new().await;
        let at = world.user.next_digest.unwrap().at;
        let recurrence = json!({"rrule": "FREQ=DAILY;INTERVAL=2", "anchor": "due"});
        let body = json!({"title": "Water the ferns", "dueDate": at.plus(HOUR * 4), "recurrence": recurrence});
        let task = world.task(body).await;
        world.relative_reminder(&task, 60).await;
        if completed_before {
            complete(&world, &task, at.minus(HOUR / 60)).await;
        }
        let told_of_first = usize::from(!completed_before);
        run(&world, DigestCause::Planned, at).await;
        assert_eq!(told(&world).await.1, told_of_first);
        if !completed_before {
            complete(&world, &task, at.plus(HOUR)).await;
        }
        run(&world, DigestCause::Planned, at.plus(DAY)).await;
        assert_eq!(told(&world).await.1, told_of_first, "nothing is due on the day between");
        run(&world, DigestCause::Planned, at.plus(DAY * 2)).await;
        assert_eq!(told(&world).await.1, told_of_first + 1);
    }
}

#[tokio::test]
async fn an_address_that_takes_no_mail_is_told_in_the_app_only() {
    let (world, _, at) = world().await;
    let stop = shared::domain::user::MailStop::Bounced;
    let told_of_stop = shared::domain::notification::Notification::mail_stopped(world.user.id, stop, at);
    world.store.stop_mail(&Permit::of_system(), stop, &told_of_stop).await.unwrap();
    run(&world, DigestCause::Planned, at).await;
    assert_eq!(told(&world).await, (2, 0));
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_an_operator_s_goes_out_now_and_settles_the_day() {
    let (world, _, at) = world().await;
    let morning = at.minus(HOUR * 3);
    run(&world, DigestCause::DryRun, morning).await;
    assert_eq!(told(&world).await, (0, 0));
    run(&world, DigestCause::Operator, morning).await;
    assert_eq!(told(&world).await, (1, 1));
    run(&world, DigestCause::Planned, at).await;
    assert_eq!(told(&world).await, (1, 1));
}

#[tokio::test]
async fn an_operator_s_message_that_comes_twice_sends_one_mail_and_another_command_sends_another() {
    let (world, _, at) = world().await;
    let morning = at.minus(HOUR * 3);
    for (mails, mail_id) in [(1, MailId::new()), (2, MailId::new())] {
        let message = SendDigest { user_id: world.user.id, cause: DigestCause::Operator, mail_id: Some(mail_id) };
        for _ in 0..2 {
            digest::handle(&world.store, &Permit::of_system(), "test", &message, morning).await.unwrap();
        }
        assert_eq!(told(&world).await.1, mails);
        assert!(world.store.outgoing(world.user.id, mail_id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_user_who_is_gone_is_no_error() {
    let world = World::new().await;
    let message = SendDigest { user_id: shared::id::UserId::new(), cause: DigestCause::Planned, mail_id: None };
    digest::handle(&world.store, &Permit::of_system(), "test", &message, clock::now()).await.unwrap();
}

#[tokio::test]
async fn its_mail_lists_the_task_and_names_its_reminder() {
    let (world, task, at) = world().await;
    run(&world, DigestCause::Planned, at).await;
    let mails = world.mails().await;
    let found = mails.into_iter().find_map(|mail| match mail.content {
        MailContent::Digest { day, total, tasks, reminders } => Some((day, total, tasks, reminders)),
        _ => None,
    });
    let (day, total, tasks, reminders) = found.unwrap();
    assert_eq!((day, total, tasks.len(), reminders.len()), (world.user.next_digest.unwrap().day, 1, 1, 1));
    assert_eq!((tasks[0].id, tasks[0].at), (task.id, task.due_date.unwrap()));
}
