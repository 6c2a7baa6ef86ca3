//! The connection to SES of an environment that was frozen between two mails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use shared::aws::mailer::{Mailer, NotSent, Rendered};
use shared::domain::email::Email;
use shared::id::{MailId, UserId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers one request on each connection, and hangs up at the next, as a connection behaves that the other
/// end gave up while the environment was frozen. Returns its address and the number of its connections.
async fn forgetful() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(answer_once(stream));
        }
    });
    (endpoint, connections)
}

async fn answer_once(mut stream: TcpStream) {
    let body = json!({"MessageId": "m-1"}).to_string();
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    // The request ends with its body, which is an object.
    while !received.ends_with(b"}") {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => received.extend_from_slice(buffer.get(..count).unwrap()),
            _ => return,
        }
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    // Until the next request begins.
    drop(stream.read(&mut buffer).await);
}

async fn send(mailer: &Mailer) -> Result<(), NotSent> {
    let text = || "text".to_owned();
    let mail = Rendered { subject: text(), html: text(), text: text(), headers: Vec::new() };
    mailer.send(&Email::parse("someone@example.com").unwrap(), mail, (UserId::new(), MailId::new())).await
}

#[tokio::test]
async fn a_mail_takes_no_connection_that_may_have_died_in_a_frozen_environment() {
    const PATIENCE: Duration = Duration::from_secs(5);
    // A connection that is idle for longer than it may be kept is not used again; one that was used again is dead.
    for (keep_alive, is_dead) in [(Duration::ZERO, false), (Duration::from_secs(60), true)] {
        let (endpoint, connections) = forgetful().await;
        let from = "no-reply@example.com".parse().unwrap();
        let mailer =
            Mailer::with_limits(&test_support::sdk(&endpoint), from, "spacedly".to_owned(), PATIENCE, keep_alive);
        send(&mailer).await.unwrap();
        let second = send(&mailer).await;
        assert_eq!(matches!(second, Err(NotSent::Unknown(_))), is_dead, "{keep_alive:?}: {second:?}");
        assert_eq!(connections.load(Ordering::SeqCst), if is_dead { 1 } else { 2 });
    }
}
