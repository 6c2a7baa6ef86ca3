//! `users-build-export` when all is well, when it comes twice, and when S3 does not work.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::auth::secrets::Secrets;
use shared::aws::files::Bucket;
use shared::aws::secrets::SecretText;
use shared::domain::export::Export;
use shared::domain::task::{TaskPatch, TaskStatus};
use shared::domain::zone::Zone;
use shared::events::{Message, QueueFunction};
use shared::id::{ExportId, NotificationId};
use shared::messages::BuildExport;
use shared::store::Permit;
use shared::store::keys::{self, Key};
use test_support::{Answer, Scripted, TABLE, World, clock};
use users::build_export::Builder;

struct Job {
    world: World,
    s3: Scripted,
    builder: Builder,
    export: Export,
}

async fn job(answers: Vec<Answer>) -> Job {
    let world = World::new().await;
    let task = world.task(json!({"title": "<b>Pay</b> rent"})).await;
    world.task(json!({"title": "Another"})).await;
    world.reminder(&task, Duration::from_secs(3 * 3600)).await;
    let export = Export::new(&world.user, clock::now());
    world.store.start_export(&world.permit(), &export, None).await.unwrap();
    let s3 = Scripted::new(answers).await;
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": secret}))]).await;
    let builder = Builder {
        store: world.store.clone(),
        permit: Permit::of_system(),
        secrets: Secrets::load(SecretText::new(&manager.sdk(), "keys".to_owned())).await.unwrap(),
        limits: test_support::api::limits("100/900", "5/900"),
        bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()),
    };
    Job { world, s3, builder, export }
}

impl Job {
    async fn deliver(&self, export: ExportId) -> Result<(), shared::events::Failure> {
        let message = BuildExport { user_id: self.world.user.id, export_id: export };
        self.builder.handle(Message { body: message, deliveries: 1 }, clock::now()).await
    }
}

#[tokio::test]
async fn the_file_has_all_lists_and_no_secret_and_one_mail_tells_of_it() {
    let job = job(vec![Answer::ok()]).await;
    let mails = job.world.count("MAIL#").await;
    job.deliver(job.export.id).await.unwrap();
    job.deliver(job.export.id).await.unwrap();
    let asked = job.s3.asked();
    assert_eq!(asked.len(), 1, "the second delivery has nothing to do");
    assert!(asked[0].path.starts_with(&format!("/uploads/{}", job.export.object_key())), "{}", asked[0].path);
    let file = &asked[0].body;
    assert_eq!(file["user"]["email"], json!(job.world.user.email));
    let counts = ["sessions", "attachments", "completions", "notifications", "occurrences", "reminders", "tasks"]
        .map(|list| file[list].as_array().map(Vec::len));
    assert_eq!(counts, [Some(1), Some(0), Some(0), Some(0), Some(0), Some(1), Some(2)]);
    assert!(file["tasks"].to_string().contains("<b>Pay</b> rent"));
    let text = file.to_string();
    for secret in ["asswordHash", "efreshHash", "erificationHash", "knownAddresses", "argon2", "\"PK\"", "dueShard"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(job.world.count("MAIL#").await, mails + 1);
    let export = job.world.store.export(job.world.user.id).await.unwrap().unwrap();
    assert!(export.is_ready(clock::now()) && export.size > Some(100));
}

#[tokio::test]
async fn the_occurrences_of_recurring_tasks_are_in_the_file() {
    let job = job(vec![Answer::ok()]).await;
    let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
    let due = "2031-03-01T09:00:00.000Z";
    let task = job.world.task(json!({"title": "Water the ferns", "dueDate": due, "recurrence": recurrence})).await;
    let row = job.world.store.task(job.world.user.id, task.id).await.unwrap().unwrap();
    let skipped = row.task.skip(None, clock::now()).unwrap();
    job.world.store.update_task(&job.world.permit(), &row, &skipped).await.unwrap();
    job.deliver(job.export.id).await.unwrap();
    let file = &job.s3.asked()[0].body;
    let occurrence = json!({"taskId": task.id, "dueDate": due, "outcome": "skipped", "at": clock::now()});
    assert_eq!(file["occurrences"], json!([occurrence]));
    assert!(file["tasks"].to_string().contains("FREQ=DAILY"));
}

#[tokio::test]
async fn notifications_are_shown_as_read_up_to_where_all_were_marked() {
    let job = job(vec![Answer::ok()]).await;
    let (store, permit) = (&job.world.store, job.world.permit());
    let told = async |title: &str| {
        let task = job.world.task(json!({"title": title})).await;
        let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        let row = store.task(job.world.user.id, task.id).await.unwrap().unwrap();
        store.update_task(&permit, &row, &row.task.change(done, &Zone::UTC, clock::now()).unwrap()).await.unwrap();
    };
    told("One").await;
    told("Two").await;
    store.mark_all_read(&permit, job.world.user.id, clock::now()).await.unwrap();
    told("Three").await;
    job.deliver(job.export.id).await.unwrap();
    let file = &job.s3.asked()[0].body;
    let mut read: Vec<(&str, bool)> = file["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["message"].as_str().unwrap(), one["isRead"].as_bool().unwrap()))
        .collect();
    read.sort_unstable();
    assert_eq!(read, [("You completed: One", true), ("You completed: Three", false), ("You completed: Two", true)]);
}

#[tokio::test]
async fn what_s3_did_not_take_comes_again_and_nothing_is_shown_before() {
    let job = job(vec![Answer::broken(), Answer::broken(), Answer::broken(), Answer::ok()]).await;
    assert!(job.deliver(job.export.id).await.is_err());
    assert!(!job.world.store.export(job.world.user.id).await.unwrap().unwrap().is_ready(clock::now()));
    job.deliver(job.export.id).await.unwrap();
    assert!(job.world.store.export(job.world.user.id).await.unwrap().unwrap().is_ready(clock::now()));
}

/// S3's answers to an upload in parts, by what is asked.
async fn in_parts() -> Scripted {
    Scripted::answering(|_, asked| {
        if asked.path.contains("?uploads") {
            let xml = "<InitiateMultipartUploadResult><UploadId>upload-1</UploadId></InitiateMultipartUploadResult>";
            return Answer::text(xml);
        }
        Answer::text("<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>")
    })
    .await
}

#[tokio::test]
async fn a_file_of_more_than_eight_megabytes_goes_up_in_parts() {
    let mut job = job(vec![Answer::ok()]).await;
    job.s3 = in_parts().await;
    job.builder.bucket = Bucket::new(&job.s3.sdk(), "uploads".to_owned());
    // Rows as heavy as a table takes: 400 KB.
    for _ in 0..25 {
        let text = AttributeValue::S("x".repeat(380_000));
        let put = job.world.client.put_item().table_name(TABLE).item("message", text);
        let Key { pk, sk } = keys::notification(job.world.user.id, NotificationId::new());
        put.item("PK", AttributeValue::S(pk)).item("SK", AttributeValue::S(sk)).send().await.unwrap();
    }
    job.deliver(job.export.id).await.unwrap();
    let asked: Vec<String> = job.s3.asked().into_iter().map(|asked| asked.path).collect();
    let has = |part: &str| asked.iter().filter(|path| path.contains(part)).count();
    assert_eq!((asked.len(), has("?uploads"), has("partNumber=1&"), has("partNumber=2&")), (4, 1, 1, 1), "{asked:?}");
    assert!(asked[3].contains("uploadId=upload-1") && !asked[3].contains("partNumber"), "it is completed: {asked:?}");
    let export = job.world.store.export(job.world.user.id).await.unwrap().unwrap();
    assert!(export.is_ready(clock::now()) && export.size > Some(25 * 380_000));
}

#[tokio::test]
async fn an_export_that_nobody_wants_any_more_is_not_built() {
    let job = job(vec![Answer::ok()]).await;
    let other = ExportId::new();
    job.deliver(other).await.unwrap();
    let asked: Vec<String> = job.s3.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains(&other.to_string()), "what a killed try may have left is deleted");
}
