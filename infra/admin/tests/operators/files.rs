//! The importer's files: fetched, looked into, announced, and put where uploads arrive.

use admin::import::{self, Address, Files, Kind, Reach, Report, Start, Uploads};
use admin::replay;
use shared::aws::files::Bucket;
use shared::domain::attachment::{Attachment, AttachmentStatus, Stored};
use shared::domain::email::Email;
use shared::domain::zone::Zone;
use shared::id::{AttachmentId, TaskId, UserId};
use shared::store::Permit;
use shared::store::replay::Mode;
use test_support::{Answer, Scripted, World, clock};

use legacy_fixture::{AS_TABLES, Postgres};

const TASK: &str = "20000000-0000-4000-8000-000000000001";

/// The original with one user and one task, the web with its files, and the bucket they come into.
struct Scene {
    world: World,
    postgres: Postgres,
    web: Scripted,
    s3: Scripted,
}

async fn scene() -> Scene {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let rows = format!(
        "INSERT INTO users (id, name, email) VALUES ('10000000-0000-4000-8000-000000000001', 'Asha Rao', 'a@example.com');
         INSERT INTO tasks (id, user_id, title, due_date)
           VALUES ('{TASK}', '10000000-0000-4000-8000-000000000001', 'Pay rent', '2031-01-01');"
    );
    postgres.client().await.batch_execute(&format!("{AS_TABLES}{rows}")).await.unwrap();
    let web = Scripted::answering(|_, asked| match asked.path.as_str() {
        "/list.txt" => Answer::text("Milk, two litres\n"),
        "/page.pdf" => Answer::text("<html>not a PDF document</html>"),
        "/program.exe" => Answer::text("MZ"),
        "/empty.txt" => Answer::text(""),
        "/large.txt" => Answer::text(&"x".repeat(10 * 1024 * 1024 + 1)),
        _ => Answer::missing(serde_json::json!({})),
    })
    .await;
    Scene { world, postgres, web, s3: Scripted::new(vec![Answer::ok()]).await }
}

impl Scene {
    /// An attachment of the original's; `number` is its id's last figure.
    async fn attach(&self, number: u8, name: &str, address: &str, kind: Option<&str>) {
        let insert = "INSERT INTO task_attachments (id, task_id, filename, file_url, file_type, created_at)
                        VALUES ($1::text::uuid, $2::text::uuid, $3, $4, $5, '2024-12-01 10:00:00')";
        let id = id(number).to_string();
        self.postgres.client().await.execute(insert, &[&id, &TASK, &name, &address, &kind]).await.unwrap();
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.web.endpoint())
    }

    async fn run(&self, reach: Reach) -> Report {
        let uploads =
            Uploads { files: Files::new(reach).unwrap(), bucket: Bucket::new(&self.s3.sdk(), "uploads".to_owned()) };
        let address = Address::read(&self.postgres.url(), None).unwrap();
        let (store, sink) = (&self.world.store, &mut std::io::sink());
        import::run((store, clock::fixed()), &address, &Zone::UTC, Start::Anew, Some(&uploads), sink).await.unwrap()
    }

    async fn user(&self) -> UserId {
        self.world.store.user_id_of(&Email::parse("a@example.com").unwrap()).await.unwrap().unwrap()
    }

    async fn attachment(&self, number: u8) -> Option<Attachment> {
        self.world.store.attachment(self.user().await, id(number)).await.unwrap()
    }

    /// Where objects were put.
    fn put(&self) -> Vec<String> {
        let asked = self.s3.asked();
        asked.iter().map(|asked| asked.path.split('?').next().unwrap_or_default().to_owned()).collect()
    }
}

fn id(number: u8) -> AttachmentId {
    AttachmentId::parse(&format!("40000000-0000-4000-8000-00000000000{number}")).unwrap()
}

#[tokio::test]
async fn a_file_is_announced_counted_and_put_where_uploads_arrive_until_it_is_ready() {
    let scene = scene().await;
    scene.attach(1, "list.txt", &scene.at("list.txt"), Some("text/plain")).await;
    // Interrupted after it was announced, or before the system has looked at it, the next run brings it again.
    for runs in 1..3 {
        let report = scene.run(Reach::Anywhere).await;
        assert_eq!((report.taken[&Kind::Attachment], report.refused.len()), (1, 0), "{report}");
        let raw = format!("/uploads/raw/{}/{TASK}/{}", scene.user().await, id(1));
        assert_eq!(scene.put(), vec![raw; runs]);
    }
    let announced = scene.attachment(1).await.unwrap();
    assert_eq!((announced.card.status, announced.card.counted_bytes), (AttachmentStatus::Pending, 17));
    assert_eq!(announced.card.created_at.to_string(), "2024-12-01T10:00:00.000Z", "as old as it was");
    assert!(announced.due_at().is_some_and(|due| due > clock::now()), "and not forgotten for that");
    let task = scene.world.store.task(announced.user_id, TaskId::parse(TASK).unwrap()).await.unwrap().unwrap().task;
    assert_eq!(task.attachments[&id(1)], announced.card);
    assert!(replay::all(&scene.world.store, clock::fixed(), Mode::Compare).await.unwrap().wrong.is_empty());

    let stored = Stored { kind: announced.kind().unwrap(), size: 17, pixels: None };
    let ready = announced.ready(&stored, clock::now());
    scene.world.store.change_attachment(&Permit::of_system(), &announced, &ready, clock::now()).await.unwrap();
    let report = scene.run(Reach::Anywhere).await;
    assert_eq!((report.taken[&Kind::Attachment], scene.put().len()), (1, 2), "what is ready is left alone");
    assert_eq!(scene.attachment(1).await.unwrap(), ready);
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_is_named_with_its_address_and_the_reason() {
    let scene = scene().await;
    let address = |path: &str| scene.at(path);
    scene.attach(1, "gone.txt", &address("gone.txt"), Some("text/plain")).await;
    scene.attach(2, "large.txt", &address("large.txt"), Some("text/plain")).await;
    scene.attach(3, "page.pdf", &address("page.pdf"), Some("application/pdf")).await;
    scene.attach(4, "program.exe", &address("program.exe"), Some("application/octet-stream")).await;
    scene.attach(5, "local.txt", "file:///etc/passwd", Some("text/plain")).await;
    scene.attach(6, "none.txt", "not an address", Some("text/plain")).await;
    scene.attach(7, "empty.txt", &address("empty.txt"), Some("text/plain")).await;
    let report = scene.run(Reach::Anywhere).await;
    let reason = |number: u8| {
        let row = report.refused.iter().find(|row| row.kind == Kind::Attachment && row.id == id(number).to_string());
        row.map(|row| row.reason.clone()).unwrap_or_default()
    };
    for (number, part) in [
        (1, "answers 404"),
        (2, "more than 10485760 bytes"),
        (3, "of no kind that is allowed"),
        (4, "of no kind that is allowed"),
        (5, "none of the web"),
        (6, "it has no address"),
        (7, "it is empty"),
    ] {
        assert!(reason(number).contains(part), "{number}: {}", reason(number));
        assert!(scene.attachment(number).await.is_none(), "{number}");
    }
    assert!(reason(1).ends_with(&address("gone.txt")), "{}", reason(1));
    assert!(scene.put().is_empty());
}

#[tokio::test]
async fn a_file_on_this_machine_is_not_asked_for_unless_it_is_allowed() {
    let scene = scene().await;
    scene.attach(1, "list.txt", &scene.at("list.txt"), Some("text/plain")).await;
    scene.attach(2, "list.txt", &scene.at("list.txt").replace("http:", "https:"), Some("text/plain")).await;
    let report = scene.run(Reach::Internet).await;
    assert_eq!(report.refused.len(), 2, "{report}");
    assert!(scene.web.asked().is_empty() && scene.put().is_empty());
}

#[tokio::test]
async fn a_picture_is_what_its_bytes_are_and_not_what_its_old_name_says() {
    let scene = scene().await;
    // The original made it plain and kept its name.
    scene.attach(1, "list.jpg", &scene.at("list.txt"), Some("text/plain")).await;
    let report = scene.run(Reach::Anywhere).await;
    assert_eq!(report.taken.get(&Kind::Attachment), Some(&1), "{report}");
    assert_eq!(scene.attachment(1).await.unwrap().card.file_type, "text/plain");
}
