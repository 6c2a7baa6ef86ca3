use std::collections::HashSet;

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::domain::task_query::TaskQuery;
use shared::domain::zone::Zone;
use shared::id::{TaskId, UserId};
use shared::store::page::Position;

use test_support::{World, clock, keyring};

fn query(pairs: &[(&str, &str)]) -> TaskQuery {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    TaskQuery::read(&pairs).unwrap().resolve(&Zone::UTC)
}

/// All pages of a query, in order.
async fn walk(world: &World, query: &TaskQuery, limit: u32) -> Vec<TaskId> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.tasks(world.user.id, query, after, limit).await.unwrap();
        assert!(page.rows.len() <= limit as usize);
        seen.extend(page.rows.iter().map(|row| row.value.id));
        match page.next {
            Some(next) => after = Some(next),
            None => return seen,
        }
    }
}

fn body(n: usize) -> Value {
    // Every third is undated; the dates are out of order.
    match n % 3 {
        0 => json!({"title": format!("Task {n}"), "category": "undated"}),
        _ => json!({"title": format!("Task {n}"), "dueDate": format!("2030-01-{:02}T00:00:00Z", 28 - n)}),
    }
}

#[tokio::test]
async fn every_order_visits_each_task_once_with_undated_ones_last() {
    let world = World::new().await;
    let mut tasks = Vec::new();
    for n in 0..11 {
        tasks.push(world.task(body(n)).await);
    }
    let due = |id: &TaskId| tasks.iter().find(|task| task.id == *id).and_then(|task| task.due_date);
    for limit in [1, 2, 3, 4, 11, 50] {
        for sort in ["dueDate", "-dueDate", "createdAt", "-createdAt"] {
            let seen = walk(&world, &query(&[("sort", sort)]), limit).await;
            let distinct: HashSet<_> = seen.iter().collect();
            assert_eq!((seen.len(), distinct.len()), (11, 11), "{sort} by {limit}");
            let dates: Vec<Option<Timestamp>> = seen.iter().map(due).collect();
            let dated: Vec<_> = dates.iter().copied().flatten().collect();
            match sort {
                "dueDate" => assert!(dated.is_sorted() && dates[7..].iter().all(Option::is_none), "{dates:?}"),
                "-dueDate" => assert!(dated.is_sorted_by(|a, b| a >= b) && dates[7..].iter().all(Option::is_none)),
                "createdAt" => assert!(seen.is_sorted()),
                _ => assert!(seen.is_sorted_by(|a, b| a >= b)),
            }
        }
    }
}

#[tokio::test]
async fn a_filtered_walk_finds_all_that_match_and_nothing_else() {
    let world = World::new().await;
    let mut expected = HashSet::new();
    for n in 0..12 {
        let task = world.task(body(n)).await;
        if n % 3 == 0 {
            expected.insert(task.id);
        }
    }
    for limit in [1, 3, 50] {
        let seen = walk(&world, &query(&[("category", "undated"), ("sort", "-dueDate")]), limit).await;
        assert_eq!(seen.len(), expected.len());
        assert_eq!(seen.into_iter().collect::<HashSet<_>>(), expected);
    }
}

#[tokio::test]
async fn a_span_of_time_is_read_from_the_index_and_not_from_its_beginning() {
    let world = World::new().await;
    let mut inside = Vec::new();
    for day in 1..=28 {
        let task = world.task(json!({"title": "Task", "dueDate": format!("2030-01-{day:02}T00:00:00Z")})).await;
        if (10..12).contains(&day) {
            inside.push(task.id);
        }
    }
    world.task(json!({"title": "Some day"})).await;
    let span = [("dueAfter", "2030-01-10T00:00:00Z"), ("dueBefore", "2030-01-12T00:00:00Z")];
    assert_eq!(walk(&world, &query(&span), 50).await, inside);
    inside.reverse();
    assert_eq!(walk(&world, &query(&[span[0], span[1], ("sort", "-dueDate")]), 1).await, inside);
    world.store.meter().take();
    walk(&world, &query(&span), 50).await;
    assert_eq!(world.store.meter().take().read_units, 1.0, "two small rows, not thirty");
    assert!(
        walk(&world, &query(&[("dueAfter", "2030-01-12T00:00:00Z"), ("dueBefore", "2030-01-10T00:00:00Z")]), 50)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_stands_throughout_is_seen_once_while_others_come_and_go() {
    let world = World::new().await;
    let mut standing = Vec::new();
    for n in 0..9 {
        standing
            .push(world.task(json!({"title": "Stays", "dueDate": format!("2030-02-{:02}T00:00:00Z", n + 1)})).await);
    }
    let passing = world.task(json!({"title": "Goes", "dueDate": "2030-02-03T12:00:00Z"})).await;
    let query = query(&[]);
    let (mut seen, mut after, mut round) = (Vec::new(), None, 0);
    loop {
        let page = world.store.tasks(world.user.id, &query, after, 3).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.value.id));
        round += 1;
        world.task(json!({"title": "Comes", "dueDate": format!("2030-02-{round:02}T01:00:00Z")})).await;
        if round == 1 {
            let row = world.store.task(world.user.id, passing.id).await.unwrap().unwrap();
            world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    for task in &standing {
        assert_eq!(seen.iter().filter(|id| **id == task.id).count(), 1);
    }
}

#[tokio::test]
async fn a_cursor_is_bound_to_its_user_and_its_list_and_cannot_be_changed() {
    let keys = keyring();
    let (user, position) = (UserId::new(), Position { sk: "TASK#1".to_owned(), index_sk: "TASK#D#1".to_owned() });
    let cursor = position.to_cursor(&keys, user, "tasks");
    assert_eq!(Position::from_cursor(&cursor, &keys, user, "tasks").unwrap(), position);
    assert!(Position::from_cursor(&cursor, &keys, UserId::new(), "tasks").is_err());
    assert!(Position::from_cursor(&cursor, &keys, user, "reminders").is_err());
    for at in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        // The last character of base64 holds bits that do not count.
        let same = Position::from_cursor(&changed, &keys, user, "tasks").is_ok_and(|read| read == position);
        assert!(Position::from_cursor(&changed, &keys, user, "tasks").is_err() || same, "{changed}");
    }
    for bad in ["", "x", "AAAA", "%%%", &"A".repeat(10_000)] {
        assert!(Position::from_cursor(bad, &keys, user, "tasks").is_err());
    }
}
