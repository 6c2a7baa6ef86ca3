//! What neither emulator does: answers a transaction, or a write of a single row, with a conflict.

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::id::{AttachmentId, ChallengeId, SessionId, UserId};
use shared::store::{Permit, Store, StoreError, WriteError};
use test_support::{Answer, Scripted, TABLE, clock, new_session, new_task, new_user};

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

fn collides() -> Answer {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    Answer::error(json!({"__type": kind, "message": "Transaction is ongoing for the item"}))
}

/// Every write outside a transaction, and whether it was done.
async fn single_writes(store: &Store) -> Vec<(&'static str, bool)> {
    let (permit, user, now): (Permit, _, Timestamp) = (Permit::of_system(), new_user("a@example.com"), clock::now());
    let session = new_session(&user);
    vec![
        ("update_row", store.end_stolen_session(&permit, &session).await.is_ok()),
        ("end_session", store.end_session(&permit, user.id, SessionId::new()).await.is_ok()),
        ("try_challenge", store.try_challenge(&permit, ChallengeId::new(), now).await.is_ok()),
        ("forget_category", store.forget_category(&permit, UserId::new(), "work").await.is_ok()),
        ("batch", store.delete_attachment_rows(&permit, user.id, &[AttachmentId::new()]).await.is_ok()),
    ]
}

#[tokio::test]
async fn a_write_of_a_single_row_that_meets_a_transaction_is_tried_again() {
    // Each meets two transactions; the SDK itself would give up at the first.
    let server = Scripted::answering(|number, _| if number % 3 < 2 { collides() } else { Answer::ok() }).await;
    let store = Store::new(&server.sdk(), TABLE.to_owned());
    for (write, is_done) in single_writes(&store).await {
        assert!(is_done, "{write}");
    }
    assert_eq!(server.bodies().len(), 15);
}

#[tokio::test]
async fn a_row_that_transactions_never_leave_alone_is_reported_as_throttled() {
    let server = Scripted::new(vec![collides()]).await;
    let store = Store::new(&server.sdk(), TABLE.to_owned());
    let outcome = store.end_session(&Permit::of_system(), UserId::new(), SessionId::new()).await;
    assert!(matches!(outcome, Err(StoreError::Throttled { .. })), "{outcome:?}");
    assert_eq!(server.bodies().len(), 10);
}
