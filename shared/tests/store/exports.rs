use serde_json::json;
use shared::auth::mailed::MailedToken;
use shared::clock::Timestamp;
use shared::domain::export::Export;
use shared::domain::mail::{EXPORT_LINK_VALID, Mail, MailContent};
use shared::id::TokenSeed;
use shared::store::keys::{self, UserRowKey};
use shared::store::mailboxes::AddressedMail;
use shared::store::{Permit, ReadError, Refusal, WriteError};

use test_support::{World, addressed, clock, keyring, notice};

fn ready(world: &World) -> (AddressedMail, MailedToken) {
    let (seed, kid, now) = (TokenSeed::new(), "1".to_owned(), clock::now());
    let token = MailedToken::derive(&keyring(), &kid, seed).unwrap();
    let mail = Mail::new(world.user.id, MailContent::ExportReady { seed, kid, expires_at: now }, now);
    (addressed(mail, &world.user), token)
}

#[tokio::test]
async fn an_export_is_finished_once_and_of_two_begun_at_once_one_stands() {
    let world = World::new().await;
    let (one, two) = (Export::new(&world.user, clock::now()), Export::new(&world.user, clock::now()));
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
async fn a_link_leads_its_own_user_to_the_file_once_within_a_day_and_until_the_next_password() {
    let world = World::new().await;
    let (store, now, caller) = (&world.store, clock::now(), (world.user.id, world.session.id));
    let export = Export::new(&world.user, now);
    store.start_export(&world.permit(), &export, None).await.unwrap();
    let (mail, token) = ready(&world);
    let linked = async |caller, now| store.linked_export(caller, token.expose(), now).await.unwrap().map(|it| it.id);
    assert_eq!(linked(caller, now).await, None, "not ready");
    store.finish_export(&Permit::of_system(), &export, 5, &mail, &token).await.unwrap();
    assert_eq!(linked(caller, now).await, Some(export.id));
    assert_eq!(linked(caller, now.plus(EXPORT_LINK_VALID)).await, None, "too old");
    let (other, session) = test_support::sign_up(store, "other@example.com").await;
    assert_eq!(linked((other.id, session.id), now).await, None);
    let ended = store.linked_export((world.user.id, session.id), token.expose(), now).await;
    assert!(matches!(ended, Err(ReadError::SessionEnded)), "{ended:?}");

    let read = store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    let notice = notice(Mail::new(world.user.id, MailContent::PasswordChanged, now), &read.user);
    let hash = read.user.password_hash.clone().unwrap();
    store.set_password(&world.permit(), &read, &hash, world.session.id, &notice).await.unwrap();
    assert_eq!(linked(caller, now).await, None, "mailed under another password");
    store.use_export_link(&world.permit(), token.expose(), now).await.unwrap();
    let again = store.use_export_link(&world.permit(), token.expose(), now).await;
    assert!(matches!(again, Err(WriteError::Refused(Refusal::TokenVoid))), "{again:?}");
}

#[tokio::test]
async fn an_expired_session_reads_no_export_even_while_its_row_is_there() {
    let world = World::new().await;
    let caller = (world.user.id, world.session.id);
    let export = Export::new(&world.user, clock::now());
    world.store.start_export(&world.permit(), &export, None).await.unwrap();
    assert!(world.store.export_in_session(caller, clock::now()).await.unwrap().is_some());
    let late = Timestamp::from_second(world.session.expires_at).unwrap();
    let refused = world.store.export_in_session(caller, late).await;
    assert!(matches!(refused, Err(ReadError::SessionEnded)), "{refused:?}");
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
