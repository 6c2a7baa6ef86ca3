//! `PUT` and `DELETE /api/tasks/{id}/plan`

use jiff::civil::Time;
use jiff::{ToSpan, Zoned};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Call, User, at_once, eventually, fires_in, id, instant, minutes_ahead, now, unknown_id,
};

fn plan(user: &User, task: &Value, body: Value) -> Call {
    user.put(&format!("/api/tasks/{}/plan", id(task)), body)
}

fn end_plan(user: &User, task: &Value) -> Call {
    user.delete(&format!("/api/tasks/{}/plan", id(task)))
}

fn task_of(answer: &Answer) -> Value {
    answer.data()["task"].clone()
}

/// Where the tests' users are.
const ZONE: &str = "Asia/Kolkata";

/// An instant so many days from today, at a time of day there.
fn local(days: i64, hour: i8, minute: i8) -> jiff::Timestamp {
    let today: Zoned = now().in_tz(ZONE).expect("a zone");
    let day = today.date().checked_add(days.days()).expect("a day");
    day.to_datetime(Time::constant(hour, minute, 0, 0)).in_tz(ZONE).expect("an instant").timestamp()
}

#[tokio::test]
async fn a_list_begins_with_its_first_interval() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    assert_eq!(task["plan"], json!(null));
    let answer = plan(&user, &task, json!({"kind": "fixed", "days": [3, 7, 14]})).await.expect(200);
    let planned = task_of(&answer.saying("Plan saved successfully"));
    let shown = &planned["plan"];
    assert_eq!((&shown["kind"], &shown["days"], &shown["step"]), (&json!("fixed"), &json!([3, 7, 14]), &json!(0)));
    assert_eq!((&shown["time"], &shown["lastReview"], &shown["reviews"]), (&json!(null), &json!(null), &json!(0)));
    assert_eq!(
        (&shown["retention"], &shown["stability"], &shown["difficulty"]),
        (&json!(null), &json!(null), &json!(null))
    );
    assert_eq!(instant(&shown["nextReview"]), local(3, 5, 0));
    assert_eq!(planned["version"], 2);
    let [review] = &user.reminders().await[..] else { panic!("one review") };
    assert_eq!((&review["id"], &review["kind"]), (&shown["reminderId"], &json!("review")));
    assert_eq!((&review["scheduledAt"], &review["leadMinutes"]), (&shown["nextReview"], &json!(0)));
    assert_eq!((&review["type"], &review["status"]), (&json!("email"), &json!("pending")));
    assert_eq!(review["delivery"]["scheduledFor"], review["scheduledAt"]);
    let now = user.task_now(&task).await;
    assert_eq!((&now["plan"], &now["reminders"][0]["kind"]), (shown, &json!("review")));
    assert_eq!(user.tasks(&[]).await[0]["plan"], *shown);
}

#[tokio::test]
async fn the_model_begins_on_the_next_day_at_the_time_that_it_is_given() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    let planned = task_of(&plan(&user, &task, json!({"kind": "fsrs", "time": "21:45"})).await.expect(200));
    let shown = &planned["plan"];
    assert_eq!((&shown["kind"], &shown["retention"], &shown["time"]), (&json!("fsrs"), &json!(0.9), &json!("21:45")));
    assert_eq!((&shown["days"], &shown["step"], &shown["stability"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!(instant(&shown["nextReview"]), local(1, 21, 45));
}

#[tokio::test]
async fn other_settings_plan_the_open_review_again_and_the_same_change_nothing() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    let first = plan(&user, &task, json!({"kind": "fixed", "days": [3, 7], "time": "08:00"})).await.expect(200);
    for same in [
        json!({"kind": "fixed", "days": [3, 7], "time": "08:00"}),
        json!({"kind": "FIXED", "days": [3.0, 7]}),
        task_of(&first)["plan"].clone(),
    ] {
        let again = plan(&user, &task, same.clone()).await.expect(200);
        assert_eq!((again.json(), again.etag()), (first.json(), first.etag()), "{same}");
    }
    let other = task_of(&plan(&user, &task, json!({"kind": "fixed", "days": [9], "time": null})).await.expect(200));
    assert_eq!(instant(&other["plan"]["nextReview"]), local(9, 5, 0));
    let model = task_of(&plan(&user, &task, json!({"kind": "fsrs", "retention": 0.8})).await.expect(200));
    assert_eq!(instant(&model["plan"]["nextReview"]), local(1, 5, 0));
    assert_eq!(
        model["plan"]["reminderId"],
        task_of(&first)["plan"]["reminderId"],
        "a plan has one reminder, which moves"
    );
    assert_eq!((model["version"].clone(), user.reminders().await.len()), (json!(4), 1));
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_planned() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    let days = |days: Value| json!({"kind": "fixed", "days": days});
    let model = |retention: Value| json!({"kind": "fsrs", "retention": retention});
    let time = |time: Value| json!({"kind": "fsrs", "time": time});
    let cases: [(Value, &[&str]); 27] = [
        (json!({}), &["kind"]),
        (json!({"kind": null}), &["kind"]),
        (json!({"kind": ""}), &["kind"]),
        (json!({"kind": "sm2"}), &["kind"]),
        (json!({"kind": ["fixed"]}), &["kind"]),
        (json!({"kind": "fixed"}), &["days"]),
        (days(json!(null)), &["days"]),
        (days(json!("")), &["days"]),
        (days(json!([])), &["days"]),
        (days(json!(vec![1; 31])), &["days"]),
        (days(json!([0])), &["days"]),
        (days(json!([3651])), &["days"]),
        (days(json!([1, 1.5])), &["days"]),
        (days(json!(["1"])), &["days"]),
        (days(json!([null])), &["days"]),
        (days(json!({"0": 1})), &["days"]),
        (days(json!("1,3,7")), &["days"]),
        (model(json!(0.69)), &["retention"]),
        (model(json!(0.971)), &["retention"]),
        (model(json!(1e308)), &["retention"]),
        (model(json!("0.9")), &["retention"]),
        (model(json!({"$gt": 0})), &["retention"]),
        (time(json!("5:00")), &["time"]),
        (time(json!("24:00")), &["time"]),
        (time(json!("05:00:00")), &["time"]),
        (time(json!(5)), &["time"]),
        (json!({"kind": "fsrs", "days": 1, "retention": 2, "time": "x"}), &["days", "retention", "time"]),
    ];
    for (body, fields) in cases {
        let answer = plan(&user, &task, body.clone()).await;
        let named = answer.expect(400).field_errors();
        assert_eq!(named.keys().map(String::as_str).collect::<Vec<_>>(), fields, "{body}");
    }
    assert_eq!(user.task_now(&task).await["version"], 1);
    for good in [
        days(json!([1])),
        days(json!(vec![3650; 30])),
        model(json!(0.7)),
        model(json!(0.97)),
        time(json!("00:00")),
        time(json!("23:59")),
    ] {
        plan(&user, &task, good).await.expect(200);
    }
}

#[tokio::test]
async fn a_completed_or_recurring_task_has_no_plan_and_one_with_a_plan_no_rule() {
    let user = App::new().user().await;
    let body = json!({"kind": "fixed", "days": [1]});
    let done = user.task("Irregular verbs").await;
    user.complete(&done).await;
    plan(&user, &done, body.clone()).await.expect_error(409, "NOT_OPEN");
    let rule = json!({"dueDate": "2031-03-24", "recurrence": {"rrule": "FREQ=DAILY", "anchor": "due"}});
    let recurring = user.task("Irregular verbs").await;
    user.update_task(&recurring, rule.clone()).await.expect(200);
    plan(&user, &recurring, body.clone()).await.expect_error(409, "PLAN_EXISTS");
    let planned = user.task("Irregular verbs").await;
    plan(&user, &planned, body).await.expect(200);
    user.update_task(&planned, rule.clone()).await.expect_error(409, "PLAN_EXISTS");
    assert_eq!(user.task_now(&planned).await["version"], 2);
    end_plan(&user, &planned).await.expect(200);
    user.update_task(&planned, rule).await.expect(200);
}

#[tokio::test]
async fn completing_the_task_ends_it_and_reopening_does_not_begin_it_again() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    let planned = task_of(&plan(&user, &task, json!({"kind": "fsrs"})).await.expect(200));
    let done = task_of(&user.complete(&task).await);
    assert_eq!((&done["plan"], &done["reminders"][0]["status"]), (&json!(null), &json!("skipped")));
    let reopened = task_of(&user.update_task(&task, json!({"status": "todo"})).await.expect(200));
    assert_eq!((&reopened["plan"], &reopened["reminders"][0]["status"]), (&json!(null), &json!("skipped")));
    let again = task_of(&plan(&user, &task, json!({"kind": "fsrs"})).await.expect(200));
    assert_ne!(again["plan"]["reminderId"], planned["plan"]["reminderId"]);
}

#[tokio::test]
async fn deleting_it_or_its_reminder_ends_it() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    end_plan(&user, &task).await.expect_error(404, "NOT_FOUND");
    plan(&user, &task, json!({"kind": "fsrs"})).await.expect(200);
    let ended = end_plan(&user, &task).await.expect(200);
    let ended = task_of(&ended.saying("Plan deleted successfully"));
    assert_eq!((&ended["plan"], &ended["reminders"], &ended["version"]), (&json!(null), &json!([]), &json!(3)));
    assert!(user.reminders().await.is_empty());
    end_plan(&user, &task).await.expect_error(404, "NOT_FOUND");

    plan(&user, &task, json!({"kind": "fsrs"})).await.expect(200);
    let [review] = &user.reminders().await[..] else { panic!("one review") };
    user.delete_reminder(review).await.expect(200);
    let ended = user.task_now(&task).await;
    assert_eq!((&ended["plan"], &ended["reminders"], &ended["version"]), (&json!(null), &json!([]), &json!(5)));
    assert_eq!(user.get("/api/analytics").await.expect(200).data()["upcomingReminders"], 0);
}

#[tokio::test]
async fn its_reminder_is_one_of_thirty() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    for _ in 0..29 {
        user.remind(&task, &fires_in(86_400)).await;
    }
    plan(&user, &task, json!({"kind": "fsrs"})).await.expect(200);
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
    user.post("/api/reminders", body.clone()).await.expect_error(409, "LIMIT_REACHED");
    end_plan(&user, &task).await.expect(200);
    user.post("/api/reminders", body).await.expect(201);
    plan(&user, &task, json!({"kind": "fsrs"})).await.expect_error(409, "LIMIT_REACHED");
}

#[tokio::test]
async fn a_tag_that_no_longer_holds_is_412() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    let body = json!({"kind": "fixed", "days": [1]});
    let tag = plan(&user, &task, body.clone()).if_match("\"1\"").await.expect(200).etag();
    assert_eq!(tag, "\"2\"");
    plan(&user, &task, json!({"kind": "fsrs"})).if_match("\"1\"").await.expect_error(412, "PRECONDITION_FAILED");
    end_plan(&user, &task).if_match("\"1\"").await.expect_error(412, "PRECONDITION_FAILED");
    assert_eq!(end_plan(&user, &task).if_match(&tag).await.expect(200).etag(), "\"3\"");
}

#[tokio::test]
async fn somebody_elses_task_is_as_unknown_as_none() {
    let app = App::new();
    let (owner, other) = (app.user().await, app.user().await);
    let task = owner.task("Private").await;
    plan(&owner, &task, json!({"kind": "fsrs"})).await.expect(200);
    plan(&other, &task, json!({"kind": "fsrs", "retention": 0.7})).await.expect_error(404, "NOT_FOUND");
    end_plan(&other, &task).await.expect_error(404, "NOT_FOUND");
    let unknown = json!({"id": unknown_id()});
    plan(&other, &unknown, json!({"kind": "fsrs"})).await.expect_error(404, "NOT_FOUND");
    assert_eq!(owner.task_now(&task).await["version"], 2);
}

#[tokio::test]
async fn sixteen_at_once_leave_one_review() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    let days = (1..=16).map(|days| json!({"kind": "fixed", "days": [days]}));
    let answers = at_once(days.map(|body| plan(&user, &task, body))).await;
    let done = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!(done >= 1 && answers.iter().all(|answer| [200, 409].contains(&answer.status())), "{done}");
    let (now, reviews) = (user.task_now(&task).await, user.reminders().await);
    assert_eq!((reviews.len(), now["reminders"].as_array().map(Vec::len)), (1, Some(1)));
    assert_eq!(reviews[0]["scheduledAt"], now["plan"]["nextReview"]);
    let days = now["plan"]["days"][0].as_i64().expect("a number");
    assert_eq!(instant(&now["plan"]["nextReview"]), local(days, 5, 0));
    assert_eq!(now["version"], json!(done + 1));
}

#[tokio::test]
async fn an_open_review_moves_with_the_digest_and_the_zone_unless_it_has_a_time_of_its_own() {
    let user = App::new().user().await;
    let (follows, own) = (user.task("Irregular verbs").await, user.task("Phrases").await);
    plan(&user, &follows, json!({"kind": "fixed", "days": [3]})).await.expect(200);
    plan(&user, &own, json!({"kind": "fixed", "days": [3], "time": "20:00"})).await.expect(200);
    let moved = async |to: jiff::Timestamp| {
        eventually("the review moves", async || {
            let next = user.task_now(&follows).await["plan"]["nextReview"].clone();
            (instant(&next) == to).then_some(())
        })
        .await;
    };
    user.patch("/api/user/me", json!({"morning_digest": {"time": "06:30", "enabled": false}})).await.expect(200);
    moved(local(3, 6, 30)).await;
    user.patch("/api/user/me", json!({"timezone": "UTC"})).await.expect(200);
    let day = local(3, 12, 0).to_zoned(jiff::tz::TimeZone::get(ZONE).expect("a zone")).date();
    moved(day.at(6, 30, 0, 0).in_tz("UTC").expect("an instant").timestamp()).await;
    assert_eq!(instant(&user.task_now(&own).await["plan"]["nextReview"]), local(3, 20, 0));
    let review = json!({"id": user.task_now(&follows).await["plan"]["reminderId"]});
    let review = user.reminder_now(&review).await.expect("it is there");
    assert_eq!(review["delivery"]["scheduledFor"], review["scheduledAt"]);
}

#[tokio::test]
async fn of_its_review_only_the_time_and_the_message_change_by_hand() {
    let user = App::new().user().await;
    let task = user.task("Irregular verbs").await;
    plan(&user, &task, json!({"kind": "fixed", "days": [3]})).await.expect(200);
    let [review] = &user.reminders().await[..] else { panic!("one review") };
    let same = user.update_reminder(review, review.clone()).await.expect(200);
    assert_eq!(same.data()["reminder"]["version"], 1, "a whole reminder that is sent back");
    let to = minutes_ahead(90);
    let moved = user.update_reminder(review, json!({"scheduledAt": to, "message": "Aloud"})).await.expect(200);
    assert_eq!(instant(&moved.data()["reminder"]["scheduledAt"]), to.parse().expect("an instant"));
    assert_eq!(instant(&user.task_now(&task).await["plan"]["nextReview"]), to.parse().expect("an instant"));
    for (field, value) in [
        ("type", json!("push")),
        ("status", json!("completed")),
        ("status", json!("skipped")),
        ("leadMinutes", json!(60)),
        ("offsetMinutes", json!(60)),
        ("scheduledAt", json!(minutes_ahead(-5))),
    ] {
        user.update_reminder(review, json!({field: value})).await.expect_invalid(&[field]);
    }
    assert_eq!(user.task_now(&task).await["version"], 2, "the task is as it was");
}
