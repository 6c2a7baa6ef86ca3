//! A server that answers as it is told, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use aws_types::SdkConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `None` hangs up instead.
    status: Option<u16>,
    body: Value,
}

impl Answer {
    /// An empty success.
    pub fn ok() -> Self {
        Self { status: Some(200), body: json!({}) }
    }

    /// A success with a text, for services that speak XML.
    pub fn text(body: &str) -> Self {
        Self { status: Some(200), body: Value::String(body.to_owned()) }
    }

    /// A client error with a body.
    pub fn error(body: Value) -> Self {
        Self { status: Some(400), body }
    }

    /// The same with a body.
    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// What was asked for is not there.
    pub fn missing(body: Value) -> Self {
        Self { status: Some(404), body }
    }

    /// None: the connection ends without a word.
    pub fn hung_up() -> Self {
        Self { status: None, body: Value::Null }
    }

    /// The service is broken.
    pub fn broken() -> Self {
        Self { status: Some(500), body: json!({"message": "broken"}) }
    }
}

/// A request: its path, and its body if that is JSON.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub body: Value,
}

/// A server on this machine.
pub struct Scripted {
    endpoint: String,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Serves these answers in turn, the last one for ever.
    pub async fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = read(&mut stream).await;
                let count = {
                    let mut requests: std::sync::MutexGuard<'_, Vec<Asked>> = requests.lock().unwrap();
                    requests.push(asked);
                    requests.len()
                };
                let answer = answers.get(count - 1).or(answers.last()).unwrap();
                write(&mut stream, answer).await;
            }
        });
        Self { endpoint, seen }
    }

    /// What clients need to call it.
    pub fn sdk(&self) -> SdkConfig {
        crate::sdk(&self.endpoint)
    }

    /// What it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }

    /// The bodies of what it was asked.
    pub fn bodies(&self) -> Vec<Value> {
        self.asked().into_iter().map(|asked| asked.body).collect()
    }
}

async fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        bytes.extend(chunk.into_iter().take(count));
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                return Asked { path, body: serde_json::from_str(body).unwrap_or_default() };
            }
        }
        assert!(count > 0, "the request ended early: {text}");
    }
}

async fn write(stream: &mut TcpStream, answer: &Answer) {
    let Some(status) = answer.status else {
        return;
    };
    let body = answer.body.as_str().map_or_else(|| answer.body.to_string(), ToOwned::to_owned);
    let head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        status,
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
}
