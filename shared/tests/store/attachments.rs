//! Attachments, and the bytes that they count.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use shared::domain::attachment::{Attachment, AttachmentStatus, NewFile, Stored};
use shared::domain::task::Task;
use shared::id::{AttachmentId, UserId};
use shared::store::replay::Mode;
use shared::store::{Permit, Refusal, WriteError};
use test_support::{World, clock};

const QUOTA: u64 = 1000;

fn announced(task: &Task, size: u64) -> Attachment {
    let file = NewFile::parse("file", "notes.txt", "text/plain", size).unwrap();
    Attachment::announced(task.user_id, task.id, file, clock::now())
}

async fn create(world: &World, task: &Task, attachments: &[Attachment]) -> Result<(), WriteError> {
    let of = (task.user_id, task.id);
    world.store.create_attachments(&world.permit(), of, attachments, QUOTA, clock::now()).await
}

async fn stored(world: &World, task: &Task, size: u64) -> Attachment {
    let attachment = announced(task, size);
    create(world, task, std::slice::from_ref(&attachment)).await.unwrap();
    attachment
}

#[track_caller]
fn refusal(outcome: Result<(), WriteError>) -> Refusal {
    match outcome {
        Err(WriteError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// How many bytes fit still, found by trying.
async fn room(world: &World, task: &Task) -> u64 {
    let (mut fits, mut not) = (0, QUOTA + 1);
    while not - fits > 1 {
        let size = u64::midpoint(fits, not);
        let attachment = announced(task, size);
        match create(world, task, std::slice::from_ref(&attachment)).await {
            Ok(()) => {
                world.store.delete_attachment(&world.permit(), &attachment, clock::now()).await.unwrap();
                fits = size;
            }
            Err(error) => {
                assert_eq!(refusal(Err(error)), Refusal::QuotaExceeded);
                not = size;
            }
        }
    }
    fits
}

/// What a replay finds wrong.
async fn drift(world: &World) -> usize {
    world
        .store
        .replay(&Permit::of_system(), world.user.id, Mode::Compare, clock::now())
        .await
        .unwrap()
        .unwrap()
        .differences
        .len()
}

#[tokio::test]
async fn of_two_uploads_that_only_fit_one_at_a_time_one_is_refused() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let attachments = [announced(&task, 600), announced(&task, 600)];
    let outcomes = join_all(attachments.iter().map(|it| create(&world, &task, std::slice::from_ref(it)))).await;
    let refused: Vec<_> = outcomes.into_iter().filter(Result::is_err).map(refusal).collect();
    assert_eq!(refused, [Refusal::QuotaExceeded]);
    assert_eq!(room(&world, &task).await, 400);
}

#[tokio::test]
async fn a_quota_is_used_to_its_last_byte() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let too_much = [announced(&task, 500), announced(&task, 501)];
    assert_eq!(refusal(create(&world, &task, &too_much).await), Refusal::QuotaExceeded);
    create(&world, &task, &[announced(&task, 500), announced(&task, 500)]).await.unwrap();
    assert_eq!(refusal(create(&world, &task, &[announced(&task, 1)]).await), Refusal::QuotaExceeded);
    assert_eq!(drift(&world).await, 0);
}

#[tokio::test]
async fn bytes_are_given_back_once_whatever_becomes_of_a_file() {
    let world = World::new().await;
    let (system, now) = (Permit::of_system(), clock::now());
    let task = world.task(json!({"title": "Pay rent"})).await;
    let (small, refused, gone) =
        (stored(&world, &task, 300).await, stored(&world, &task, 300).await, stored(&world, &task, 300).await);
    let looked_at = small.processing(now);
    world.store.change_attachment(&system, &small, &looked_at, now).await.unwrap();
    let kept = Stored { kind: media::Kind::Txt, size: 100, pixels: None };
    let ready = looked_at.ready(&kept, now);
    world.store.change_attachment(&system, &looked_at, &ready, now).await.unwrap();
    assert_eq!(room(&world, &task).await, 300);
    world.store.change_attachment(&system, &refused, &refused.rejected("no", now), now).await.unwrap();
    assert_eq!(room(&world, &task).await, 600);
    world.store.delete_attachment(&world.permit(), &gone, now).await.unwrap();
    assert_eq!(room(&world, &task).await, 900);
    let again = world.store.delete_attachment(&world.permit(), &gone, now).await;
    assert_eq!(refusal(again), Refusal::AttachmentChanged);
    let stale = world.store.change_attachment(&system, &small, &looked_at, now).await;
    assert_eq!(refusal(stale), Refusal::AttachmentChanged);
    assert_eq!(drift(&world).await, 0);
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    assert_eq!(row.task.attachments[&ready.id].status, AttachmentStatus::Ready);
    world.store.delete_task(&world.permit(), &row, now).await.unwrap();
    let other = world.task(json!({"title": "Another"})).await;
    assert_eq!(room(&world, &other).await, QUOTA);
    let left = world.store.attachments_of(world.user.id, task.id).await.unwrap();
    assert_eq!(left.len(), 2, "the cleaner's");
    world.store.delete_attachment_rows(&system, world.user.id, &left).await.unwrap();
    assert_eq!(room(&world, &other).await, QUOTA);
    assert_eq!((world.count("ATT#").await, drift(&world).await), (0, 0));
}

#[tokio::test]
async fn a_file_that_is_settled_after_its_task_is_gone_changes_nothing() {
    let world = World::new().await;
    let now = clock::now();
    let task = world.task(json!({"title": "Pay rent"})).await;
    let attachment = stored(&world, &task, 300).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, now).await.unwrap();
    let next = attachment.processing(now);
    let late = world.store.change_attachment(&Permit::of_system(), &attachment, &next, now).await;
    assert_eq!(refusal(late), Refusal::AttachmentChanged);
    assert_eq!(drift(&world).await, 0);
}

#[tokio::test]
async fn a_task_takes_twenty_and_an_unknown_one_none() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    for _ in 0..2 {
        let ten: Vec<_> = (0..10).map(|_| announced(&task, 1)).collect();
        create(&world, &task, &ten).await.unwrap();
    }
    assert_eq!(refusal(create(&world, &task, &[announced(&task, 1)]).await), Refusal::TooManyAttachments);
    let unknown = Task { id: shared::id::TaskId::new(), ..task.clone() };
    assert_eq!(refusal(create(&world, &unknown, &[announced(&unknown, 1)]).await), Refusal::TaskGone);
}

#[tokio::test]
async fn a_user_has_so_many_files_in_process() {
    let world = World::new().await;
    let (system, now) = (Permit::of_system(), clock::now());
    let [first, second, third] = [AttachmentId::new(), AttachmentId::new(), AttachmentId::new()];
    let take = async |user, file, now| world.store.take_place(&system, (user, file), 2, now).await.unwrap();
    let user = world.user.id;
    assert!(take(user, first, now).await && take(user, second, now).await);
    assert!(!take(user, third, now).await);
    assert!(take(user, first, now).await, "which it has");
    assert!(take(UserId::new(), third, now).await, "another's files take none of them");
    world.store.leave_place(&system, (user, second)).await.unwrap();
    world.store.leave_place(&system, (user, second)).await.unwrap();
    assert!(take(user, third, now).await);
    assert!(!take(user, second, now).await);
}

#[tokio::test]
async fn places_of_killed_functions_are_free_again_when_no_file_began_for_two_minutes() {
    let world = World::new().await;
    let (system, now) = (Permit::of_system(), clock::now());
    let take = async |seconds| {
        let at = now.plus(Duration::from_secs(seconds));
        world.store.take_place(&system, (world.user.id, AttachmentId::new()), 2, at).await.unwrap()
    };
    assert!(take(0).await && take(60).await);
    assert!(!take(119).await && !take(179).await);
    assert!(take(180).await && take(180).await && !take(180).await);
}

#[tokio::test]
async fn files_that_arrive_at_once_take_no_more_than_there_are() {
    let world = World::new().await;
    let (system, now) = (Permit::of_system(), clock::now());
    let take = async |_| world.store.take_place(&system, (world.user.id, AttachmentId::new()), 4, now).await.unwrap();
    let taken = join_all((0..10).map(take)).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 4);
}
