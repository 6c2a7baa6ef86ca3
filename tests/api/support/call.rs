//! One request, built step by step and sent by awaiting it.

use std::future::{Future, IntoFuture};
use std::io::Read;
use std::pin::Pin;

use reqwest::{Method, Url};
use serde_json::Value;

use super::{Answer, Client, contract};

/// A request that is not yet sent: `.await` sends it.
#[must_use = "a call is sent by awaiting it"]
pub(crate) struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call {
    pub(super) fn new(client: Client, method: &str, path: &str) -> Self {
        let method = method.parse().expect("a method");
        Self { client, method, path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Only if the thing still has this `ETag`.
    pub(crate) fn if_match(self, etag: &str) -> Self {
        self.header("if-match", etag)
    }

    /// Adds query parameters, encoded.
    pub(crate) fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        let url = Url::parse_with_params("http://query", parameters).expect("parameters");
        if let Some(query) = url.query() {
            self.path.push(if self.path.contains('?') { '&' } else { '?' });
            self.path.push_str(query);
        }
        self
    }

    /// A JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// A body of any kind.
    pub(crate) fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", content_type).bare_body(body)
    }

    /// A body that does not say what it is.
    pub(crate) fn bare_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    async fn send(self) -> Answer {
        let Self { client, method, path, headers, body } = self;
        let request = describe(&method, &path, &headers, body.as_deref());
        let mut builder = client.http().request(method.clone(), client.url(&path));
        for (name, value) in client.headers().iter().chain(&headers) {
            builder = builder.header(name, value);
        }
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let response = builder.send().await.unwrap_or_else(|error| panic!("no answer to {request}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap_or_else(|error| panic!("half an answer to {request}: {error:?}"));
        let body = decoded(headers.get("content-encoding").map(|coding| coding.to_str().expect("a text")), &bytes);
        let json = serde_json::from_str(&body).unwrap_or_default();
        let answer = Answer { request, status, headers, body, json, length: bytes.len() };
        contract::check(method.as_str(), &path, &answer);
        answer
    }
}

fn decoded(coding: Option<&str>, bytes: &[u8]) -> String {
    let mut body = String::new();
    // The answer to HEAD has the coding of a body, and none.
    let read = match coding.filter(|_| !bytes.is_empty()) {
        None => (&mut &*bytes).read_to_string(&mut body),
        Some("br") => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut body),
        Some("gzip") => flate2::read::GzDecoder::new(bytes).read_to_string(&mut body),
        Some(other) => panic!("an answer coded as {other}"),
    };
    read.unwrap_or_else(|error| panic!("a body that is not what its coding says: {error}"));
    body
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Sends all of them at the same time. The answers are in the calls' order.
pub(crate) async fn at_once(calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
    let sent: Vec<_> = calls.into_iter().map(|call| tokio::spawn(call.into_future())).collect();
    let mut answers = Vec::with_capacity(sent.len());
    for answer in sent {
        answers.push(answer.await.expect("an answer"));
    }
    answers
}

fn describe(method: &Method, path: &str, headers: &[(String, String)], body: Option<&[u8]>) -> String {
    const SHOWN: usize = 1000;
    let headers: String = headers.iter().map(|(name, value)| format!(" [{name}: {value}]")).collect();
    let body = String::from_utf8_lossy(body.unwrap_or_default());
    let shown: String = body.chars().take(SHOWN).collect();
    let rest = if shown.len() < body.len() { "…" } else { "" };
    format!("{method} {path}{headers} {shown}{rest}")
}
