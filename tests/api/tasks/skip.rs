//! `POST /api/tasks/{id}/skip`

use serde_json::{Value, json};

use crate::support::{App, Call, User, id};

const DUE: &str = "2031-03-03T09:00:00.000Z";

async fn recurring(user: &User, rrule: &str) -> Value {
    let recurrence = json!({"rrule": rrule, "anchor": "due", "timezone": "UTC"});
    user.create_task(json!({"title": "Water the ferns", "dueDate": DUE, "recurrence": recurrence})).await
}

fn skip(user: &User, task: &Value) -> Call {
    user.call("POST", &format!("/api/tasks/{}/skip", id(task)))
}

#[tokio::test]
async fn skipping_advances_without_completing() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=MONTHLY").await;
    let answer = skip(&user, &task).await.expect(200).saying("Occurrence skipped successfully");
    let next = &answer.data()["task"];
    assert_eq!((&next["dueDate"], &next["status"]), (&json!("2031-04-03T09:00:00.000Z"), &json!("todo")));
    let skipped = &answer.data()["skippedOccurrence"];
    assert_eq!((&skipped["dueDate"], &skipped["outcome"]), (&json!(DUE), &json!("skipped")));
    assert_eq!(answer.etag(), "\"2\"");
    assert_eq!(&user.task_now(&task).await, next);
    assert!(user.notifications().await.is_empty());
}

#[tokio::test]
async fn the_last_skip_completes_and_the_next_one_is_refused() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=MONTHLY;COUNT=1").await;
    let first = skip(&user, &task).header("Idempotency-Key", "last").await.expect(200);
    assert_eq!(first.data()["task"]["status"], "completed");
    let again = skip(&user, &task).header("Idempotency-Key", "last").await.expect(200);
    assert_eq!(again.json(), first.json());
    skip(&user, &task).await.expect_error(409, "NOT_OPEN");
    let once = user.task("Feed the cat").await;
    skip(&user, &once).await.expect_error(409, "NOT_OPEN");
}

#[tokio::test]
async fn a_skip_names_its_occurrence_and_its_version() {
    let user = App::new().user().await;
    let task = recurring(&user, "FREQ=MONTHLY").await;
    let named = json!({"occurrence": DUE});
    skip(&user, &task).if_match("\"9\"").await.expect_error(412, "PRECONDITION_FAILED");
    skip(&user, &task).json(&named).if_match("\"1\"").await.expect(200);
    let again = skip(&user, &task).json(&named).await.expect(200);
    assert_eq!(again.data()["skippedOccurrence"], json!(null));
    assert_eq!(user.task_now(&task).await["version"], 2);
    for bad in [json!("soon"), json!(7), json!({}), json!("2031-03-03")] {
        skip(&user, &task).json(&json!({"occurrence": bad})).await.expect_invalid(&["occurrence"]);
    }
}
