//! A schedule that fires for a reminder that was called off does nothing.
//!
//! In each test a second reminder is to go out two seconds after the first. When its mail is there, the first
//! has had its time.

use serde_json::{Value, json};

use crate::support::{App, Client, User, fires_in};

struct Pair {
    app: App,
    user: User,
    task: Value,
    /// To go out in six seconds: time enough to call it off.
    reminder: Value,
    witness: Value,
}

impl Pair {
    async fn new() -> Self {
        let app = App::new();
        let user = app.user().await;
        let (task, witness) = (user.task("Called off").await, user.task("Witness").await);
        let reminder = user.remind(&task, &fires_in(6)).await;
        user.remind(&witness, &fires_in(8)).await;
        Self { app, user, task, reminder, witness }
    }

    fn client(&self) -> &Client {
        &self.user
    }

    async fn assert_silent(&self) {
        let Self { app, user, .. } = self;
        app.mailbox.wait_for(&user.email, "Reminder: Witness is due soon").await;
        let mails = app.mailbox.about(&user.email, "Reminder: Called off is due soon").await;
        assert!(mails.is_empty(), "{mails:?}");
        assert!(user.notifications_of(&self.task, "upcoming").await.is_empty());
        assert_eq!(user.notifications_of(&self.witness, "upcoming").await.len(), 1);
    }

    async fn assert_skipped(&self) {
        let reminder = self.user.reminder_now(&self.reminder).await.expect("it is there");
        assert_eq!(reminder["delivery"]["state"], "skipped", "{reminder}");
        assert_eq!(reminder["emailSent"], false);
    }
}

#[tokio::test]
async fn a_deleted_reminder_does_not_fire() {
    let pair = Pair::new().await;
    pair.client().delete_reminder(&pair.reminder).await.expect(200);
    pair.assert_silent().await;
    assert_eq!(pair.client().reminders().await.len(), 1);
}

#[tokio::test]
async fn a_reminder_of_a_deleted_task_does_not_fire() {
    let pair = Pair::new().await;
    pair.client().delete_task(&pair.task).await.expect(200);
    pair.assert_silent().await;
}

#[tokio::test]
async fn a_reminder_of_a_completed_task_does_not_fire() {
    let pair = Pair::new().await;
    pair.client().complete(&pair.task).await;
    pair.assert_silent().await;
    pair.assert_skipped().await;
}

#[tokio::test]
async fn a_skipped_reminder_does_not_fire() {
    let pair = Pair::new().await;
    pair.client().update_reminder(&pair.reminder, json!({"status": "skipped"})).await.expect(200);
    pair.assert_silent().await;
    pair.assert_skipped().await;
}

#[tokio::test]
async fn a_reminder_moved_away_does_not_fire_at_its_old_time() {
    let pair = Pair::new().await;
    pair.client().update_reminder(&pair.reminder, json!({"scheduledAt": fires_in(86_400)})).await.expect(200);
    pair.assert_silent().await;
    let reminder = pair.client().reminder_now(&pair.reminder).await.expect("it is there");
    assert_eq!(reminder["status"], "pending");
    assert_eq!(reminder["delivery"]["state"], "scheduled");
}

#[tokio::test]
async fn a_reminder_created_as_over_does_not_fire() {
    let pair = Pair::new().await;
    pair.client().delete_reminder(&pair.reminder).await.expect(200);
    for status in ["completed", "skipped"] {
        let body = json!({"taskId": pair.task["id"], "scheduledAt": fires_in(1), "status": status});
        pair.client().create_reminder(body).await;
    }
    pair.assert_silent().await;
}
