use serde_json::json;
use shared::auth::mailed::MailedToken;
use shared::domain::export::Export;
use shared::domain::mail::{Mail, MailContent};
use shared::id::TokenSeed;
use shared::store::keys::{self, UserRowKey};
use shared::store::{Permit, Refusal, WriteError};

use test_support::{World, clock, keyring};

fn ready(world: &World) -> (Mail, MailedToken) {
    let (seed, kid, now) = (TokenSeed::new(), "1".to_owned(), clock::now());
    let token = MailedToken::derive(&keyring(), &kid, seed).unwrap();
    (Mail::new(world.user.id, MailContent::ExportReady { seed, kid, expires_at: now }, now), token)
}

#[tokio::test]
async fn an_export_is_finished_once_and_of_two_begun_at_once_one_stands() {
    let world = World::new().await;
    let (one, two) = (Export::new(world.user.id, clock::now()), Export::new(world.user.id, clock::now()));
    world.store.start_export(&world.permit(), &one, None).await.unwrap();
    let refused = world.store.start_export(&world.permit(), &two, None).await;
    assert!(matches!(refused, Err(WriteError::Refused(Refusal::ExportChanged))), "{refused:?}");
    for is_first in [true, false] {
        let (mail, token) = ready(&world);
        let outcome = world.store.finish_export(&Permit::of_system(), &one, 5, &mail, &token).await;
        assert_eq!(outcome.is_ok(), is_first, "{outcome:?}");
    }
    assert!(world.store.export(world.user.id).await.unwrap().unwrap().is_ready(clock::now()));
    world.store.start_export(&world.permit(), &two, Some(&one)).await.unwrap();
    assert_eq!(world.store.export(world.user.id).await.unwrap().unwrap().id, two.id);
}

#[tokio::test]
async fn all_rows_of_a_user_are_read_a_page_at_a_time_and_nobody_elses() {
    let world = World::new().await;
    test_support::sign_up(&world.store, "other@example.com").await;
    let description = "x".repeat(1000);
    for number in 0..1100 {
        world.task(json!({"title": format!("Task {number}"), "description": description})).await;
    }
    let (mut rows, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let page = world.store.rows_of_user(world.user.id, after.as_deref()).await.unwrap();
        rows.extend(page.rows);
        pages += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert!(pages > 1, "one page shows nothing");
    assert_eq!(rows.iter().filter(|row| matches!(row.key, UserRowKey::Task(_))).count(), 1100);
    assert!(rows.iter().all(|row| !row.attributes.contains_key(keys::PK)));
    assert!(rows.windows(2).all(|pair| pair[0].key.key(world.user.id) < pair[1].key.key(world.user.id)));
    assert_eq!(rows.iter().filter(|row| row.key == UserRowKey::Account).count(), 1);
}
