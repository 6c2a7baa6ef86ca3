//! `recurrence` of `POST /api/tasks` and `PUT /api/tasks/{id}`.

use serde_json::{Value, json};

use crate::support::{App, User, at_once, fires_in, id};

/// A Monday at 09:00 in Berlin, in winter.
const DUE: &str = "2031-03-24T08:00:00.000Z";

fn every(rrule: &str) -> Value {
    json!({"rrule": rrule, "anchor": "due", "timezone": "Europe/Berlin"})
}

async fn recurring(user: &User, rrule: &str) -> Value {
    user.create_task(json!({"title": "Water the ferns", "dueDate": DUE, "recurrence": every(rrule)})).await
}

#[tokio::test]
async fn a_task_that_is_completed_comes_again_at_the_same_local_time() {
    let user = App::new().user().await;
    let task = recurring(&user, "rrule:byday=mo;freq=weekly").await;
    assert_eq!(task["recurrence"], every("FREQ=WEEKLY;BYDAY=MO"));
    assert_eq!(user.tasks(&[]).await, std::slice::from_ref(&task));
    let selected = user.tasks(&[("fields", "recurrence")]).await;
    assert_eq!(selected, [json!({"id": id(&task), "recurrence": task["recurrence"]})]);

    let completed = user.complete(&task).await;
    let next = &completed.data()["task"];
    // Clocks are put forward on 30 March.
    assert_eq!((&next["dueDate"], &next["status"]), (&json!("2031-03-31T07:00:00.000Z"), &json!("todo")));
    assert_eq!((&next["completedAt"], &next["version"]), (&json!(null), &json!(2)));
    assert_eq!(completed.etag(), "\"2\"");
    let occurrence = &completed.data()["completedOccurrence"];
    assert_eq!((&occurrence["dueDate"], &occurrence["outcome"]), (&json!(DUE), &json!("completed")));
    assert_eq!(&user.task_now(&task).await, next);
    assert_eq!(user.notifications_of(&task, "general").await.len(), 1);
    assert_eq!(user.get("/api/analytics").await.expect(200).data()["totalTasks"], 1);
}

#[tokio::test]
async fn the_last_occurrence_completes_the_task_for_good() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=DAILY;COUNT=1").await;
    let done = user.complete(&task).await.data()["task"].clone();
    assert_eq!((&done["status"], &done["dueDate"]), (&json!("completed"), &json!(DUE)));
    assert_eq!(done["recurrence"], task["recurrence"]);
    assert!(done["completedAt"].is_string());
    let again = user.complete(&task).await;
    assert_eq!((&again.data()["completedOccurrence"], &again.data()["task"]), (&json!(null), &done));
}

#[tokio::test]
async fn a_rule_is_kept_changed_and_removed() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=DAILY").await;
    // The whole task sent back changes nothing.
    let same = user.update_task(&task, task.clone()).await.expect(200);
    assert_eq!((&same.data()["task"], &same.data()["completedOccurrence"]), (&task, &json!(null)));
    let yearly = user.update_task(&task, json!({"recurrence": every("FREQ=YEARLY")})).await.expect(200);
    assert_eq!(yearly.data()["task"]["recurrence"], every("FREQ=YEARLY"));
    user.update_task(&task, json!({"dueDate": null})).await.expect_invalid(&["dueDate"]);
    let plain = user.update_task(&task, json!({"recurrence": null, "dueDate": null})).await.expect(200);
    assert_eq!((&plain.data()["task"]["recurrence"], &plain.data()["task"]["dueDate"]), (&json!(null), &json!(null)));
    user.update_task(&task, json!({"recurrence": every("FREQ=DAILY")})).await.expect_invalid(&["recurrence"]);
    assert_eq!(user.complete(&task).await.data()["task"]["status"], "completed");
}

#[tokio::test]
async fn the_zone_is_the_users_and_stays_when_the_user_moves() {
    let user = App::new().user().await;
    user.patch("/api/user/me", json!({"timezone": "America/New_York"})).await.expect(200);
    let rule = json!({"rrule": "FREQ=DAILY", "anchor": "completion"});
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": "2031-03-24", "recurrence": rule})).await;
    assert_eq!(task["recurrence"]["timezone"], "America/New_York");
    assert_eq!(task["dueDate"], "2031-03-25T03:59:59.999Z");
    user.patch("/api/user/me", json!({"timezone": "Asia/Tokyo"})).await.expect(200);
    assert_eq!(user.task_now(&task).await, task);
    let next = user.complete(&task).await.data()["task"].clone();
    assert_eq!(next["recurrence"]["timezone"], "America/New_York");
    let due = next["dueDate"].as_str().expect("a due date");
    assert!(due.ends_with(":59:59.999Z") && due < "2031", "counted from today: {due}");
}

#[tokio::test]
async fn an_advance_calls_off_pending_reminders() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=DAILY").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    user.complete(&task).await;
    let now = user.reminder_now(&reminder).await.expect("the reminder");
    assert_eq!((&now["status"], &now["delivery"]["state"]), (&json!("skipped"), &json!("skipped")));
}

#[tokio::test]
async fn of_many_completions_of_one_occurrence_one_counts() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=DAILY").await;
    let complete = || user.update_task(&task, json!({"status": "completed", "occurrence": DUE}));
    let answers = at_once((0..64).map(|_| complete())).await;
    let counted = answers.iter().filter(|answer| answer.status() == 200);
    assert_eq!(counted.filter(|answer| !answer.data()["completedOccurrence"].is_null()).count(), 1);
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status())));
    assert_eq!(user.task_now(&task).await["version"], 2);
    assert_eq!(user.notifications_of(&task, "general").await.len(), 1);
    let listed = user.get(&format!("/api/tasks/{}/occurrences", id(&task))).await.expect(200);
    assert_eq!(listed.list("occurrences").len(), 1);
}

#[tokio::test]
async fn a_completion_that_is_sent_again_with_its_key_counts_once() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=DAILY").await;
    let complete = || user.update_task(&task, json!({"status": "completed"})).header("Idempotency-Key", "first");
    let first = complete().if_match("\"1\"").await.expect(200);
    let again = complete().if_match("\"1\"").await.expect(200);
    assert_eq!((again.json(), again.etag()), (first.json(), first.etag()));
    user.update_task(&task, json!({"title": "Another"}))
        .header("Idempotency-Key", "first")
        .await
        .expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(user.task_now(&task).await["version"], 2);
}

#[tokio::test]
async fn bad_rules_are_refused_and_named() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=DAILY").await;
    let hundreds = format!("FREQ=DAILY;BYMONTH={}1", "1,".repeat(2_490));
    for rrule in [
        json!(hundreds),
        json!(""),
        json!(null),
        json!(7),
        json!({"$ne": null}),
        json!(["FREQ=DAILY"]),
        json!("FREQ=DAILY;COUNT=3;UNTIL=20311231"),
        json!("FREQ=DAILY;FREQ=DAILY"),
        json!("FREQ=HOURLY"),
        json!("FREQ=DAILY;BYHOUR=9"),
        json!("FREQ=DAILY;INTERVAL=0"),
        json!("FREQ=DAILY;INTERVAL=1000"),
        json!("FREQ=DAILY;COUNT=0"),
        json!("FREQ=YEARLY;BYWEEKNO=3"),
        json!("FREQ=YEARLY;BYYEARDAY=3"),
        json!("FREQ=WEEKLY;BYDAY=1MO"),
        json!("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        json!("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        json!("FREQ=DAILY;UNTIL=20300101"),
        json!("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6"),
        json!("EXDATE:20310101\nRRULE:FREQ=DAILY"),
        json!("FREQ=DAILY\u{0}"),
        json!("ＦＲＥＱ=DAILY"),
    ] {
        let recurrence = json!({"rrule": rrule, "anchor": "due"});
        let body = json!({"title": "Water the ferns", "dueDate": DUE, "recurrence": recurrence});
        user.post("/api/tasks", body).await.expect_invalid(&["recurrence.rrule"]);
        user.update_task(&task, json!({"recurrence": recurrence})).await.expect_invalid(&["recurrence.rrule"]);
    }
    for recurrence in [json!("FREQ=DAILY"), json!(1), json!(true), json!([])] {
        let body = json!({"title": "Water the ferns", "dueDate": DUE, "recurrence": recurrence});
        user.post("/api/tasks", body).await.expect_invalid(&["recurrence"]);
    }
    let body = json!({
        "title": "x", "dueDate": "soon",
        "recurrence": {"rrule": "FREQ=DAILY", "anchor": "sometimes", "timezone": "Mars/Olympus"},
    });
    let fields = ["title", "dueDate", "recurrence.anchor", "recurrence.timezone"];
    user.post("/api/tasks", body).await.expect_invalid(&fields);
    let body = json!({"title": "Water the ferns", "recurrence": every("FREQ=DAILY")});
    user.post("/api/tasks", body).await.expect_invalid(&["recurrence"]);
    let body =
        json!({"title": "Water the ferns", "dueDate": DUE, "status": "completed", "recurrence": every("FREQ=DAILY")});
    user.post("/api/tasks", body).await.expect_invalid(&["status"]);
    let stale = json!({"status": "completed", "occurrence": "yesterday"});
    user.update_task(&task, stale).await.expect_invalid(&["occurrence"]);
    assert_eq!(user.task_now(&task).await, task);
    assert_eq!(user.tasks(&[]).await.len(), 1);
}
