//! A server that answers as it is told, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use aws_types::SdkConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// An answer with this status.
    Status(u16),
    /// The connection ends without a word.
    HungUp,
    /// The connection stays open without a word.
    Silent,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    manner: Manner,
    body: Value,
}

impl Answer {
    fn of(status: u16, body: Value) -> Self {
        Self { manner: Manner::Status(status), body }
    }

    /// An empty success.
    pub fn ok() -> Self {
        Self::of(200, json!({}))
    }

    /// A success with a text, for services that speak XML.
    pub fn text(body: &str) -> Self {
        Self::of(200, Value::String(body.to_owned()))
    }

    /// A client error with a body.
    pub fn error(body: Value) -> Self {
        Self::of(400, body)
    }

    /// The same with a body.
    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// What was asked for is not there.
    pub fn missing(body: Value) -> Self {
        Self::of(404, body)
    }

    /// The caller may not do that.
    pub fn denied(body: &str) -> Self {
        Self::of(403, Value::String(body.to_owned()))
    }

    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        matches!(self.manner, Manner::Status(status) if status < 300)
    }

    /// None: the connection ends without a word.
    pub fn hung_up() -> Self {
        Self { manner: Manner::HungUp, body: Value::Null }
    }

    /// None, ever: the caller's patience ends first.
    pub fn silent() -> Self {
        Self { manner: Manner::Silent, body: Value::Null }
    }

    /// The service is broken.
    pub fn broken() -> Self {
        Self::of(500, json!({"message": "broken"}))
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
        Self::answering(move |number, _| answers.get(number).or(answers.last()).unwrap().clone()).await
    }

    /// Serves what `answer` says to a request, by its number (from 0) and what it asks.
    pub async fn answering(answer: impl Fn(usize, &Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = read(&mut stream).await;
                let answer = {
                    let mut requests: std::sync::MutexGuard<'_, Vec<Asked>> = requests.lock().unwrap();
                    let answer = answer(requests.len(), &asked);
                    requests.push(asked);
                    answer
                };
                match answer.manner {
                    Manner::Status(status) => write(&mut stream, status, &answer.body).await,
                    Manner::HungUp => {}
                    Manner::Silent => silent.push(stream),
                }
            }
        });
        Self { endpoint, seen }
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
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
    const END_OF_HEAD: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::new();
    let mut whole = None;
    loop {
        let count = stream.read_buf(&mut bytes).await.unwrap();
        if whole.is_none()
            && let Some(end) = bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD)
            && let Some(head) = bytes.get(..end)
        {
            let head = String::from_utf8_lossy(head).into_owned();
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let body_at = end + END_OF_HEAD.len();
            whole = Some((head, body_at, body_at + length.unwrap_or(0)));
        }
        if let Some((head, body_at, end)) = &whole
            && let Some(body) = bytes.get(*body_at..*end)
        {
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            return Asked { path, body: serde_json::from_slice(body).unwrap_or_default() };
        }
        assert!(count > 0, "the request ended early: {}", String::from_utf8_lossy(&bytes));
    }
}

async fn write(stream: &mut TcpStream, status: u16, body: &Value) {
    let body = body.as_str().map_or_else(|| body.to_string(), ToOwned::to_owned);
    let head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        status,
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
}
