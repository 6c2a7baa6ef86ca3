//! Who may reach what: nobody without signing in, nobody another user's things.

use serde_json::json;

use crate::support::{App, Client, Route, Thing, Things, each, fires_in, id, unknown_id};

/// Ids that are no UUID, as they stand in a path.
const NO_UUIDS: [&str; 8] = [
    "42",
    "undefined",
    "not-a-uuid",
    "0190a1b2-0000-7000-8000-00000000000",
    "0190a1b2-0000-7000-8000-00000000000g",
    "%27%20OR%201=1%20--",
    "%7B%22$ne%22:null%7D",
    "TASK%23x",
];

#[tokio::test]
async fn without_a_token_every_signed_in_route_is_401() {
    let app = App::new();
    for route in Route::signed_in() {
        let answer = route.call(&app.client()).await.expect_unauthorized();
        assert_eq!(answer.cookies_set(), 0, "{answer}");
    }
}

#[tokio::test]
pub(crate) async fn whether_a_thing_exists_is_not_told_to_strangers() {
    let app = App::new();
    let user = app.user().await;
    let things = Things::of(&user).await;
    for route in Route::with_id() {
        route.call_about(&app.client(), things.id_for(route)).await.expect_unauthorized();
    }
    assert_eq!(each(&user.tasks(&[]).await, "title"), ["Water the ferns"]);
    assert_eq!(user.reminders().await.len(), 1);
    app.assert_alive(&user.tokens).await;
}

#[tokio::test]
pub(crate) async fn another_user_s_things_are_as_unknown_as_none() {
    let app = App::new();
    let (owner, other) = (app.user().await, app.user().await);
    let things = Things::of(&owner).await;
    let before = (owner.tasks(&[]).await, owner.reminders().await, owner.sessions().await);
    for route in Route::with_id() {
        assert_not_found(route, &other, things.id_for(route)).await;
        assert_not_found(route, &other, &unknown_id()).await;
    }
    assert_eq!((owner.tasks(&[]).await, owner.reminders().await, owner.sessions().await), before);
    app.assert_alive(&owner.tokens).await;
}

#[tokio::test]
async fn a_reminder_of_another_user_s_task_cannot_be_made() {
    let app = App::new();
    let (owner, other) = (app.user().await, app.user().await);
    let task = owner.task("Private").await;
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400)});
    other.post("/api/reminders", body).await.expect_error(404, "NOT_FOUND").saying("Task not found");
    assert!(other.reminders().await.is_empty());
    assert!(owner.reminders().await.is_empty());
    assert_eq!(owner.task_now(&task).await["reminders"], json!([]));
}

#[tokio::test]
async fn a_task_s_id_is_no_reminder_s_and_the_other_way_round() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    user.get(&format!("/api/tasks/{}", id(&reminder))).await.expect_error(404, "NOT_FOUND");
    user.delete_task(&reminder).await.expect_error(404, "NOT_FOUND");
    user.delete_reminder(&task).await.expect_error(404, "NOT_FOUND");
    assert_eq!(each(&user.tasks(&[]).await, "id"), [id(&task)]);
    assert_eq!(user.reminders().await.len(), 1);
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_not_found() {
    let app = App::new();
    let user = app.user().await;
    for bad in NO_UUIDS {
        // From an address of its own: one may begin ten uploads an hour.
        let client = app.client().bearer(&user.tokens.access);
        for route in Route::with_id() {
            assert_not_found(route, &client, bad).await;
        }
    }
}

async fn assert_not_found(route: Route, user: &Client, id: &str) {
    let message = match route.about() {
        Thing::Task => "Task not found",
        Thing::Reminder => "Reminder not found",
        Thing::Session => "Session not found",
        Thing::Notification => "Notification not found",
        Thing::Attachment => "Attachment not found",
    };
    route.call_about(user, id).await.expect_error(404, "NOT_FOUND").saying(message);
}
