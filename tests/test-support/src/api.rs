//! Requests answered in this process, as a function answers them: for what cannot be seen, or not be brought about,
//! over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambda_http::http::Response;
use lambda_http::{Body as Payload, Context, RequestExt};
use serde_json::{Value, json};
use shared::auth::secrets::Secrets;
use shared::auth::token::sign_access;
use shared::aws::secrets::SecretText;
use shared::config::{Config, HttpConfig, SameSite};
use shared::domain::body::Body;
use shared::domain::zone::Zone;
use shared::http::{
    Answer, ApiError, App, BodyKind, EndedSessions, Facts, Operation, RejectedParties, Request, Route, erased, respond,
};
use shared::limits::Limits;
use shared::store::Store;

use crate::{Answer as ScriptedAnswer, Scripted, TABLE, World, clock, keyring};

/// What every function of the API has at hand, with its own table and the keys of [`keyring`].
pub async fn app(store: Store) -> App {
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![ScriptedAnswer::ok().with(json!({"SecretString": secret}))]).await;
    App {
        config: Config {
            stage: "test".to_owned(),
            table: TABLE.to_owned(),
            secret_id: None,
            frontend_url: "https://app.example.com".to_owned(),
        },
        http: HttpConfig {
            allowed_origins: vec!["https://app.example.com".to_owned()],
            public_url: "https://api.example.com".to_owned().into(),
            secure: true,
            same_site: SameSite::Lax,
            cookie_domain: None,
            password_min_length: 6.try_into().unwrap(),
            default_zone: Zone::UTC,
            limits: limits("1000/900", "50/900"),
        },
        store,
        clock: clock::fixed(),
        started: Instant::now(),
        secrets: Some(Arc::new(Secrets::load(SecretText::new(&manager.sdk(), "keys".to_owned())).await.unwrap())),
        rejected: RejectedParties::default(),
        ended: EndedSessions::default(),
    }
}

/// The contract's limits, but for those of every request (`global` and `account`) and of `auth`.
pub fn limits(everything: &str, auth: &str) -> Limits {
    let others = "foreign=100/900,otp=5/900,register=10/3600,reset=3/3600,verify=5/3600,upload=10/3600,\
                  login=10/3600,mailbox-hour=10/3600,mailbox-day=30/86400,code-hour=10/3600,code-day=30/86400";
    Limits::parse(&format!("global={everything},account={everything},auth={auth},{others}")).unwrap()
}

/// A request from `address` as API Gateway sends it, with an empty object as its body.
pub fn event(route: &Route, address: &str) -> Value {
    event_with(route, address, &json!({"content-type": media_type(route)}))
}

fn media_type(route: &Route) -> &'static str {
    match route.facts.body {
        BodyKind::OptionalForm => "application/x-www-form-urlencoded",
        BodyKind::Ignored | BodyKind::Json | BodyKind::OptionalJson | BodyKind::JsonOrMultipart => "application/json",
    }
}

fn event_with(route: &Route, address: &str, headers: &Value) -> Value {
    let Facts { method, path, .. } = route.facts;
    let method = if method.is_empty() { "GET" } else { method };
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": address}},
        "body": "{}",
        "isBase64Encoded": false,
    })
}

impl World {
    /// A request of the user's, as [`event`].
    pub fn event(&self, route: &Route, address: &str) -> Value {
        let token = sign_access(&keyring(), self.user.id, &self.user.email, self.session.id, clock::now()).unwrap();
        let headers = json!({"content-type": media_type(route), "authorization": format!("Bearer {token}")});
        event_with(route, address, &headers)
    }
}

/// A route of an operation, under the name of no function.
pub fn route<B: Body, A: Answer>(operation: Operation<B, A>) -> Route {
    Route { function: "test", facts: operation.facts() }
}

/// The answer to an event. Its request id is `r-1`.
pub async fn answer<B: Body + 'static, A: Answer>(
    app: &App,
    route: &Route,
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
    event: Value,
) -> Response<Payload> {
    answer_within(app, route, handler, event, Duration::from_secs(20)).await
}

/// The same, where the function has so much time left.
pub async fn answer_within<B: Body + 'static, A: Answer>(
    app: &App,
    route: &Route,
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
    event: Value,
    budget: Duration,
) -> Response<Payload> {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let mut context = Context::default();
    "r-1".clone_into(&mut context.request_id);
    let handler = erased(handler);
    // On the heap: many of them at once are more than a test's stack holds.
    Box::pin(respond(app, route, &*handler, request.with_lambda_context(context), budget)).await
}

/// An answer's status.
pub fn status(response: &Response<Payload>) -> u16 {
    response.status().as_u16()
}

/// An answer's header.
pub fn header<'a>(response: &'a Response<Payload>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// The size of an answer as a function's response, in bytes: its text is a JSON string there.
pub fn event_size(response: &Response<Payload>) -> usize {
    match response.body() {
        Payload::Text(text) => Value::from(text.as_str()).to_string().len(),
        other => panic!("no text: {other:?}"),
    }
}

/// An answer's JSON.
pub fn body(response: &Response<Payload>) -> Value {
    serde_json::from_str(text(response)).unwrap()
}

/// An answer's text.
pub fn text(response: &Response<Payload>) -> &str {
    match response.body() {
        Payload::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}
