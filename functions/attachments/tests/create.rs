//! Files in the body of a request: the answer waits until they are ready or rejected.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::time::{Duration, Instant};

use attachments::create::{self, Uploads};
use serde_json::{Value, json};
use shared::aws::files::Bucket;
use shared::domain::attachment::{Attachment, NewFiles, Stored};
use shared::domain::task::Task;
use shared::http::{App, Request};
use shared::store::{Permit, Store};
use test_support::api::{answer_within, app, body, route, status};
use test_support::{Answer, Scripted, TABLE, World, clock};

/// Within this time nobody waits for anything.
const AMPLE: Duration = Duration::from_secs(20);
const BODY: &str = "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\
    hello\r\n--x--\r\n";

struct Scene {
    world: World,
    app: App,
    task: Task,
    s3: Scripted,
    uploads: &'static Uploads,
}

async fn scene() -> Scene {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let s3 = Scripted::new(vec![Answer::text("")]).await;
    let uploads = Uploads { bucket: Bucket::new(&s3.sdk(), "uploads".to_owned()), quota: 1000 };
    Scene { app: app(world.store.clone()).await, world, task, s3, uploads: Box::leak(Box::new(uploads)) }
}

impl Scene {
    /// Sends a file of five bytes; returns the status and the file's attachment.
    async fn send(&self, budget: Duration) -> (u16, Value) {
        let route = route(create::OPERATION);
        let mut event = self.world.event(&route, "192.0.2.1");
        event["rawPath"] = json!(format!("/api/tasks/{}/attachments", self.task.id));
        event["pathParameters"] = json!({"id": self.task.id});
        event["headers"]["content-type"] = json!("multipart/form-data; boundary=x");
        event["headers"]["idempotency-key"] = json!("once");
        event["body"] = json!(BODY);
        let uploads = self.uploads;
        let handler =
            async move |app: &App, request: &Request<'_, NewFiles>| create::handle(app, request, uploads).await;
        let answer = answer_within(&self.app, &route, handler, event, budget).await;
        (status(&answer), body(&answer)["data"]["attachments"][0].clone())
    }

    /// Does what the optimizer does, once the attachment is there.
    async fn optimize(&self) {
        let deadline = Instant::now() + AMPLE;
        let pending = loop {
            assert!(Instant::now() < deadline, "no attachment");
            tokio::task::yield_now().await;
            if let Some(pending) = self.world.store.attachments_of_user(self.world.user.id).await.unwrap().pop() {
                break pending;
            }
        };
        self.settle(&pending).await;
    }

    async fn settle(&self, pending: &Attachment) {
        let stored = Stored { kind: pending.kind().unwrap(), size: 5, pixels: None };
        let ready = pending.ready(&stored, clock::now());
        self.world.store.change_attachment(&Permit::of_system(), pending, &ready, clock::now()).await.unwrap();
    }
}

#[tokio::test]
async fn the_answer_has_the_url_of_a_file_that_is_ready() {
    let scene = scene().await;
    let ((status, attachment), ()) = futures::join!(scene.send(AMPLE), scene.optimize());
    assert_eq!((status, &attachment["status"]), (201, &json!("ready")));
    let id = attachment["id"].as_str().unwrap();
    assert_eq!(attachment["fileUrl"], json!(format!("https://api.example.com/api/attachments/{id}")));
}

#[tokio::test]
async fn the_answer_comes_in_time_although_the_file_is_not_ready() {
    let scene = scene().await;
    // Time for looks after 0.3 and 0.7 seconds; the last two seconds are kept.
    let budget = Duration::from_millis(3200);
    let began = Instant::now();
    let (status, attachment) = scene.send(budget).await;
    assert!((Duration::from_millis(300)..budget).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!((status, &attachment["status"], &attachment["fileUrl"]), (201, &json!("pending"), &Value::Null));
    let calls = scene.world.store.meter().take().calls;
    assert!((3..=4).contains(&calls), "{calls}: the limiter, the transaction, a look or two");
    assert_eq!(scene.s3.asked().len(), 1);
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_the_attachment_as_it_is_now() {
    let scene = scene().await;
    let (_, first) = scene.send(Duration::from_secs(2)).await;
    assert_eq!(first["status"], "pending", "there was no time to wait");
    let pending = scene.world.store.attachments_of_user(scene.world.user.id).await.unwrap().remove(0);
    scene.settle(&pending).await;
    let (status, again) = scene.send(AMPLE).await;
    assert_eq!((status, &again["id"], &again["status"]), (201, &first["id"], &json!("ready")));
    assert_eq!(scene.s3.asked().len(), 1, "stored once");
}

#[tokio::test]
async fn a_deleted_attachment_is_not_waited_for() {
    let scene = scene().await;
    let delete = async {
        let deadline = Instant::now() + AMPLE;
        while Instant::now() < deadline {
            tokio::task::yield_now().await;
            if let Some(pending) = scene.world.store.attachments_of_user(scene.world.user.id).await.unwrap().pop() {
                scene.world.store.delete_attachment(&scene.world.permit(), &pending, clock::now()).await.unwrap();
                break;
            }
        }
    };
    let ((status, attachment), ()) = futures::join!(scene.send(AMPLE), delete);
    assert_eq!((status, attachment), (201, Value::Null));
}

#[tokio::test]
async fn a_look_that_fails_does_not_fail_the_request() {
    let scene = scene().await;
    let table = Scripted::answering(|_, asked| match asked.body.get("RequestItems") {
        Some(_) => Answer::error(json!({"__type": "ValidationException", "message": "no"})),
        None => Answer::ok().with(json!({"Attributes": {}})),
    })
    .await;
    let app = app(Store::new(&table.sdk(), TABLE.to_owned())).await;
    let scene = Scene { app, ..scene };
    let (status, attachment) = scene.send(Duration::from_millis(2600)).await;
    assert_eq!((status, &attachment["status"]), (201, &json!("pending")));
    assert!(table.bodies().iter().any(|body| body.get("RequestItems").is_some()), "it looked");
}
