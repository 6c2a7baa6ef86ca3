//! A user of the original comes over with the operators' program, and finds everything where it was.

use std::net::SocketAddr;

use image::ImageFormat;
use legacy_fixture::{AS_TABLES, Postgres};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{App, each, id, text, unique_email};

const PASSWORD: &str = "Original-pass-1";

/// Gives out one file, whatever it is asked for, until the test ends.
async fn web_with(file: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", file.len());
            let _ = stream.write_all(&[head.as_bytes(), &file].concat()).await;
        }
    });
    address
}

#[tokio::test]
async fn a_user_of_the_original_finds_tasks_pictures_and_reminders_again() {
    let (app, email) = (App::new(), unique_email());
    let (cloud, postgres) = (app.cloud(), Postgres::start().await);
    let web = web_with(crate::attachments::picture(2000, 1500, ImageFormat::Png)).await;
    let hash = bcrypt::hash(PASSWORD, 10).expect("a hash");
    let rows = format!(
        "INSERT INTO users (id, name, email, password) VALUES (gen_random_uuid(), 'Asha Rao', '{email}', '{hash}');
         INSERT INTO tasks (user_id, title, due_date, priority, category)
           SELECT id, 'Pay rent', NOW() + interval '3 days', 'high', 'Home' FROM users;
         INSERT INTO task_attachments (task_id, filename, file_url, file_type)
           SELECT id, 'beach.png', 'http://{web}/beach.png', 'image/png' FROM tasks;
         INSERT INTO reminders (user_id, task_id, scheduled_at, type, message)
           SELECT user_id, id, NOW() + interval '40 minutes', 'email', 'The landlord waits' FROM tasks;"
    );
    postgres.client().await.batch_execute(&format!("{AS_TABLES}{rows}")).await.expect("rows");

    let (from, bucket) = (postgres.url(), cloud.bucket().await);
    let import = ["import", "--again", "--from", &from, "--uploads", &bucket, "--files-from-anywhere"];
    // A second run finds everything there.
    for _ in 0..2 {
        let report = cloud.admin(&import).await;
        for line in ["User: 1 taken", "Attachment: 1 taken", "Not taken: 0", "Failed; run it with --again: 0"] {
            assert!(report.lines().any(|it| it == line), "{report}");
        }
    }

    let tokens = app.client().tokens(&email, PASSWORD).await;
    let user = app.client().bearer(&tokens.access);
    let tasks = user.tasks(&[]).await;
    assert_eq!(each(&tasks, "title"), ["Pay rent"]);
    let picture = user.settled(&tasks[0], &tasks[0]["attachments"][0]).await;
    assert_eq!((text(&picture, "status"), text(&picture, "fileType")), ("ready", "image/webp"), "{picture}");
    assert_eq!((&picture["width"], &picture["height"]), (&json!(1440), &json!(1080)));
    app.mailbox.wait_for(&email, "Reminder: Pay rent is due soon").await;
    let [reminder] = user.reminders().await.try_into().expect("one reminder");
    assert_eq!(text(&user.wait_until_sent(&reminder).await, "status"), "completed");
    assert_eq!(user.me().await["email_verified"], json!(false), "the original verified nobody");
    let counted = cloud.admin(&["replay", "--user", id(&user.me().await)]).await;
    assert!(counted.ends_with("1 users, 2 tasks and reminders, 0 users differ\n"), "{counted}");
}
