//! Recurring tasks through the routes, at a fixed time: completing, skipping, retries, races, what is counted and told.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::events::{Message, QueueFunction};
use shared::http::App;
use shared::messages::TellOverdue;
use shared::store::Permit;
use shared::store::replay::Mode;
use tasks::overdue::Overdue;
use tasks::{occurrences, skip, update};
use test_support::api::{answer, answer_within, app, body, header, limits, route, status};
use test_support::{World, clock};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const AT_ONCE: usize = 64;
/// For all of them, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A user with a task that recurs daily and is due in an hour.
struct Daily {
    world: World,
    app: App,
    task: Task,
    due: Timestamp,
}

impl Daily {
    async fn new(rule: &str) -> Self {
        let world = World::new().await;
        let mut app = app(world.store.clone()).await;
        app.http.limits = limits("10000/900", "5/900");
        let due = clock::now().plus(HOUR);
        let recurrence = json!({"rrule": rule, "anchor": "due", "timezone": "UTC"});
        let task = world.task(json!({"title": "Water the ferns", "dueDate": due, "recurrence": recurrence})).await;
        Self { world, app, task, due }
    }

    /// The event of a request about the task.
    fn event(&self, route: &shared::http::Route, body: &Value, headers: &[(&str, &str)]) -> Value {
        let mut event = self.world.event(route, "192.0.2.1");
        event["pathParameters"] = json!({"id": self.task.id});
        event["body"] = json!(body.to_string());
        for (name, value) in headers {
            event["headers"][*name] = json!(value);
        }
        event
    }

    async fn put(&self, sent: Value, headers: &[(&str, &str)]) -> (u16, Value, Option<String>) {
        let route = route(update::OPERATION);
        let event = self.event(&route, &sent, headers);
        let response = answer_within(&self.app, &route, update::handle, event, PATIENCE).await;
        (status(&response), body(&response), header(&response, "etag").map(str::to_owned))
    }

    async fn skip(&self, sent: Value, headers: &[(&str, &str)]) -> (u16, Value) {
        let route = route(skip::OPERATION);
        let event = self.event(&route, &sent, headers);
        let response = answer_within(&self.app, &route, skip::handle, event, PATIENCE).await;
        (status(&response), body(&response))
    }

    async fn complete(&self) -> Value {
        let (status, answer, _) = self.put(json!({"status": "completed"}), &[]).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"].clone()
    }

    async fn occurrences(&self, query: &str) -> Value {
        let route = route(occurrences::OPERATION);
        let mut event = self.event(&route, &json!({}), &[]);
        event["rawQueryString"] = json!(query);
        let response = answer(&self.app, &route, occurrences::handle, event).await;
        assert_eq!(status(&response), 200, "{}", body(&response));
        body(&response)["data"].clone()
    }

    async fn stored(&self) -> Task {
        self.world.store.task(self.world.user.id, self.task.id).await.unwrap().unwrap().task
    }

    async fn assert_counted(&self) {
        let replay =
            self.world.store.replay(&Permit::of_system(), self.world.user.id, Mode::Compare, clock::now()).await;
        let replay = replay.unwrap().unwrap();
        assert!(replay.is_clean(), "{replay:?}");
    }
}

#[tokio::test]
async fn completing_answers_with_the_advanced_task_and_what_was_completed() {
    let daily = Daily::new("FREQ=DAILY").await;
    let data = daily.complete().await;
    let (task, next) = (&data["task"], daily.due.plus(DAY));
    assert_eq!((&task["dueDate"], &task["status"]), (&json!(next), &json!("todo")));
    assert_eq!((&task["completedAt"], &task["version"]), (&json!(null), &json!(2)));
    assert_eq!(task["recurrence"], json!({"rrule": "FREQ=DAILY", "anchor": "due", "timezone": "UTC"}));
    let occurrence = json!({"dueDate": daily.due, "outcome": "completed", "at": clock::now()});
    assert_eq!(data["completedOccurrence"], occurrence);
    assert_eq!(daily.occurrences("").await, json!({"occurrences": [occurrence], "nextCursor": null}));
    assert_eq!(daily.world.count("NTF#").await, 1);
    daily.complete().await;
    assert_eq!((daily.world.count("NTF#").await, daily.world.count("OCC#").await), (2, 2));
    daily.assert_counted().await;
}

#[tokio::test]
async fn of_64_completions_of_one_occurrence_one_advances_and_all_are_answered() {
    let daily = Daily::new("FREQ=DAILY").await;
    let sent = json!({"status": "completed", "occurrence": daily.due});
    let answers = join_all((0..AT_ONCE).map(|_| daily.put(sent.clone(), &[]))).await;
    let advanced =
        answers.iter().filter(|(status, answer, _)| *status == 200 && !answer["data"]["completedOccurrence"].is_null());
    assert_eq!(advanced.count(), 1);
    assert!(answers.iter().all(|(status, ..)| [200, 409].contains(status)));
    let stored = daily.stored().await;
    assert_eq!((stored.version, stored.due_date), (2, Some(daily.due.plus(DAY))));
    assert_eq!((daily.world.count("OCC#").await, daily.world.count("NTF#").await), (1, 1));
    daily.assert_counted().await;
}

#[tokio::test]
async fn of_64_completions_that_name_none_each_advances_the_occurrence_that_it_saw() {
    let daily = Daily::new("FREQ=DAILY").await;
    let answers = join_all((0..AT_ONCE).map(|_| daily.put(json!({"status": "completed"}), &[]))).await;
    let completed =
        answers.iter().filter_map(|(_, answer, _)| answer["data"]["completedOccurrence"]["dueDate"].as_str());
    let mut completed: Vec<_> = completed.collect();
    let count = completed.len();
    completed.sort_unstable();
    completed.dedup();
    assert!(count >= 1 && completed.len() == count, "each occurrence once: {completed:?}");
    let stored = daily.stored().await;
    assert_eq!(stored.version, count as u64 + 1);
    assert_eq!(stored.due_date, Some(daily.due.plus(DAY * u32::try_from(count).unwrap())));
    assert_eq!((daily.world.count("OCC#").await, daily.world.count("NTF#").await), (count, count));
    daily.assert_counted().await;
}

#[tokio::test]
async fn a_completion_of_an_occurrence_that_has_passed_changes_nothing() {
    let daily = Daily::new("FREQ=DAILY").await;
    daily.complete().await;
    let (status, answer, etag) =
        daily.put(json!({"status": "completed", "occurrence": daily.due, "title": "Late"}), &[]).await;
    assert_eq!((status, etag.as_deref()), (200, Some("\"2\"")));
    assert_eq!(answer["data"]["completedOccurrence"], json!(null));
    assert_eq!(answer["data"]["task"]["title"], "Water the ferns");
    let (status, answer) = daily.skip(json!({"occurrence": daily.due}), &[]).await;
    assert_eq!((status, &answer["data"]["skippedOccurrence"]), (200, &json!(null)));
    assert_eq!((daily.stored().await.version, daily.world.count("OCC#").await), (2, 1));
}

#[tokio::test]
async fn a_retry_with_its_key_gets_the_first_answer_although_the_task_went_on() {
    let daily = Daily::new("FREQ=DAILY").await;
    let headers = [("idempotency-key", "k1"), ("if-match", "\"1\"")];
    let sent = json!({"status": "completed"});
    let first = daily.put(sent.clone(), &headers).await;
    assert_eq!(first.0, 200);
    assert_eq!(daily.put(sent.clone(), &headers).await, first, "although the version has changed");
    assert_eq!(daily.put(sent.clone(), &headers[..1]).await, first);
    assert_eq!(daily.put(json!({"status": "todo"}), &headers[..1]).await.0, 422);
    assert_eq!((daily.stored().await.version, daily.world.count("OCC#").await), (2, 1));
    let (skip, key) = (json!({"occurrence": daily.due.plus(DAY)}), [("idempotency-key", "k2")]);
    let first = daily.skip(skip.clone(), &key).await;
    assert_eq!((first.0, daily.skip(skip, &key).await), (200, first.clone()));
    assert_eq!(daily.stored().await.version, 3);
}

#[tokio::test]
async fn a_retry_of_what_changed_nothing_changes_nothing_either() {
    let daily = Daily::new("FREQ=DAILY").await;
    let key = [("idempotency-key", "k1")];
    let first = daily.put(json!({"title": "Water the ferns"}), &key).await;
    daily.put(json!({"title": "Water the palms"}), &[]).await;
    assert_eq!(daily.put(json!({"title": "Water the ferns"}), &key).await, first);
    assert_eq!(daily.stored().await.title.as_str(), "Water the palms");
}

#[tokio::test]
async fn a_retry_of_the_last_skip_gets_its_first_answer_and_another_one_is_refused() {
    let daily = Daily::new("FREQ=DAILY;COUNT=1").await;
    let key = [("idempotency-key", "k1")];
    let first = daily.skip(json!({}), &key).await;
    assert_eq!((first.0, &first.1["data"]["task"]["status"]), (200, &json!("completed")));
    assert_eq!(first.1["data"]["skippedOccurrence"]["outcome"], "skipped");
    assert_eq!(daily.skip(json!({}), &key).await, first);
    let (status, answer) = daily.skip(json!({}), &[]).await;
    assert_eq!((status, &answer["code"]), (409, &json!("NOT_OPEN")));
    assert_eq!((daily.world.count("NTF#").await, daily.world.count("OCC#").await), (0, 1));
    assert_eq!(daily.stored().await.completed_at, Some(clock::now()));
}

#[tokio::test]
async fn of_64_skips_of_one_occurrence_one_advances() {
    let daily = Daily::new("FREQ=DAILY").await;
    let answers = join_all((0..AT_ONCE).map(|_| daily.skip(json!({"occurrence": daily.due}), &[]))).await;
    let advanced = answers.iter().filter(|(_, answer)| !answer["data"]["skippedOccurrence"].is_null());
    assert_eq!(advanced.count(), 1);
    assert_eq!((daily.stored().await.version, daily.world.count("OCC#").await), (2, 1));
    assert_eq!(daily.world.count("NTF#").await, 0);
}

#[tokio::test]
async fn an_outdated_version_is_412_and_changes_nothing() {
    let daily = Daily::new("FREQ=DAILY").await;
    let old = [("if-match", "\"7\"")];
    assert_eq!(daily.put(json!({"status": "completed"}), &old).await.0, 412);
    assert_eq!(daily.skip(json!({}), &old).await.0, 412);
    assert_eq!((daily.stored().await.version, daily.world.count("OCC#").await), (1, 0));
}

#[tokio::test]
async fn reminders_that_are_pending_are_cancelled_at_an_advance() {
    let daily = Daily::new("FREQ=DAILY").await;
    let (first, second) =
        (daily.world.reminder(&daily.task, HOUR * 3).await, daily.world.reminder(&daily.task, HOUR * 4).await);
    daily.complete().await;
    for (reminder, reason) in [(first.id, "its task was completed"), (second.id, "its task was completed")] {
        let stored = daily.world.store.reminder(daily.world.user.id, reminder).await.unwrap().unwrap();
        assert_eq!((stored.fires_at(), stored.delivery.reason.as_deref()), (None, Some(reason)));
    }
    let third = daily.world.reminder(&daily.task, HOUR * 5).await;
    daily.skip(json!({}), &[]).await;
    let stored = daily.world.store.reminder(daily.world.user.id, third.id).await.unwrap().unwrap();
    assert_eq!(stored.delivery.reason.as_deref(), Some("this occurrence of its task was skipped"));
    daily.assert_counted().await;
}

#[tokio::test]
async fn overdue_is_told_once_for_each_occurrence_that_was_not_jumped_over() {
    let daily = Daily::new("FREQ=DAILY").await;
    let overdue = Overdue { store: daily.world.store.clone(), permit: Permit::of_system() };
    let (user_id, task_id) = (daily.task.user_id, daily.task.id);
    let tick = async |now: Timestamp| {
        let body = TellOverdue { user_id, task_id };
        overdue.handle(Message { body, deliveries: 1 }, now).await.unwrap();
    };
    // Three days pass.
    for day in 0..3 {
        tick(daily.due.plus(DAY * day + HOUR)).await;
    }
    assert_eq!(daily.world.count("NTF#").await, 1);
    let row = daily.world.store.task(user_id, task_id).await.unwrap().unwrap();
    let completing = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    let completed = row.task.change(completing, &Zone::UTC, daily.due.plus(DAY * 3)).unwrap();
    daily.world.store.update_task(&Permit::of_system(), &row, &completed).await.unwrap();
    assert_eq!(daily.stored().await.due_date, Some(daily.due.plus(DAY * 4)));
    tick(daily.due.plus(DAY * 3 + HOUR)).await;
    assert_eq!(daily.world.count("NTF#").await, 2, "that of the completion");
    for _ in 0..2 {
        tick(daily.due.plus(DAY * 4 + HOUR)).await;
    }
    assert_eq!(daily.world.count("NTF#").await, 3);
}

#[tokio::test]
async fn occurrences_come_newest_first_in_pages_of_50() {
    let daily = Daily::new("FREQ=DAILY").await;
    for day in 0..53_u32 {
        let occurrence = json!({"occurrence": daily.due.plus(DAY * day)});
        assert_eq!(daily.skip(occurrence, &[]).await.0, 200);
    }
    let first = daily.occurrences("").await;
    let dates = |page: &Value| {
        let rows = page["occurrences"].as_array().unwrap().clone();
        rows.iter().map(|row| row["dueDate"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(dates(&first).len(), 50);
    let second = daily.occurrences(&format!("cursor={}", first["nextCursor"].as_str().unwrap())).await;
    assert_eq!((dates(&second).len(), &second["nextCursor"]), (3, &json!(null)));
    let wanted = (0..53_u32).rev().map(|day| daily.due.plus(DAY * day).to_string());
    assert_eq!([dates(&first), dates(&second)].concat(), wanted.collect::<Vec<_>>());
    assert_eq!(dates(&daily.occurrences("limit=2").await), dates(&first)[..2]);
}

#[tokio::test]
async fn a_due_date_that_comes_twice_is_two_occurrences() {
    let daily = Daily::new("FREQ=DAILY").await;
    daily.complete().await;
    daily.put(json!({"dueDate": daily.due}), &[]).await;
    let data = daily.complete().await;
    assert_eq!(data["task"]["dueDate"], json!(daily.due.plus(DAY)));
    let listed = daily.occurrences("").await;
    let dates: Vec<_> = listed["occurrences"].as_array().unwrap().iter().map(|row| row["dueDate"].clone()).collect();
    assert_eq!(dates, [json!(daily.due), json!(daily.due)]);
}
