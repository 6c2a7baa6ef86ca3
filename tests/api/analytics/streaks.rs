//! `GET /api/analytics/streaks`

use serde_json::{Value, json};

use super::user_at_noon;
use crate::support::{App, Client, fires_in, id};

async fn streaks(user: &Client) -> Value {
    let answer = user.get("/api/analytics/streaks").await.expect(200).saying("Streaks retrieved successfully");
    answer.data().clone()
}

#[tokio::test]
async fn a_streak_begins_with_the_first_completion_and_ends_when_it_is_taken_back() {
    let app = App::new();
    let user = user_at_noon(&app).await;
    assert_eq!(streaks(&user).await, json!({"active": 0, "longest": 0}));
    let task = user.task("Water the ferns").await;
    let (first, second) = (user.remind(&task, &fires_in(60)).await, user.remind(&task, &fires_in(120)).await);
    for reminder in [&first, &second] {
        user.update_reminder(reminder, json!({"status": "completed"})).await.expect(200);
        assert_eq!(streaks(&user).await, json!({"active": 1, "longest": 1}), "a day counts once");
    }
    user.update_reminder(&first, json!({"status": "skipped"})).await.expect(200);
    assert_eq!(streaks(&user).await, json!({"active": 1, "longest": 1}), "the second holds the day");
    user.delete(&format!("/api/reminders/{}", id(&second))).await.expect(200);
    assert_eq!(streaks(&user).await, json!({"active": 0, "longest": 0}));
}

#[tokio::test]
async fn days_still_to_come_count_only_when_they_come() {
    let app = App::new();
    let user = user_at_noon(&app).await;
    let task = user.task("Water the ferns").await;
    let ahead = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "status": "completed"});
    user.create_reminder(ahead).await;
    assert_eq!(streaks(&user).await, json!({"active": 0, "longest": 0}));
}
