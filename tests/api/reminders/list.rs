//! `GET /api/reminders`

use serde_json::json;

use crate::support::{App, each, fires_in, id};

const PATH: &str = "/api/reminders";

#[tokio::test]
async fn a_user_without_reminders_has_an_empty_list() {
    let user = App::new().user().await;
    let answer = user.get(PATH).await.expect(200).saying("Reminders retrieved successfully");
    assert_eq!(*answer.data(), json!({"reminders": [], "nextCursor": null}));
}

#[tokio::test]
async fn reminders_come_by_time_each_with_its_task() {
    let user = App::new().user().await;
    let (ferns, cat) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    let last = user.remind(&ferns, &fires_in(90_000)).await;
    let first = user.remind(&cat, &fires_in(70_000)).await;
    let middle = user.remind(&ferns, &fires_in(80_000)).await;
    let reminders = user.reminders().await;
    assert_eq!(each(&reminders, "id"), [id(&first), id(&middle), id(&last)]);
    let titles: Vec<_> = reminders.iter().map(|reminder| reminder["task"]["title"].clone()).collect();
    assert_eq!(titles, ["Feed the cat", "Water the ferns", "Water the ferns"]);
    assert_eq!(reminders[0]["task"]["id"], cat["id"]);
    for (field, value) in first.as_object().expect("an object") {
        assert_eq!(&reminders[0][field], value, "{field}");
    }
}

#[tokio::test]
async fn a_reminder_shows_its_task_s_present_title() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.remind(&task, &fires_in(86_400)).await;
    user.update_task(&task, json!({"title": "Water the palms"})).await.expect(200);
    assert_eq!(user.reminders().await[0]["task"]["title"], "Water the palms");
}

#[tokio::test]
async fn a_moved_reminder_moves_in_the_list() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    let one = user.remind(&task, &fires_in(70_000)).await;
    let two = user.remind(&task, &fires_in(80_000)).await;
    user.update_reminder(&one, json!({"scheduledAt": fires_in(90_000)})).await.expect(200);
    assert_eq!(each(&user.reminders().await, "id"), [id(&two), id(&one)]);
}

#[tokio::test]
async fn the_pages_show_each_reminder_once() {
    let user = App::new().user().await;
    let (ferns, cat) = (user.task("Water the ferns").await, user.task("Feed the cat").await);
    for n in 0..9 {
        let task = if n % 2 == 0 { &ferns } else { &cat };
        // Three share each moment.
        user.remind(task, &format!("2031-01-0{}T00:00:00Z", n / 3 + 1)).await;
    }
    let whole = user.reminders().await;
    assert_eq!(whole.len(), 9);
    let seen = user.pages(PATH, "reminders", &[("limit", "2")]).await.concat();
    assert_eq!(seen, whole);
}

#[tokio::test]
async fn a_user_sees_their_own_reminders_only() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    let task = one.task("Private").await;
    one.remind(&task, &fires_in(86_400)).await;
    assert!(other.reminders().await.is_empty());
    assert_eq!(one.reminders().await.len(), 1);
}

#[tokio::test]
async fn a_bad_parameter_is_refused() {
    let user = App::new().user().await;
    for value in ["0", "501", "-1", "ten", "1.5"] {
        user.get(PATH).query(&[("limit", value)]).await.expect_invalid(&["limit"]);
    }
    user.get(PATH).query(&[("cursor", "x")]).await.expect_error(400, "INVALID_CURSOR");
    let answer = user.get(PATH).query(&[("limit", "1"), ("limit", "2")]).await;
    assert_eq!(answer.status(), 400, "{answer}");
}
