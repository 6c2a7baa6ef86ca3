//! The counters against a recount of the rows, after any sequence of operations, one after the other and at once.

use std::time::Duration;

use futures::future::join_all;
use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::analytics::{Analytics, Streaks};
use shared::domain::counters::local_day;
use shared::domain::firing::{Firing, FiringDecision};
use shared::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use shared::domain::snooze::Snooze;
use shared::domain::task::TaskPatch;
use shared::domain::user::UserPatch;
use shared::domain::zone::Zone;
use shared::id::{ReminderId, TaskId};
use shared::store::counters::CounterSnapshot;
use shared::store::replay::{Mode, Replay};
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, new_reminder, new_task, parsed};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Something that a user, or a schedule, does to the user's things. Numbers pick one of those that there are.
#[derive(Clone, Debug)]
enum Operation {
    CreateTask { category: u8, completed: bool },
    ChangeTask { task: usize, body: &'static str, category: u8 },
    DeleteTask { task: usize },
    Remind { task: usize, ahead_days: u8, status: ReminderStatus },
    SetStatus { reminder: usize, status: ReminderStatus },
    Move { reminder: usize, ahead_days: u8 },
    Fire { reminder: usize },
    DeleteReminder { reminder: usize },
    RemindBeforeDue { task: usize, offset_minutes: u32 },
    MoveDueDate { task: usize, ahead_days: u8 },
    Snooze { reminder: usize, ahead_days: u8 },
    CleanUp { task: usize },
    ChangeZone { zone: &'static str },
}

fn status() -> impl Strategy<Value = ReminderStatus> {
    prop_oneof![Just(ReminderStatus::Pending), Just(ReminderStatus::Completed), Just(ReminderStatus::Skipped)]
}

fn operation() -> impl Strategy<Value = Operation> {
    let body = prop_oneof![Just("completed"), Just("todo"), Just("in-progress")];
    let zone = prop_oneof![Just("Asia/Kolkata"), Just("Pacific/Kiritimati"), Just("America/New_York")];
    prop_oneof![
        2 => (0_u8..4, any::<bool>()).prop_map(|(category, completed)| Operation::CreateTask { category, completed }),
        3 => (0_usize..99, body, 0_u8..4)
            .prop_map(|(task, body, category)| Operation::ChangeTask { task, body, category }),
        1 => (0_usize..99).prop_map(|task| Operation::DeleteTask { task }),
        5 => (0_usize..99, 0_u8..70, status())
            .prop_map(|(task, ahead_days, status)| Operation::Remind { task, ahead_days, status }),
        5 => (0_usize..99, status()).prop_map(|(reminder, status)| Operation::SetStatus { reminder, status }),
        2 => (0_usize..99, 0_u8..70).prop_map(|(reminder, ahead_days)| Operation::Move { reminder, ahead_days }),
        3 => (0_usize..99).prop_map(|reminder| Operation::Fire { reminder }),
        2 => (0_usize..99).prop_map(|reminder| Operation::DeleteReminder { reminder }),
        3 => (0_usize..99, 0_u32..3_000)
            .prop_map(|(task, offset_minutes)| Operation::RemindBeforeDue { task, offset_minutes }),
        4 => (0_usize..99, 0_u8..70).prop_map(|(task, ahead_days)| Operation::MoveDueDate { task, ahead_days }),
        2 => (0_usize..99, 0_u8..27).prop_map(|(reminder, ahead_days)| Operation::Snooze { reminder, ahead_days }),
        1 => (0_usize..99).prop_map(|task| Operation::CleanUp { task }),
        1 => zone.prop_map(|zone| Operation::ChangeZone { zone }),
    ]
}

/// The ids of a user's things, those that are gone included.
#[derive(Default)]
struct Things {
    tasks: Vec<TaskId>,
    reminders: Vec<ReminderId>,
}

impl Things {
    fn task(&self, at: usize) -> Option<TaskId> {
        self.tasks.get(at % self.tasks.len().max(1)).copied()
    }

    fn reminder(&self, at: usize) -> Option<ReminderId> {
        self.reminders.get(at % self.reminders.len().max(1)).copied()
    }
}

fn in_days(days: u8) -> Duration {
    DAY * u32::from(days) + Duration::from_secs(1800)
}

/// Does it as a route does: read, change, write.
async fn perform(world: &World, things: &mut Things, operation: Operation) -> Result<(), WriteError> {
    let (store, user, permit, now) = (&world.store, world.user.id, world.permit(), clock::now());
    match operation {
        Operation::CreateTask { category, completed } => {
            let status = if completed { "completed" } else { "todo" };
            let due = now.plus(in_days(category + 1));
            let body =
                json!({"title": "A task", "category": category_name(category), "status": status, "dueDate": due});
            let task = new_task(&world.user, body);
            store.create_task(&permit, &task).await?;
            things.tasks.push(task.id);
        }
        Operation::ChangeTask { task, body, category } => {
            let Some(id) = things.task(task) else { return Ok(()) };
            let Some(row) = store.task(user, id).await? else { return Ok(()) };
            let patch = parsed::<TaskPatch>(json!({"status": body, "category": category_name(category)}), clock::now());
            store.update_task(&permit, &row, &row.task.change(patch, &Zone::UTC, now).unwrap()).await?;
        }
        Operation::DeleteTask { task } => {
            let Some(id) = things.task(task) else { return Ok(()) };
            let Some(row) = store.task(user, id).await? else { return Ok(()) };
            store.delete_task(&permit, &row, now).await?;
        }
        Operation::Remind { task, ahead_days, status } => {
            let Some(id) = things.task(task) else { return Ok(()) };
            let Some(row) = store.task(user, id).await? else { return Ok(()) };
            let mut reminder = new_reminder(&row.task, in_days(ahead_days));
            reminder.status = status;
            store.create_reminder(&permit, &reminder).await?;
            things.reminders.push(reminder.id);
        }
        Operation::SetStatus { reminder, status } => {
            let patch = ReminderPatch { status: Some(status), ..ReminderPatch::default() };
            change(world, things.reminder(reminder), patch).await?;
        }
        Operation::Move { reminder, ahead_days } => {
            let scheduled_at = Some(now.plus(in_days(ahead_days)));
            change(world, things.reminder(reminder), ReminderPatch { scheduled_at, ..ReminderPatch::default() })
                .await?;
        }
        Operation::Fire { reminder } => fire(world, things.reminder(reminder)).await?,
        Operation::DeleteReminder { reminder } => {
            let Some(id) = things.reminder(reminder) else { return Ok(()) };
            let Some((row, known)) = store.reminder_to_recount(user, id, now).await? else { return Ok(()) };
            store.delete_reminder(&permit, &row, &known, now).await?;
        }
        Operation::RemindBeforeDue { task, offset_minutes } => {
            let Some(id) = things.task(task) else { return Ok(()) };
            let Some(row) = store.task(user, id).await? else { return Ok(()) };
            let new = parsed(json!({"taskId": id, "offsetMinutes": offset_minutes}), now);
            let Ok(reminder) = Reminder::new(user, new, row.task.due_date, now) else { return Ok(()) };
            store.create_reminder(&permit, &reminder).await?;
            things.reminders.push(reminder.id);
        }
        Operation::MoveDueDate { task, ahead_days } => {
            let Some(id) = things.task(task) else { return Ok(()) };
            let Some(row) = store.task(user, id).await? else { return Ok(()) };
            let patch = parsed::<TaskPatch>(json!({"dueDate": now.plus(in_days(ahead_days))}), now);
            let change = store.follow_due_date(row.task.change(patch, &Zone::UTC, now).unwrap()).await?;
            store.update_task(&permit, &row, &change).await?;
        }
        Operation::Snooze { reminder, ahead_days } => {
            let Some(id) = things.reminder(reminder) else { return Ok(()) };
            let Some(row) = store.reminder(user, id).await? else { return Ok(()) };
            let Ok(change) = row.snooze(Snooze::Until(now.plus(in_days(ahead_days))), now) else { return Ok(()) };
            store.snooze_reminder(&permit, &change).await?;
        }
        Operation::CleanUp { task } => {
            let Some(id) = things.task(task) else { return Ok(()) };
            if store.task(user, id).await?.is_none() {
                store.delete_completions_of(&Permit::of_system(), (user, id), None, now).await?;
            }
        }
        Operation::ChangeZone { zone } => {
            let patch = UserPatch { timezone: Some(Zone::parse(zone).unwrap()), ..UserPatch::default() };
            let read = store.user(user).await?.unwrap();
            store.update_user(&permit, &read, &read.change(patch, now)).await?;
        }
    }
    Ok(())
}

fn category_name(category: u8) -> Option<&'static str> {
    // A user's own "Uncategorized" is none; names in other scripts sort behind ASCII.
    [Some("Uncategorized"), Some("Работа"), Some("~home#1")].get(usize::from(category)).copied().flatten()
}

async fn change(world: &World, id: Option<ReminderId>, patch: ReminderPatch) -> Result<(), WriteError> {
    let (Some(id), now) = (id, clock::now()) else { return Ok(()) };
    let Some((row, known)) = world.store.reminder_to_recount(world.user.id, id, now).await? else { return Ok(()) };
    world.store.update_reminder(&world.permit(), &row.change(patch, now).unwrap(), &known).await
}

async fn fire(world: &World, id: Option<ReminderId>) -> Result<(), WriteError> {
    let (store, user, now) = (&world.store, world.user.id, clock::now());
    let Some(id) = id else { return Ok(()) };
    let Some(read) = store.reminder(user, id).await? else { return Ok(()) };
    let Some(firing) = store.firing(user, id, read.task_id).await? else { return Ok(()) };
    if firing.reminder.fires_at().is_none() {
        return Ok(());
    }
    let verified = shared::domain::user::User { email_verified: true, ..firing.user };
    match (Firing { user: verified.clone(), unverified: None, ..firing }).decide(now) {
        FiringDecision::Fire(fired) => store.fire_reminder(&Permit::of_system(), &verified, &fired).await,
        FiringDecision::Cancel(change) => {
            store.update_reminder(&Permit::of_system(), &change, &CounterSnapshot::default()).await
        }
    }
}

async fn replay(world: &World, mode: Mode) -> Replay {
    world.store.replay(&Permit::of_system(), world.user.id, mode, clock::now()).await.unwrap().unwrap()
}

#[track_caller]
fn assert_clean(replay: &Replay, what: &str) {
    assert!(replay.is_clean(), "{what}: {replay:?}");
}

/// What analytics show of the counters, and what the rows say.
async fn assert_shown(world: &World) {
    let now = clock::now();
    let (totals, zone) = world.store.totals(world.user.id, now).await.unwrap().unwrap();
    let page = world.store.reminders(world.user.id, None, 100).await.unwrap();
    assert!(page.next.is_none(), "too many for this test");
    let reminders: Vec<Reminder> = page.rows.into_iter().map(|row| row.value.0).collect();
    let with = |status| reminders.iter().filter(|reminder| reminder.status == status).count() as u64;
    assert_eq!(totals.pending, with(ReminderStatus::Pending));
    assert_eq!(totals.tasks, world.count("TASK#").await as u64);
    assert_eq!(totals.categories.values().sum::<u64>(), totals.tasks);
    let overdue = reminders.iter().filter(|r| r.status == ReminderStatus::Pending && r.scheduled_at < now).count();
    assert_eq!(totals.overdue, overdue as u64);
    let shown = Analytics::of(&totals, local_day(now, &zone));
    assert_eq!(shown.upcoming_reminders + shown.overdue_reminders, totals.pending);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn after_any_operations_the_counters_hold_what_a_replay_counts(
        operations in proptest::collection::vec(operation(), 1..60)
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let world = World::new().await;
            let mut things = Things::default();
            for operation in operations {
                match perform(&world, &mut things, operation).await {
                    Ok(()) | Err(WriteError::Refused(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            assert_clean(&replay(&world, Mode::Compare).await, "live counters");
            assert_shown(&world).await;
        });
    }
}

/// Tries again while others change the same rows, as the routes do.
async fn perform_at_last(world: &World, things: &Things, operation: &Operation) -> Result<(), WriteError> {
    let mut outcome = Ok(());
    for attempt in 1..=20 {
        let mut mine = Things { tasks: things.tasks.clone(), reminders: things.reminders.clone() };
        outcome = perform(world, &mut mine, operation.clone()).await;
        if !matches!(outcome, Err(WriteError::Refused(Refusal::TaskChanged | Refusal::ReminderChanged))) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5 * attempt).mul_f64(fastrand::f64())).await;
    }
    outcome
}

#[tokio::test]
async fn two_hundred_operations_at_once_leave_no_drift() {
    let world = World::new().await;
    let mut things = Things::default();
    for n in 0..12 {
        perform(&world, &mut things, Operation::CreateTask { category: n % 4, completed: false }).await.unwrap();
    }
    for n in 0..48_usize {
        let status = [ReminderStatus::Pending, ReminderStatus::Completed][n % 2];
        perform(&world, &mut things, Operation::Remind { task: n, ahead_days: (n % 3) as u8, status }).await.unwrap();
    }
    let (world, things) = (&world, &things);
    let outcomes = join_all((0..200_usize).map(|n| async move {
        let pick = n * 7;
        let operation = match n % 9 {
            0 => Operation::CreateTask { category: (n % 4) as u8, completed: false },
            1 => Operation::ChangeTask { task: pick, body: "in-progress", category: (n % 4) as u8 },
            2 => Operation::Remind { task: pick, ahead_days: (n % 3) as u8, status: ReminderStatus::Completed },
            3 | 4 => Operation::SetStatus { reminder: pick, status: ReminderStatus::Completed },
            5 => Operation::SetStatus { reminder: pick, status: ReminderStatus::Pending },
            6 => Operation::Fire { reminder: pick },
            7 => Operation::Move { reminder: pick, ahead_days: (n % 40) as u8 },
            _ if n % 90 == 8 => Operation::DeleteTask { task: pick },
            _ => Operation::DeleteReminder { reminder: pick },
        };
        perform_at_last(world, things, &operation).await
    }))
    .await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(WriteError::Refused(_)))).count();
    assert_eq!(done + refused, 200, "{outcomes:?}");
    assert!(done > 180, "{done} of 200 were done: {outcomes:?}");
    assert_clean(&replay(world, Mode::Compare).await, "after 200 operations");
}

/// A reminder completed for so many days from now.
async fn completed(world: &World, task: TaskId, ahead_days: u8) -> ReminderId {
    let row = world.store.task(world.user.id, task).await.unwrap().unwrap();
    let mut reminder = new_reminder(&row.task, in_days(ahead_days));
    reminder.status = ReminderStatus::Completed;
    world.store.create_reminder(&world.permit(), &reminder).await.unwrap();
    reminder.id
}

async fn streaks(world: &World, today: Date) -> Streaks {
    let (days, _) = world.store.active_days(world.user.id).await.unwrap().unwrap();
    Streaks::of(&days, today)
}

#[tokio::test]
async fn undoing_the_middle_day_splits_a_streak_and_a_second_one_of_that_day_holds_it_together() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await.id;
    let mut days = Vec::new();
    for ahead in 0..3 {
        days.push(completed(&world, task, ahead).await);
    }
    let (zone, last) = (world.user.timezone.clone(), clock::now().plus(in_days(2)));
    let today = local_day(last, &zone);
    assert_eq!(streaks(&world, today).await, Streaks { active: 3, longest: 3 });
    let second = completed(&world, task, 1).await;
    let undo = ReminderPatch { status: Some(ReminderStatus::Skipped), ..ReminderPatch::default() };
    change(&world, Some(days[1]), undo.clone()).await.unwrap();
    assert_eq!(streaks(&world, today).await, Streaks { active: 3, longest: 3 });
    change(&world, Some(second), undo).await.unwrap();
    assert_eq!(streaks(&world, today).await, Streaks { active: 1, longest: 1 });
    let again = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
    change(&world, Some(days[1]), again).await.unwrap();
    assert_eq!(streaks(&world, today).await, Streaks { active: 3, longest: 3 });
}

#[tokio::test]
async fn a_completion_entered_late_counts_on_the_day_that_it_was_due() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let now = clock::now();
    let mut missed = new_reminder(&task, DAY);
    missed.scheduled_at = now.minus(DAY * 3);
    world.store.create_reminder(&world.permit(), &missed).await.unwrap();
    let done = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
    change(&world, Some(missed.id), done).await.unwrap();
    let zone = world.user.timezone.clone();
    let (totals, _) = world.store.totals(world.user.id, now).await.unwrap().unwrap();
    assert_eq!(totals.days.get(&local_day(missed.scheduled_at, &zone)), Some(&1));
    assert_eq!(streaks(&world, local_day(now, &zone)).await, Streaks { active: 0, longest: 1 });
}

#[tokio::test]
async fn deleting_a_task_whose_thirty_completions_lie_in_thirty_years_is_one_transaction() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    for year in 2031..=2060 {
        let mut reminder = new_reminder(&task, DAY);
        reminder.status = ReminderStatus::Completed;
        reminder.scheduled_at = Timestamp::parse(&format!("{year}-06-15T12:00:00Z")).unwrap();
        world.store.create_reminder(&world.permit(), &reminder).await.unwrap();
    }
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    assert_eq!(world.store.meter().take().calls, 2, "the days, and the transaction");
    assert_clean(&replay(&world, Mode::Compare).await, "after the cascade");
    let shown = async || {
        let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
        (totals.tasks, totals.completed, world.count("DONE#").await)
    };
    assert_eq!(shown().await, (0, 12, 12), "the others count until the cleaner has come");
    let of = (world.user.id, task.id);
    for _ in 0..2 {
        world.store.delete_completions_of(&Permit::of_system(), of, None, clock::now()).await.unwrap();
        assert_eq!(shown().await, (0, 0, 0));
        assert_clean(&replay(&world, Mode::Compare).await, "after the clean-up");
    }
    assert_eq!(world.count("STREAK#").await + world.count("DAYS#").await, 60, "rows that count nothing");
}

#[tokio::test]
async fn completions_of_versions_without_rows_of_their_own_keep_counting_whatever_becomes_of_them() {
    let world = World::new().await;
    let due = clock::now().plus(DAY * 9);
    for case in ["moved", "taken back", "task deleted", "reminder deleted"] {
        let task = world.task(json!({"title": case, "dueDate": clock::now().plus(DAY * 5)})).await;
        let mut reminder = test_support::new_relative_reminder(&task, 60);
        reminder.status = ReminderStatus::Completed;
        world.store.create_reminder(&world.permit(), &reminder).await.unwrap();
        world.forget_completions().await;
        assert_clean(&replay(&world, Mode::Compare).await, "read as before");
        let (row, permit) = (world.store.task(world.user.id, task.id).await.unwrap().unwrap(), world.permit());
        let kept = match case {
            "moved" => {
                let patch = parsed::<TaskPatch>(json!({"dueDate": due}), clock::now());
                let change = world
                    .store
                    .follow_due_date(row.task.change(patch, &Zone::UTC, clock::now()).unwrap())
                    .await
                    .unwrap();
                world.store.update_task(&permit, &row, &change).await.unwrap();
                1
            }
            "taken back" => {
                let back = ReminderPatch { status: Some(ReminderStatus::Pending), ..ReminderPatch::default() };
                change(&world, Some(reminder.id), back).await.unwrap();
                0
            }
            "task deleted" => {
                world.store.delete_task(&permit, &row, clock::now()).await.unwrap();
                0
            }
            "reminder deleted" => {
                let read = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
                let known = CounterSnapshot::default();
                world.store.delete_reminder(&permit, &read, &known, clock::now()).await.unwrap();
                0
            }
            other => panic!("no such case: {other}"),
        };
        let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
        assert_eq!((totals.completed, world.count("DONE#").await), (kept, kept as usize), "{case}");
        assert_clean(&replay(&world, Mode::Compare).await, case);
        // The next case begins without.
        world
            .store
            .delete_completions_of(&Permit::of_system(), (world.user.id, task.id), None, clock::now())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_change_of_zone_moves_no_completed_day_and_counts_the_next_one_anew() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await.id;
    let first = completed(&world, task, 3).await;
    let before = world.store.reminder(world.user.id, first).await.unwrap().unwrap();
    perform(&world, &mut Things::default(), Operation::ChangeZone { zone: "Pacific/Kiritimati" }).await.unwrap();
    let touch = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
    change(&world, Some(first), touch).await.unwrap();
    let after = world.store.reminder(world.user.id, first).await.unwrap().unwrap();
    assert_eq!(after.counted, before.counted, "completed again, though it was");
    let later = completed(&world, task, 3).await;
    let later = world.store.reminder(world.user.id, later).await.unwrap().unwrap();
    let kiritimati = Zone::parse("Pacific/Kiritimati").unwrap();
    assert_eq!(later.counted.map(String::from), Some(local_day(later.scheduled_at, &kiritimati).to_string()));
    assert_clean(&replay(&world, Mode::Compare).await, "two zones");
}

#[tokio::test]
async fn a_replay_finds_what_was_meddled_with_and_repairs_it() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "category": "home"})).await.id;
    for ahead in [0, 1, 40] {
        completed(&world, task, ahead).await;
    }
    let key = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    let partition = format!("USER#{}", world.user.id);
    for (sk, update) in [("COUNTERS", "SET completed = :n"), ("CATEGORY#home", "SET tasks = :n")] {
        world
            .client
            .update_item()
            .table_name(test_support::TABLE)
            .set_key(Some([key("PK", partition.clone()), key("SK", sk.to_owned())].into()))
            .update_expression(update)
            .expression_attribute_values(":n", AttributeValue::N("77".to_owned()))
            .send()
            .await
            .unwrap();
    }
    let found = replay(&world, Mode::Compare).await;
    let named: Vec<_> = found.differences.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["CATEGORY#home tasks: holds 77, should hold 1", "COUNTERS completed: holds 77, should hold 3"]);
    assert_eq!(replay(&world, Mode::Repair).await, found, "a repair reports what it found");
    assert_clean(&replay(&world, Mode::Compare).await, "after the repair");
    assert_shown(&world).await;
}

#[tokio::test]
async fn counters_that_were_forgotten_are_counted_again_and_rows_without_marks_do_no_harm() {
    let world = World::new().await;
    let mut things = Things::default();
    for category in 0..4 {
        perform(&world, &mut things, Operation::CreateTask { category, completed: false }).await.unwrap();
    }
    for n in 0..30_usize {
        let status = [ReminderStatus::Pending, ReminderStatus::Completed, ReminderStatus::Skipped][n % 3];
        perform(&world, &mut things, Operation::Remind { task: n, ahead_days: n as u8, status }).await.unwrap();
    }
    world.store.forget_counters(&Permit::of_system(), world.user.id, clock::now()).await.unwrap();
    assert_eq!((world.count("DAYS#").await, world.count("STREAK#").await, world.count("CATEGORY#").await), (0, 0, 0));
    // As on rows of a version before the counters: each change counts what it touches, and nothing twice.
    for operation in [
        Operation::SetStatus { reminder: 1, status: ReminderStatus::Pending },
        Operation::DeleteReminder { reminder: 4 },
        Operation::ChangeTask { task: 1, body: "completed", category: 2 },
        Operation::DeleteTask { task: 2 },
    ] {
        perform(&world, &mut things, operation).await.unwrap();
    }
    let found = replay(&world, Mode::Repair).await;
    assert!(found.unmarked > 10, "{found:?}");
    assert!(found.differences.iter().all(|difference| difference.stored < difference.counted), "{found:?}");
    assert_clean(&replay(&world, Mode::Compare).await, "after the repair");
    assert_shown(&world).await;
}
