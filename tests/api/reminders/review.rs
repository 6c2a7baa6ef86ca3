//! `POST /api/reminders/{id}/review`

use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Call, User, at_once, eventually, fires_in, id, instant, minutes_ahead, now, unknown_id,
};

fn rate(user: &User, review: &Value, rating: &str) -> Call {
    user.post(&format!("/api/reminders/{}/review", id(review)), json!({"rating": rating}))
}

fn plan_of(answer: &Answer) -> Value {
    answer.data()["plan"].clone()
}

/// A user for whom it is about noon, so that no test meets a midnight.
async fn user(app: &App) -> User {
    let user = app.user().await;
    let hours = 12 - now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    let zone = if hours == 0 { "Etc/GMT".to_owned() } else { format!("Etc/GMT{:+}", -hours) };
    user.patch("/api/user/me", json!({"timezone": zone})).await.expect(200);
    user
}

/// A task with a plan, and its review, whose day is today.
async fn open_review(user: &User, plan: Value) -> (Value, Value) {
    let task = user.task("Irregular verbs").await;
    user.put(&format!("/api/tasks/{}/plan", id(&task)), plan).await.expect(200);
    let review = json!({"id": user.task_now(&task).await["plan"]["reminderId"]});
    open_today(user, &review).await;
    (task, review)
}

/// Moves a review to today.
async fn open_today(user: &User, review: &Value) {
    user.update_reminder(review, json!({"scheduledAt": minutes_ahead(60)})).await.expect(200);
}

/// The instant so many days after today, at five o'clock in the morning.
async fn morning(user: &User, days: i64) -> jiff::Timestamp {
    let zone = user.me().await["timezone"].as_str().expect("a zone").to_owned();
    let today = now().in_tz(&zone).expect("a zone").date();
    let day = today.checked_add(days.days()).expect("a day");
    day.at(5, 0, 0, 0).in_tz(&zone).expect("an instant").timestamp()
}

async fn analytics(user: &User) -> Value {
    user.get("/api/analytics").await.expect(200).data().clone()
}

#[tokio::test]
async fn a_rating_plans_the_next_review_of_a_list() {
    let user = user(&App::new()).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1, 3, 30]})).await;
    for (rating, days, step) in [("good", 3, 1), ("hard", 3, 1), ("again", 1, 0), ("easy", 30, 2), ("good", 30, 2)] {
        let before = user.task_now(&task).await;
        let rated = rate(&user, &review, rating).await.expect(200).saying("Review rated successfully");
        let plan = plan_of(&rated);
        assert_eq!(instant(&plan["nextReview"]), morning(&user, days).await, "{rating}");
        assert_eq!((&plan["step"], &plan["lastRating"]), (&json!(step), &json!(rating)));
        assert!(now().duration_since(instant(&plan["lastReview"])) < SignedDuration::from_mins(1));
        let reminder = &rated.data()["reminder"];
        assert_eq!((&reminder["id"], &reminder["status"]), (&review["id"], &json!("pending")));
        assert_eq!((&reminder["scheduledAt"], &reminder["kind"]), (&plan["nextReview"], &json!("review")));
        assert_eq!(rated.etag(), format!("\"{}\"", reminder["version"]));
        let after = user.task_now(&task).await;
        assert_eq!(after["plan"], plan);
        let versions = [&before, &after].map(|task| task["version"].as_u64().expect("a number"));
        assert_eq!(versions[1], versions[0] + 1);
        open_today(&user, &review).await;
    }
    assert_eq!(user.task_now(&task).await["plan"]["reviews"], 5);
    assert_eq!(user.reminders().await.len(), 1);
}

#[tokio::test]
async fn a_rating_sets_the_models_memory() {
    let user = user(&App::new()).await;
    for (rating, stability, days) in
        [("again", 0.212, 1), ("hard", 1.2931, 1), ("good", 2.3065, 2), ("easy", 8.2956, 8)]
    {
        let (_, review) = open_review(&user, json!({"kind": "fsrs", "time": "05:00"})).await;
        let plan = plan_of(&rate(&user, &review, rating).await.expect(200));
        assert_eq!(plan["stability"], json!(stability), "{rating}");
        assert_eq!(instant(&plan["nextReview"]), morning(&user, days).await, "{rating}");
    }
}

#[tokio::test]
async fn it_counts_as_a_completed_reminder_of_today_whatever_becomes_of_the_plan() {
    let app = App::new();
    let user = user(&app).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1]})).await;
    assert_eq!(analytics(&user).await["completedReminders"], 0);
    rate(&user, &review, "good").await.expect(200);
    let counted = async || {
        let counted = analytics(&user).await;
        assert_eq!(counted["dailyData"][6]["completed"], counted["completedReminders"]);
        (counted["completedReminders"].clone(), counted["upcomingReminders"].clone())
    };
    assert_eq!(counted().await, (json!(1), json!(1)));
    let streaks = user.get("/api/analytics/streaks").await.expect(200).data().clone();
    assert_eq!(streaks, json!({"active": 1, "longest": 1}));
    // A second review of the same day, and moving the next one, count no second time and take nothing back.
    open_today(&user, &review).await;
    rate(&user, &review, "again").await.expect(200);
    assert_eq!(counted().await, (json!(1), json!(1)));
    user.delete(&format!("/api/tasks/{}/plan", id(&task))).await.expect(200);
    app.later_mail(&user).await;
    // The witness has fired too.
    assert_eq!(counted().await, (json!(2), json!(0)));
    let report = app.cloud().admin(&["replay", "--user", &user.id]).await;
    assert!(report.ends_with(" 0 users differ\n"), "{report}");
}

#[tokio::test]
async fn what_is_not_open_is_not_rated() {
    let user = user(&App::new()).await;
    let task = user.task("Irregular verbs").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    rate(&user, &reminder, "good").await.expect_error(409, "NOT_OPEN");
    user.put(&format!("/api/tasks/{}/plan", id(&task)), json!({"kind": "fsrs"})).await.expect(200);
    let review = json!({"id": user.task_now(&task).await["plan"]["reminderId"]});
    rate(&user, &review, "good").await.expect_error(409, "NOT_OPEN");
    open_today(&user, &review).await;
    rate(&user, &review, "good").await.expect(200);
    rate(&user, &review, "good").await.expect_error(409, "NOT_OPEN");
    open_today(&user, &review).await;
    user.complete(&task).await;
    rate(&user, &review, "good").await.expect_error(409, "NOT_OPEN");
    user.delete_reminder(&review).await.expect(200);
    rate(&user, &review, "good").await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_snoozed_review_can_be_rated_before_its_mail() {
    let user = user(&App::new()).await;
    let (_, review) = open_review(&user, json!({"kind": "fixed", "days": [1]})).await;
    let snooze = user.post(&format!("/api/reminders/{}/snooze", id(&review)), json!({"minutes": 40_000}));
    snooze.await.expect(200);
    let plan = plan_of(&rate(&user, &review, "good").await.expect(200));
    assert_eq!(instant(&plan["nextReview"]), morning(&user, 1).await);
    assert_eq!(user.reminder_now(&review).await.expect("it is there")["snoozedUntil"], json!(null));
}

#[tokio::test]
async fn somebody_elses_is_as_unknown_as_none() {
    let app = App::new();
    let (owner, other) = (user(&app).await, app.user().await);
    let (task, review) = open_review(&owner, json!({"kind": "fsrs"})).await;
    rate(&other, &review, "good").await.expect_error(404, "NOT_FOUND");
    rate(&other, &json!({"id": unknown_id()}), "good").await.expect_error(404, "NOT_FOUND");
    assert_eq!(owner.task_now(&task).await["plan"]["reviews"], 0);
}

#[tokio::test]
async fn a_rating_is_one_of_four_words() {
    let user = user(&App::new()).await;
    let (task, review) = open_review(&user, json!({"kind": "fsrs"})).await;
    let path = format!("/api/reminders/{}/review", id(&review));
    for bad in [json!(null), json!(""), json!("better"), json!(3), json!(["good"]), json!({"$ne": "good"})] {
        user.post(&path, json!({"rating": bad})).await.expect_invalid(&["rating"]);
    }
    user.post(&path, json!({})).await.expect_invalid(&["rating"]);
    assert_eq!(user.task_now(&task).await["plan"]["reviews"], 0);
    rate(&user, &review, " Good ").await.expect(200);
}

#[tokio::test]
async fn sent_again_with_its_key_it_is_answered_the_same_and_counts_once() {
    let user = user(&App::new()).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1, 3]})).await;
    let tag = format!("\"{}\"", user.reminder_now(&review).await.expect("it is there")["version"]);
    let call = |rating: &str| rate(&user, &review, rating).header("Idempotency-Key", "once").if_match(&tag);
    let first = call("good").await.expect(200);
    for _ in 0..2 {
        let again = call("good").await.expect(200);
        assert_eq!((again.json(), again.etag()), (first.json(), first.etag()));
    }
    call("hard").await.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(user.task_now(&task).await["plan"]["reviews"], 1);
}

#[tokio::test]
async fn a_tag_that_no_longer_holds_is_412() {
    let user = user(&App::new()).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1]})).await;
    rate(&user, &review, "good").if_match("\"1\"").await.expect_error(412, "PRECONDITION_FAILED");
    let tag = format!("\"{}\"", user.reminder_now(&review).await.expect("it is there")["version"]);
    rate(&user, &review, "good").if_match(&tag).await.expect(200);
    assert_eq!(user.task_now(&task).await["plan"]["reviews"], 1);
}

#[tokio::test]
async fn of_sixty_four_at_once_one_counts() {
    let user = user(&App::new()).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1, 3]})).await;
    let answers = at_once((0..64).map(|_| rate(&user, &review, "good"))).await;
    let now = user.task_now(&task).await;
    assert_eq!((&now["plan"]["reviews"], &now["plan"]["step"]), (&json!(1), &json!(1)));
    // One that the gateway received after the first was written is not at once with it, and meets a review that is not open.
    let (equal, late): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 200);
    assert!(!equal.is_empty());
    for answer in equal {
        assert_eq!(answer.data()["plan"], now["plan"]);
    }
    for answer in late {
        answer.expect_error(409, "NOT_OPEN");
    }
    assert_eq!(analytics(&user).await["completedReminders"], 1);
}

#[tokio::test]
async fn of_two_different_ones_at_once_the_first_counts() {
    let user = user(&App::new()).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1, 3]})).await;
    let answers = at_once(["again", "easy"].map(|rating| rate(&user, &review, rating))).await;
    let mut statuses: Vec<u16> = answers.iter().map(Answer::status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let plan = user.task_now(&task).await["plan"].clone();
    assert_eq!(plan["reviews"], 1);
    let won = answers.iter().find(|answer| answer.status() == 200).expect("one won");
    assert_eq!(won.data()["plan"], plan);
}

#[tokio::test]
async fn a_missed_one_sends_one_mail_waits_and_is_overdue_until_it_is_rated() {
    let app = App::new();
    let user = user(&app).await;
    let (task, review) = open_review(&user, json!({"kind": "fixed", "days": [1]})).await;
    let soon = format!("{:.3}", now() + SignedDuration::from_secs(3));
    user.update_reminder(&review, json!({"scheduledAt": soon})).await.expect(200);
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Irregular verbs is due for review").await;
    assert!(mail.text.contains("Irregular verbs is due for review."), "{}", mail.text);
    let sent = user.wait_until_sent(&review).await;
    assert_eq!((&sent["status"], &sent["emailSent"]), (&json!("pending"), &json!(true)));
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 1);
    let counted = analytics(&user).await;
    assert_eq!((&counted["overdueReminders"], &counted["completedReminders"]), (&json!(1), &json!(0)));
    let plan = plan_of(&rate(&user, &review, "hard").await.expect(200));
    assert_eq!(instant(&plan["nextReview"]), morning(&user, 1).await);
    let waiting = eventually("the next one waits for its time", async || {
        let now = user.reminder_now(&review).await?;
        (now["delivery"]["state"] == "scheduled" && now["emailSent"] == json!(false)).then_some(now)
    })
    .await;
    assert_eq!(waiting["delivery"]["scheduledFor"], plan["nextReview"]);
    let counted = analytics(&user).await;
    assert_eq!((&counted["overdueReminders"], &counted["completedReminders"]), (&json!(0), &json!(1)));
    assert_eq!(app.mailbox.about(&user.email, "Reminder: Irregular verbs is due for review").await.len(), 1);
}
