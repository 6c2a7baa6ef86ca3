//! What is kept of a request that creates once.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::clock::Timestamp;
use shared::domain::task::MAX_TASKS;
use shared::store::WriteError;
use shared::store::idempotency::{FirstAnswer, KEPT, Once};
use test_support::{TABLE, World, clock, new_task};

fn once(at: Timestamp) -> Once {
    let (key, request) = ("k".to_owned(), "r".to_owned());
    Once {
        key,
        request,
        at,
        answer: FirstAnswer::Body { status: 201, body: "{}".to_owned(), etag: None, location: None },
    }
}

async fn create(world: &World, at: Timestamp) -> Result<(), WriteError> {
    let task = new_task(&world.user, json!({"title": "Pay rent"}));
    world.store.create_task(&world.permit().for_once(once(at)), &task).await
}

#[tokio::test]
async fn a_first_answer_is_given_again_for_a_day_and_then_forgotten() {
    let world = World::new().await;
    let first = clock::now();
    create(&world, first).await.unwrap();
    let within = first.plus(KEPT).minus(Duration::from_secs(1));
    let Err(WriteError::Repeated(kept)) = create(&world, within).await else { panic!("created twice") };
    assert_eq!(kept.at, once(first).at);
    // TTL deletes late: the row is still there.
    let after = first.plus(KEPT).plus(Duration::from_secs(1));
    create(&world, after).await.unwrap();
    assert!(matches!(create(&world, after).await, Err(WriteError::Repeated(_))));
}

async fn at_the_limit(world: &World) {
    let key = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    let counters = [key("PK", format!("USER#{}", world.user.id)), key("SK", "COUNTERS".to_owned())];
    let change = world.client.update_item().table_name(TABLE).set_key(Some(counters.into()));
    let change = change.update_expression("SET tasks = :most");
    change.expression_attribute_values(":most", AttributeValue::N(MAX_TASKS.to_string())).send().await.unwrap();
}

#[tokio::test]
async fn at_the_limit_of_tasks_a_repeated_request_still_gets_its_first_answer() {
    let world = World::new().await;
    let first = clock::now();
    create(&world, first).await.unwrap();
    at_the_limit(&world).await;
    let task = new_task(&world.user, json!({"title": "One more"}));
    assert!(matches!(world.store.create_task(&world.permit(), &task).await, Err(WriteError::Refused(_))));
    assert!(matches!(create(&world, first).await, Err(WriteError::Repeated(_))));
}
