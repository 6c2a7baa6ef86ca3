use serde_json::json;
use shared::auth::session::MAX_SESSIONS;
use shared::clock::Timestamp;
use shared::store::{Permit, WriteError};

use world::{World, new_session, new_task};

#[tokio::test]
async fn an_ended_session_writes_nothing() {
    let world = World::new().await;
    world.store.end_session(&Permit::of_system(), world.user.id, world.session.id).await.unwrap();
    let refused = world.store.create_task(&world.permit(), &new_task(&world.user, json!({"title": "Too late"}))).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
    assert_eq!((world.count("TASK#").await, world.count("COUNTERS").await), (0, 0));
}

#[tokio::test]
async fn an_expired_session_writes_nothing_even_while_its_row_is_there() {
    let world = World::new().await;
    let mut task = new_task(&world.user, json!({"title": "Too late"}));
    task.created_at = Timestamp::from_second(world.session.expires_at).unwrap();
    let refused = world.store.create_task(&world.permit(), &task).await;
    assert!(matches!(refused, Err(WriteError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn a_login_beyond_the_limit_ends_the_oldest_session() {
    let world = World::new().await;
    let mut opened = vec![world.session.id];
    for _ in 0..MAX_SESSIONS {
        let account = world.store.account_with_sessions(world.user.id, Timestamp::now()).await.unwrap().unwrap();
        let session = new_session(&world.user);
        world.store.open_session(&Permit::of_system(), &session, &account.sessions).await.unwrap();
        opened.push(session.id);
    }
    let account = world.store.account_with_sessions(world.user.id, Timestamp::now()).await.unwrap().unwrap();
    let mut left: Vec<_> = account.sessions.iter().map(|session| session.id).collect();
    left.sort();
    let mut expected = opened.split_off(1);
    expected.sort();
    assert_eq!(left, expected);
}
