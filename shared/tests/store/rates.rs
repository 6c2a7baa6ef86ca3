use futures::future::join_all;
use shared::store::rates::Slot;

use test_support::World;

fn slot(window: i64, cap: u32) -> Slot {
    Slot { class: "auth", window, cap }
}

#[tokio::test]
async fn of_200_requests_at_once_no_more_than_the_cap_are_counted() {
    let world = World::new().await;
    let slots = [slot(7, 100)];
    let counted = join_all((0..200).map(|_| world.store.count_request("client", &slots, 4_000_000_000))).await;
    let passed = counted.into_iter().filter(|counted| counted.as_ref().is_ok_and(|c| c[0].was_counted)).count();
    assert_eq!(passed, 100);
}

#[tokio::test]
async fn the_previous_window_is_told_and_older_ones_are_forgotten() {
    let world = World::new().await;
    for _ in 0..3 {
        world.store.count_request("client", &[slot(7, 5)], 4_000_000_000).await.unwrap();
    }
    let next = world.store.count_request("client", &[slot(8, 5)], 4_000_000_000).await.unwrap()[0];
    assert_eq!((next.current, next.previous), (1, 3));
    let later = world.store.count_request("client", &[slot(10, 5)], 4_000_000_000).await.unwrap()[0];
    assert_eq!((later.current, later.previous), (1, 0));
}

#[tokio::test]
async fn what_is_given_back_can_be_used_again() {
    let world = World::new().await;
    let slot = slot(7, 1);
    assert!(
        world.store.count_request("client", std::slice::from_ref(&slot), 4_000_000_000).await.unwrap()[0].was_counted
    );
    assert!(
        !world.store.count_request("client", std::slice::from_ref(&slot), 4_000_000_000).await.unwrap()[0].was_counted
    );
    world.store.give_back("client", &[&slot]).await.unwrap();
    assert!(
        world.store.count_request("client", std::slice::from_ref(&slot), 4_000_000_000).await.unwrap()[0].was_counted
    );
    assert!(
        world.store.count_request("another", std::slice::from_ref(&slot), 4_000_000_000).await.unwrap()[0].was_counted
    );
}
