//! Reminders relative to their task's due date, and how long before their time they are sent.

use serde_json::{Value, json};

use crate::support::{App, User, at_once, fires_in, id, instant, minutes_ahead, unknown_id};

const PATH: &str = "/api/reminders";
const DUE: &str = "2031-05-01T10:00:00Z";

async fn dated(user: &User) -> Value {
    user.create_task(json!({"title": "Water the ferns", "dueDate": DUE})).await
}

async fn relative(user: &User, task: &Value, offset: u32) -> Value {
    user.create_reminder(json!({"taskId": id(task), "offsetMinutes": offset})).await
}

#[track_caller]
fn assert_at(value: &Value, at: &str) {
    assert_eq!(instant(value), at.parse().expect("an instant"));
}

#[tokio::test]
async fn its_time_follows_from_the_due_date() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    let reminder = relative(&user, &task, 90).await;
    assert_at(&reminder["scheduledAt"], "2031-05-01T08:30:00Z");
    assert_at(&reminder["delivery"]["scheduledFor"], "2031-05-01T07:30:00Z");
    assert_eq!((&reminder["kind"], &reminder["offsetMinutes"]), (&json!("reminder"), &json!(90)));
    assert_eq!((&reminder["leadMinutes"], &reminder["snoozedUntil"]), (&json!(60), &json!(null)));
    let bounds = json!({"taskId": id(&task), "offsetMinutes": 40_320, "leadMinutes": 10_080});
    let farthest = user.create_reminder(bounds).await;
    assert_at(&farthest["scheduledAt"], "2031-04-03T10:00:00Z");
    assert_at(&farthest["delivery"]["scheduledFor"], "2031-03-27T10:00:00Z");
    let nearest = user.create_reminder(json!({"taskId": id(&task), "offsetMinutes": 0, "leadMinutes": 0})).await;
    assert_at(&nearest["delivery"]["scheduledFor"], DUE);
    let shown = user.task_now(&task).await;
    let offsets: Vec<&Value> =
        shown["reminders"].as_array().expect("reminders").iter().map(|it| &it["offsetMinutes"]).collect();
    assert_eq!(offsets, [&json!(40_320), &json!(90), &json!(0)]);
}

#[tokio::test]
async fn moving_the_due_date_moves_thirty_of_them_and_leaves_the_others() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    let own = user.remind(&task, "2031-04-30T10:00:00Z").await;
    for offset in 0..29 {
        relative(&user, &task, offset * 60).await;
    }
    user.update_task(&task, json!({"dueDate": "2031-06-01T10:00:00Z"})).await.expect(200);
    let listed = user.get(&format!("/api/tasks/{}/reminders", id(&task))).await.expect(200).list("reminders");
    assert_eq!(listed.len(), 30);
    let moved = listed.iter().filter(|reminder| reminder["version"] == 2).count();
    assert_eq!(moved, 29);
    for reminder in &listed {
        let Some(offset) = reminder["offsetMinutes"].as_i64() else {
            assert_eq!(reminder["scheduledAt"], own["scheduledAt"]);
            continue;
        };
        let due: jiff::Timestamp = "2031-06-01T10:00:00Z".parse().expect("an instant");
        assert_eq!(instant(&reminder["scheduledAt"]), due - jiff::SignedDuration::from_mins(offset));
    }
    let card = |task: &Value| task["reminders"].as_array().expect("reminders").len();
    assert_eq!(card(&user.task_now(&task).await), 30);
}

#[tokio::test]
async fn it_fires_before_the_due_date_by_offset_and_lead_and_its_mail_says_how_much_is_left() {
    let app = App::new();
    let user = app.user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "dueDate": "2031-05-01T10:00:00Z"})).await;
    let body = json!({"taskId": id(&task), "offsetMinutes": 20, "leadMinutes": 10});
    let reminder = user.create_reminder(body).await;
    let other = user.create_reminder(json!({"taskId": id(&task), "offsetMinutes": 10, "leadMinutes": 20})).await;
    // Both are to go out half an hour before, in a moment.
    user.update_task(&task, json!({"dueDate": minutes_ahead(30)})).await.expect(200);
    for reminder in [&reminder, &other] {
        assert_eq!(user.wait_until_sent(reminder).await["status"], "completed");
    }
    let subject = "Reminder: Water the ferns is due in 30 minutes";
    app.mailbox.wait_for(&user.email, subject).await;
    assert_eq!(app.mailbox.about(&user.email, subject).await.len(), 2, "two in one minute both arrive");
    let shown = user.notifications_of(&task, "upcoming").await;
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0]["message"], "Water the ferns is due in 30 minutes");
    // Moved ahead, both are to come again, and what was sent stays counted.
    user.update_task(&task, json!({"dueDate": DUE})).await.expect(200);
    let again = user.reminder_now(&reminder).await.expect("it is there");
    assert_eq!((&again["status"], &again["emailSent"]), (&json!("pending"), &json!(false)));
    let analytics = user.get("/api/analytics").await.expect(200);
    assert_eq!(analytics.data()["completedReminders"], 2);
    assert_eq!(analytics.data()["upcomingReminders"], 2);
}

#[tokio::test]
async fn moved_into_the_past_it_is_skipped_and_moved_ahead_it_is_pending_again() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    let reminder = relative(&user, &task, 120).await;
    let skipped = relative(&user, &task, 130).await;
    user.update_reminder(&skipped, json!({"status": "skipped"})).await.expect(200);
    user.update_task(&task, json!({"dueDate": minutes_ahead(60)})).await.expect(200);
    let past = user.reminder_now(&reminder).await.expect("it is there");
    assert_eq!((&past["status"], &past["delivery"]["reason"]), (&json!("skipped"), &json!("its time had passed")));
    user.update_task(&task, json!({"dueDate": DUE})).await.expect(200);
    assert_eq!(user.reminder_now(&reminder).await.expect("it is there")["status"], "pending");
    let stays = user.reminder_now(&skipped).await.expect("it is there");
    assert_eq!(stays["status"], "skipped", "its user skipped it");
    assert_at(&stays["scheduledAt"], "2031-05-01T07:50:00Z");
}

#[tokio::test]
async fn a_due_date_that_it_depends_on_is_not_cleared() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    user.remind(&task, &fires_in(86_400)).await;
    let reminder = relative(&user, &task, 60).await;
    for none in [json!(null), json!("")] {
        let answer = user.update_task(&task, json!({"dueDate": none, "title": "Another"})).await;
        let answer = answer.expect_error(409, "DUE_DATE_NEEDED");
        assert!(answer.json()["message"].as_str().expect("a text").contains(id(&reminder)), "{:?}", answer.json());
    }
    assert_eq!(user.task_now(&task).await["title"], "Water the ferns");
    user.update_reminder(&reminder, json!({"offsetMinutes": null})).await.expect(200);
    user.update_task(&task, json!({"dueDate": null})).await.expect(200);
    let kept = user.reminder_now(&reminder).await.expect("it is there");
    assert_eq!((&kept["scheduledAt"], &kept["offsetMinutes"]), (&reminder["scheduledAt"], &json!(null)));
}

#[tokio::test]
async fn it_has_one_time_its_own_or_the_tasks() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    let reminder = relative(&user, &task, 60).await;
    for body in [reminder.clone(), json!({"offsetMinutes": 60}), json!({"scheduledAt": reminder["scheduledAt"]})] {
        let answer = user.update_reminder(&reminder, body).await.expect(200);
        assert_eq!(answer.data()["reminder"], reminder, "as it was read");
    }
    let both = json!({"offsetMinutes": 60, "scheduledAt": "2031-04-01T10:00:00Z"});
    user.update_reminder(&reminder, both).await.expect_invalid(&["offsetMinutes"]);
    let own = user.update_reminder(&reminder, json!({"scheduledAt": "2031-04-01T10:00:00Z"})).await.expect(200);
    assert_eq!(own.data()["reminder"]["offsetMinutes"], json!(null));
    user.update_task(&task, json!({"dueDate": "2031-06-01T10:00:00Z"})).await.expect(200);
    let stays = user.reminder_now(&reminder).await.expect("it is there");
    assert_at(&stays["scheduledAt"], "2031-04-01T10:00:00Z");
    let again = user.update_reminder(&reminder, json!({"offsetMinutes": 30})).await.expect(200);
    assert_at(&again.data()["reminder"]["scheduledAt"], "2031-06-01T09:30:00Z");
    let lead = user.update_reminder(&reminder, json!({"leadMinutes": 5})).await.expect(200);
    assert_at(&lead.data()["reminder"]["delivery"]["scheduledFor"], "2031-06-01T09:25:00Z");
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_stored() {
    let user = App::new().user().await;
    let (task, undated) = (dated(&user).await, user.task("Feed the cat").await);
    let soon = user.create_task(json!({"title": "Feed the dog", "dueDate": minutes_ahead(30)})).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"taskId": id(&task), "offsetMinutes": 60});
        body[field] = value;
        body
    };
    let mut cases = vec![
        (json!({"taskId": id(&undated), "offsetMinutes": 60}), "offsetMinutes"),
        (json!({"taskId": id(&soon), "offsetMinutes": 30}), "offsetMinutes"),
        (with("scheduledAt", json!(fires_in(86_400))), "offsetMinutes"),
        (json!({"taskId": id(&task), "offsetMinutes": null, "scheduledAt": ""}), "scheduledAt"),
    ];
    for bad in
        [json!(-1), json!(40_321), json!(0.5), json!("60"), json!(1e300), json!([1]), json!({"$gt": 0}), json!(true)]
    {
        cases.push((with("offsetMinutes", bad), "offsetMinutes"));
    }
    for bad in [json!(-1), json!(10_081), json!(0.5), json!("60"), json!([1]), json!({"$gt": 0}), json!(false)] {
        cases.push((with("leadMinutes", bad), "leadMinutes"));
    }
    for (body, field) in cases {
        user.post(PATH, body).await.expect_invalid(&[field]);
    }
    let past = user.post(PATH, json!({"taskId": id(&soon), "offsetMinutes": 31})).await;
    assert_eq!(
        past.expect_invalid(&["offsetMinutes"]).field_errors()["offsetMinutes"],
        "Scheduled time must be in the future"
    );
    let unknown = json!({"taskId": unknown_id(), "offsetMinutes": 60});
    user.post(PATH, unknown).await.expect_error(404, "NOT_FOUND").saying("Task not found");
    assert!(user.reminders().await.is_empty());
    let reminder = relative(&user, &task, 60).await;
    for (field, value) in [("offsetMinutes", 40_321), ("leadMinutes", 10_081)] {
        user.update_reminder(&reminder, json!({field: value})).await.expect_invalid(&[field]);
    }
    let own = user.remind(&undated, &fires_in(86_400)).await;
    user.update_reminder(&own, json!({"offsetMinutes": 5})).await.expect_invalid(&["offsetMinutes"]);
    for blank in [json!(null), json!("")] {
        let body = json!({"taskId": id(&task), "offsetMinutes": 5, "leadMinutes": blank, "scheduledAt": blank});
        assert_eq!(user.create_reminder(body).await["leadMinutes"], 60);
        let kept = user.update_reminder(&reminder, json!({"leadMinutes": blank})).await.expect(200);
        assert_eq!(kept.data()["reminder"]["version"], 1);
    }
}

#[tokio::test]
async fn created_twice_with_a_key_it_is_answered_the_same_although_the_due_date_moved() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    let body = json!({"taskId": id(&task), "offsetMinutes": 60});
    let create = || user.post(PATH, body.clone()).header("Idempotency-Key", "once");
    let first = create().await.expect(201);
    user.update_task(&task, json!({"dueDate": minutes_ahead(5)})).await.expect(200);
    assert_eq!(create().await.expect(201).json(), first.json());
    user.delete_task(&task).await.expect(200);
    assert_eq!(create().await.expect(201).json(), first.json());
}

#[tokio::test]
async fn whatever_happens_at_once_every_one_follows_the_due_date_that_is_left() {
    let user = App::new().user().await;
    let task = dated(&user).await;
    for offset in 0..5 {
        relative(&user, &task, offset).await;
    }
    let mut calls: Vec<_> =
        (1..=6).map(|day| user.update_task(&task, json!({"dueDate": format!("2031-07-0{day}T10:00:00Z")}))).collect();
    calls.extend((10..16).map(|offset| user.post(PATH, json!({"taskId": id(&task), "offsetMinutes": offset}))));
    for answer in at_once(calls).await {
        assert!([200, 201, 409].contains(&answer.status()), "{answer}");
    }
    let due = instant(&user.task_now(&task).await["dueDate"]);
    let reminders = user.reminders().await;
    assert!(reminders.len() >= 5);
    for reminder in reminders {
        let offset = reminder["offsetMinutes"].as_i64().expect("it is relative");
        assert_eq!(instant(&reminder["scheduledAt"]), due - jiff::SignedDuration::from_mins(offset), "{reminder}");
    }
}
