//! What neither emulator does: answers a transaction with a conflict.

use serde_json::{Value, json};
use shared::store::{Permit, Store, StoreError, WriteError};
use test_support::{Answer, Scripted, TABLE, new_task, new_user};

fn cancelled(codes: &[&str]) -> Answer {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code})).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    Answer::error(json!({"__type": kind, "message": "cancelled", "CancellationReasons": reasons}))
}

async fn create_task(answers: Vec<Answer>) -> (Result<(), WriteError>, Vec<Value>) {
    let server = Scripted::new(answers).await;
    let store = Store::new(&server.sdk(), TABLE.to_owned());
    let task = new_task(&new_user("a@example.com"), json!({"title": "Pay rent"}));
    let outcome = store.create_task(&Permit::of_system(), &task).await;
    (outcome, server.bodies())
}

#[tokio::test]
async fn a_conflict_is_tried_again_under_the_same_token() {
    let conflict = cancelled(&["None", "TransactionConflict"]);
    let (outcome, seen) = create_task(vec![conflict.clone(), conflict, Answer::ok()]).await;
    outcome.unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|body| body["ClientRequestToken"] == seen[0]["ClientRequestToken"]));
}

#[tokio::test]
async fn a_conflict_that_never_ends_is_given_up() {
    let (outcome, seen) = create_task(vec![cancelled(&["None", "TransactionConflict"])]).await;
    assert!(matches!(outcome, Err(WriteError::Store(StoreError::Throttled { .. }))), "{outcome:?}");
    assert_eq!(seen.len(), 10);
}

#[tokio::test]
async fn a_condition_that_fails_beside_a_conflict_is_final() {
    let (outcome, seen) =
        create_task(vec![cancelled(&["None", "ConditionalCheckFailed", "TransactionConflict"])]).await;
    assert!(matches!(outcome, Err(WriteError::Refused(_))), "{outcome:?}");
    assert_eq!(seen.len(), 1);
}
