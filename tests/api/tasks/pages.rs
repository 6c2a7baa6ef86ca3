//! `GET /api/tasks`: pages.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{App, Client, at_once, each, fires_in};

const PATH: &str = "/api/tasks";

/// Twenty tasks: two of three dated, several at the same instant, one of two high.
async fn twenty(user: &Client) {
    let body = |n: usize| {
        let due = (!n.is_multiple_of(3)).then(|| format!("2031-01-{:02}T00:00:00Z", n % 5 + 1));
        let priority = if n.is_multiple_of(2) { "high" } else { "low" };
        json!({"title": format!("Task {n:02}"), "dueDate": due, "priority": priority})
    };
    for answer in at_once((0..20).map(|n| user.post(PATH, body(n)))).await {
        answer.expect(201);
    }
}

async fn first_cursor(user: &Client, query: &[(&str, &str)]) -> String {
    let answer = user.get(PATH).query(query).query(&[("limit", "2")]).await.expect(200);
    answer.data()["nextCursor"].as_str().expect("a cursor").to_owned()
}

#[tokio::test]
async fn the_pages_show_each_task_once_in_the_order_of_the_whole() {
    let user = App::new().user().await;
    twenty(&user).await;
    for sort in ["dueDate", "-dueDate", "createdAt", "-createdAt"] {
        let whole = user.tasks(&[("sort", sort), ("limit", "100")]).await;
        let whole = each(&whole, "title");
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 20, "{sort}");
        for limit in ["1", "3", "7", "20"] {
            let pages = user.pages(PATH, "tasks", &[("sort", sort), ("limit", limit)]).await;
            assert_eq!(each(&pages.concat(), "title"), whole, "sort {sort}, limit {limit}");
            assert!(pages.iter().all(|page| page.len() <= limit.parse().expect("a number")));
        }
    }
}

#[tokio::test]
async fn filtered_pages_show_each_kept_task_once() {
    let user = App::new().user().await;
    twenty(&user).await;
    for query in [
        &[("priority", "high"), ("limit", "3")][..],
        &[("priority", "high"), ("sort", "-dueDate"), ("limit", "4")][..],
        &[("q", "task 1"), ("sort", "createdAt"), ("limit", "2")][..],
        &[("dueBefore", "2031-01-03T00:00:00Z"), ("limit", "3")][..],
    ] {
        let mut all = query.to_vec();
        all.retain(|(name, _)| *name != "limit");
        all.push(("limit", "100"));
        let whole = user.tasks(&all).await;
        assert!(!whole.is_empty());
        assert_eq!(user.pages(PATH, "tasks", query).await.concat(), whole, "{query:?}");
    }
}

#[tokio::test]
async fn a_task_deleted_under_the_cursor_does_not_end_the_walk() {
    let user = App::new().user().await;
    for day in 1..=6 {
        user.create_task(json!({"title": format!("Day {day}"), "dueDate": format!("2031-01-0{day}")})).await;
    }
    let first = user.tasks(&[("limit", "2")]).await;
    let cursor = first_cursor(&user, &[]).await;
    user.delete_task(&first[1]).await.expect(200);
    let rest = user.tasks(&[("cursor", &cursor)]).await;
    assert_eq!(each(&rest, "title"), ["Day 3", "Day 4", "Day 5", "Day 6"]);
}

#[tokio::test]
async fn a_cursor_may_be_used_twice_and_with_another_limit() {
    let user = App::new().user().await;
    twenty(&user).await;
    let cursor = first_cursor(&user, &[]).await;
    let once = user.tasks(&[("cursor", &cursor), ("limit", "5")]).await;
    let again = user.tasks(&[("cursor", &cursor), ("limit", "5")]).await;
    assert_eq!(once, again);
    let more = user.tasks(&[("cursor", &cursor), ("limit", "10")]).await;
    assert_eq!(once, more[..5]);
}

#[tokio::test]
async fn a_cursor_that_was_not_given_out_is_refused() {
    let user = App::new().user().await;
    twenty(&user).await;
    let cursor = first_cursor(&user, &[]).await;
    let refused = async |cursor: &str| {
        user.get(PATH).query(&[("cursor", cursor)]).await.expect_error(400, "INVALID_CURSOR");
    };
    for bad in ["x", "null", "0", "eyJvZmZzZXQiOjEwfQ", "../../etc/passwd", "%00", "' OR 1=1 --"] {
        refused(bad).await;
    }
    refused(&cursor[1..]).await;
    refused(&cursor[..cursor.len() - 2]).await;
    refused(&format!("{cursor}AAAA")).await;
    refused(&"A".repeat(4000)).await;
    for at in [0, cursor.len() / 3, cursor.len() / 2, cursor.len() - 3] {
        let flipped = if &cursor[at..=at] == "A" { "B" } else { "A" };
        refused(&format!("{}{flipped}{}", &cursor[..at], &cursor[at + 1..])).await;
    }
}

#[tokio::test]
async fn a_cursor_serves_its_own_user_only() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    twenty(&user).await;
    twenty(&other).await;
    let cursor = first_cursor(&user, &[]).await;
    other.get(PATH).query(&[("cursor", &cursor)]).await.expect_error(400, "INVALID_CURSOR");
}

#[tokio::test]
async fn a_cursor_serves_its_own_query_only() {
    let user = App::new().user().await;
    twenty(&user).await;
    let cursor = first_cursor(&user, &[("priority", "high")]).await;
    for query in [
        &[][..],
        &[("priority", "low")][..],
        &[("priority", "high"), ("status", "todo")][..],
        &[("priority", "high"), ("sort", "-dueDate")][..],
        &[("priority", "high"), ("sort", "createdAt")][..],
        &[("priority", "high"), ("q", "task")][..],
    ] {
        user.get(PATH).query(query).query(&[("cursor", &cursor)]).await.expect_error(400, "INVALID_CURSOR");
    }
    user.get(PATH).query(&[("priority", "high"), ("cursor", &cursor)]).await.expect(200);
}

#[tokio::test]
async fn a_cursor_serves_its_own_list_only() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.task("Feed the cat").await;
    user.task("Call Meera").await;
    for n in 0..3 {
        user.remind(&task, &fires_in(86_400 + n)).await;
    }
    let of_tasks = first_cursor(&user, &[]).await;
    let answer = user.get("/api/reminders?limit=2").await.expect(200);
    let of_reminders = answer.data()["nextCursor"].as_str().expect("a cursor").to_owned();
    for (path, cursor) in [("/api/reminders", &of_tasks), ("/api/notifications", &of_tasks), (PATH, &of_reminders)] {
        user.get(path).query(&[("cursor", cursor)]).await.expect_error(400, "INVALID_CURSOR");
    }
}
