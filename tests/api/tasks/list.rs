//! `GET /api/tasks`: order, fields and bounds. Filters and pages have files of their own.

use serde_json::{Value, json};

use crate::support::{App, Client, each, fires_in, id, names};

const PATH: &str = "/api/tasks";

async fn five(user: &Client) {
    for (title, due) in [
        ("Later", json!("2031-03-01T00:00:00Z")),
        ("Some day", json!(null)),
        ("Sooner", json!("2031-01-01T00:00:00Z")),
        ("Whenever", json!(null)),
        ("Between", json!("2031-02-01T05:30:00+05:30")),
    ] {
        user.create_task(json!({"title": title, "dueDate": due})).await;
    }
}

#[tokio::test]
async fn a_user_without_tasks_has_an_empty_list() {
    let user = App::new().user().await;
    let answer = user.get(PATH).await.expect(200).saying("Tasks retrieved successfully");
    assert_eq!(*answer.data(), json!({"tasks": [], "nextCursor": null}));
}

#[tokio::test]
async fn tasks_come_by_due_date_and_undated_ones_last() {
    let user = App::new().user().await;
    five(&user).await;
    for query in [&[][..], &[("sort", "dueDate")][..]] {
        let tasks = user.tasks(query).await;
        let titles = each(&tasks, "title");
        assert_eq!(titles[..3], ["Sooner", "Between", "Later"]);
        assert_eq!(sorted(&titles[3..]), ["Some day", "Whenever"]);
    }
}

#[tokio::test]
async fn undated_tasks_come_last_the_other_way_too() {
    let user = App::new().user().await;
    five(&user).await;
    let tasks = user.tasks(&[("sort", "-dueDate")]).await;
    let titles = each(&tasks, "title");
    assert_eq!(titles[..3], ["Later", "Between", "Sooner"]);
    assert_eq!(sorted(&titles[3..]), ["Some day", "Whenever"]);
}

#[tokio::test]
async fn tasks_come_by_creation_on_demand() {
    let user = App::new().user().await;
    five(&user).await;
    let mut created = vec!["Later", "Some day", "Sooner", "Whenever", "Between"];
    assert_eq!(each(&user.tasks(&[("sort", "createdAt")]).await, "title"), created);
    created.reverse();
    assert_eq!(each(&user.tasks(&[("sort", "-createdAt")]).await, "title"), created);
}

#[tokio::test]
async fn a_changed_due_date_moves_a_task_in_the_list() {
    let user = App::new().user().await;
    let first = user.create_task(json!({"title": "First", "dueDate": "2031-01-01"})).await;
    let second = user.create_task(json!({"title": "Second", "dueDate": "2031-01-02"})).await;
    user.update_task(&first, json!({"dueDate": "2031-01-03"})).await.expect(200);
    assert_eq!(each(&user.tasks(&[]).await, "title"), ["Second", "First"]);
    user.update_task(&second, json!({"dueDate": null})).await.expect(200);
    assert_eq!(each(&user.tasks(&[]).await, "title"), ["First", "Second"]);
}

#[tokio::test]
async fn each_task_is_whole_with_its_reminders_and_attachments() {
    let user = App::new().user().await;
    let task = user.create_task(json!({"title": "Water the ferns", "description": "Two cups"})).await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let tasks = user.tasks(&[]).await;
    assert_eq!(tasks, [user.task_now(&task).await], "a list shows what a single read shows");
    assert_eq!(tasks[0]["reminders"][0]["id"], reminder["id"]);
    assert_eq!(tasks[0]["attachments"], json!([]));
}

#[tokio::test]
async fn a_user_sees_their_own_tasks_only() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    let task = one.task("Private").await;
    assert!(other.tasks(&[]).await.is_empty());
    assert!(other.tasks(&[("q", "private"), ("userId", &one.id)]).await.is_empty());
    assert_eq!(each(&one.tasks(&[]).await, "id"), [id(&task)]);
}

#[tokio::test]
async fn only_the_fields_asked_for_are_shown() {
    let user = App::new().user().await;
    user.create_task(json!({"title": "Water the ferns", "category": "Garden"})).await;
    let tasks = user.tasks(&[("fields", "title,status")]).await;
    assert_eq!(tasks[0]["title"], "Water the ferns");
    assert_eq!(tasks[0]["status"], "todo");
    let shown = names(&tasks[0]);
    assert!(shown.iter().all(|name| ["id", "title", "status"].contains(name)), "{shown:?}");
}

#[tokio::test]
async fn fields_do_not_disturb_filters_and_order() {
    let user = App::new().user().await;
    five(&user).await;
    let tasks = user.tasks(&[("fields", "title"), ("sort", "-dueDate"), ("dueAfter", "2031-01-15T00:00:00Z")]).await;
    assert_eq!(each(&tasks, "title"), ["Later", "Between"]);
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let user = App::new().user().await;
    for (name, value) in [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", "ten"),
        ("limit", "99999999999999999999"),
        ("sort", "title"),
        ("sort", "--dueDate"),
        ("status", "done"),
        ("priority", "urgent"),
        ("dueBefore", "soon"),
        ("dueAfter", "2031-01-15T10:00:00"),
        ("fields", "title,password"),
    ] {
        user.get(PATH).query(&[(name, value)]).await.expect_invalid(&[name]);
    }
    let mut several = [("status", "done"), ("sort", "title"), ("dueBefore", "soon"), ("dueAfter", "late")];
    for _ in 0..several.len() {
        several.rotate_left(1);
        let sent = several.map(|(name, _)| name);
        let answer = user.get(PATH).query(&several).await.expect_invalid(&sent);
        assert_eq!(each(answer.json()["errors"].as_array().expect("errors"), "field"), sent, "in the order sent");
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let user = App::new().user().await;
    for (name, value) in [
        ("limit", "5"),
        ("sort", "dueDate"),
        ("q", "ferns"),
        ("dueBefore", "2031-01-15T10:00:00Z"),
        ("dueAfter", "2031-01-15T10:00:00Z"),
        ("fields", "title"),
        ("cursor", "x"),
    ] {
        let answer = user.get(PATH).query(&[(name, value), (name, value)]).await;
        assert_eq!(answer.status(), 400, "{name}\n{answer}");
    }
}

#[tokio::test]
async fn a_blank_parameter_counts_as_missing() {
    let user = App::new().user().await;
    five(&user).await;
    let whole = user.tasks(&[]).await;
    let names = ["limit", "cursor", "sort", "status", "priority", "category", "dueBefore", "dueAfter", "q", "fields"];
    let blank = names.map(|name| (name, ""));
    assert_eq!(user.tasks(&blank).await, whole);
    assert_eq!(user.tasks(&blank.map(|(name, _)| (name, " "))).await, whole);
}

#[tokio::test]
async fn an_unknown_parameter_is_ignored() {
    let user = App::new().user().await;
    user.task("Water the ferns").await;
    assert_eq!(user.tasks(&[("page", "7"), ("colour", "green"), ("$where", "1")]).await.len(), 1);
}

fn sorted<'a>(titles: &[&'a str]) -> Vec<&'a str> {
    let mut titles = titles.to_vec();
    titles.sort_unstable();
    titles
}

#[tokio::test]
async fn a_list_shows_all_tasks_unless_asked_otherwise() {
    let user = App::new().user().await;
    let calls = (0..54).map(|n| user.post(PATH, json!({"title": format!("Task {n}")})));
    for answer in crate::support::at_once(calls).await {
        answer.expect(201);
    }
    let count = async |query: &[(&str, &str)]| {
        let answer = user.get(PATH).query(query).await.expect(200);
        let more: &Value = &answer.data()["nextCursor"];
        (answer.list("tasks").len(), more.is_string())
    };
    assert_eq!(count(&[]).await, (54, false));
    assert_eq!(count(&[("limit", "1")]).await, (1, true));
    assert_eq!(count(&[("limit", "53")]).await, (53, true));
    assert_eq!(count(&[("limit", "500")]).await, (54, false));
}
