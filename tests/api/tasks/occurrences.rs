//! `GET /api/tasks/{id}/occurrences`

use serde_json::json;

use crate::support::{App, each, id};

#[tokio::test]
async fn what_was_completed_and_skipped_comes_newest_first_page_by_page() {
    let user = App::new().user().await;
    let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due", "timezone": "UTC"});
    let body = json!({"title": "Water the ferns", "dueDate": "2031-03-01T09:00:00Z", "recurrence": recurrence});
    let task = user.create_task(body).await;
    let path = format!("/api/tasks/{}/occurrences", id(&task));
    assert!(user.get(&path).await.expect(200).list("occurrences").is_empty());
    for day in 1..=5 {
        match day % 2 {
            0 => user.call("POST", &format!("/api/tasks/{}/skip", id(&task))).await.expect(200),
            _ => user.complete(&task).await,
        };
    }
    let pages = user.pages(&path, "occurrences", &[("limit", "2")]).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let all = pages.concat();
    let days = (1..=5).rev().map(|day| format!("2031-03-0{day}T09:00:00.000Z"));
    assert_eq!(each(&all, "dueDate"), days.collect::<Vec<_>>());
    assert_eq!(each(&all, "outcome"), ["completed", "skipped", "completed", "skipped", "completed"]);
    user.get(&path).query(&[("limit", "501")]).await.expect_invalid(&["limit"]);
    user.get(&path).query(&[("cursor", "x")]).await.expect_error(400, "INVALID_CURSOR");
    // A cursor is one task's.
    let other = user.task("Feed the cat").await;
    let first = user.get(&path).query(&[("limit", "2")]).await.expect(200);
    let cursor = first.data()["nextCursor"].as_str().expect("a cursor");
    let stolen = user.get(&format!("/api/tasks/{}/occurrences", id(&other))).query(&[("cursor", cursor)]);
    stolen.await.expect_error(400, "INVALID_CURSOR");
    user.delete_task(&task).await.expect(200);
    user.get(&path).await.expect_error(404, "NOT_FOUND");
}
