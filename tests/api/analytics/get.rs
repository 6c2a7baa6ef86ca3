//! `GET /api/analytics`

use jiff::ToSpan;
use serde_json::{Value, json};

use super::user_at_noon;
use crate::support::{App, Client, eventually, fires_in, id, minutes_ahead, names, now};

const PATH: &str = "/api/analytics";

async fn analytics(user: &Client) -> Value {
    user.get(PATH).await.expect(200).saying("Analytics retrieved successfully").data().clone()
}

/// Tasks, completed, upcoming and overdue reminders.
fn totals(analytics: &Value) -> [u64; 4] {
    ["totalTasks", "completedReminders", "upcomingReminders", "overdueReminders"]
        .map(|name| analytics[name].as_u64().expect("a count"))
}

fn last(list: &Value) -> u64 {
    list.as_array().and_then(|list| list.last()).expect("an entry")["completed"].as_u64().expect("a count")
}

#[tokio::test]
async fn a_new_user_has_seven_days_and_four_weeks_of_nothing() {
    let app = App::new();
    let user = user_at_noon(&app).await;
    let analytics = analytics(&user).await;
    let fields = [
        "categoryData",
        "completedReminders",
        "dailyData",
        "overdueReminders",
        "totalTasks",
        "upcomingReminders",
        "weeklyData",
    ];
    assert_eq!(names(&analytics), fields);
    assert_eq!(totals(&analytics), [0; 4]);
    assert_eq!(analytics["categoryData"], json!([]));
    let week = |n| json!({"week": format!("Week {n}"), "completed": 0});
    assert_eq!(analytics["weeklyData"], json!([week(1), week(2), week(3), week(4)]));
    let zone = user.me().await["timezone"].as_str().expect("a zone").to_owned();
    let today = now().in_tz(&zone).expect("a known zone").date();
    let day = |ago: i64| json!({"date": (today - ago.days()).strftime("%b %-d").to_string(), "completed": 0});
    assert_eq!(analytics["dailyData"], json!([day(6), day(5), day(4), day(3), day(2), day(1), day(0)]));
}

#[tokio::test]
async fn the_numbers_follow_every_change_at_once() {
    let app = App::new();
    let user = user_at_noon(&app).await;
    let ferns = user.create_task(json!({"title": "Water the ferns", "category": "Home"})).await;
    let report = user.create_task(json!({"title": "Write the report", "category": "Work"})).await;
    user.task("Some day").await;
    let (first, second) = (user.remind(&ferns, &fires_in(3_600)).await, user.remind(&report, &fires_in(7_200)).await);
    assert_eq!(totals(&analytics(&user).await), [3, 0, 2, 0]);
    user.update_reminder(&first, json!({"status": "completed"})).await.expect(200);
    let seen = analytics(&user).await;
    assert_eq!(totals(&seen), [3, 1, 1, 0]);
    assert_eq!((last(&seen["dailyData"]), last(&seen["weeklyData"])), (1, 1));
    let third = json!(1.0 / 3.0);
    let share = |name: &str| json!({"category": name, "count": 1, "percent": third});
    assert_eq!(seen["categoryData"], json!([share("Home"), share("Uncategorized"), share("Work")]));
    user.update_task(&report, json!({"category": "Home", "status": "completed"})).await.expect(200);
    let seen = analytics(&user).await;
    assert_eq!(totals(&seen), [3, 1, 0, 0], "completing a task calls its reminders off");
    assert_eq!(seen["categoryData"][0], json!({"category": "Home", "count": 2, "percent": 2.0 / 3.0}));
    user.update_reminder(&second, json!({"status": "pending"})).await.expect(200);
    user.update_reminder(&first, json!({"status": "pending"})).await.expect(200);
    let seen = analytics(&user).await;
    assert_eq!((totals(&seen), last(&seen["dailyData"])), ([3, 0, 2, 0], 0));
    user.update_reminder(&first, json!({"status": "completed"})).await.expect(200);
    user.delete_task(&ferns).await.expect(200);
    let seen = analytics(&user).await;
    assert_eq!((totals(&seen), last(&seen["weeklyData"])), ([2, 0, 1, 0], 0));
}

#[tokio::test]
async fn a_reminder_that_fired_counts_as_completed_on_its_day() {
    let app = App::new();
    let user = user_at_noon(&app).await;
    let task = user.task("Water the ferns").await;
    user.remind(&task, &minutes_ahead(30)).await;
    let seen = eventually("the reminder is counted as completed", async || {
        let seen = analytics(&user).await;
        (totals(&seen) == [1, 1, 0, 0]).then_some(seen)
    })
    .await;
    assert_eq!(last(&seen["dailyData"]), 1);
}

#[tokio::test]
async fn a_user_sees_their_own_numbers_only() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    let task = one.task("Private").await;
    one.create_reminder(json!({"taskId": id(&task), "scheduledAt": fires_in(3_600), "status": "completed"})).await;
    assert_eq!(totals(&analytics(&other).await), [0; 4]);
    assert_eq!(totals(&analytics(&one).await), [1, 1, 0, 0]);
}

#[tokio::test]
async fn a_category_that_its_last_task_has_left_is_forgotten() {
    let app = App::new();
    let user = app.user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "category": "Garden"})).await;
    user.create_task(json!({"title": "Pay rent", "category": "Home"})).await;
    user.delete_task(&task).await.expect(200);
    let categories = async || {
        let rows = app.cloud().rows_of(&user.id).await;
        rows.into_iter().filter(|row| row.starts_with("CATEGORY#")).collect::<Vec<_>>()
    };
    eventually("its counter is gone", async || (categories().await == ["CATEGORY#Home"]).then_some(())).await;
}
