//! Requests answered in this process, as a function answers them: for what cannot be seen, or not be brought about,
//! over HTTP.

use std::time::{Duration, Instant};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use serde_json::{Value, json};
use shared::auth::token::sign_access;
use shared::aws::secrets::Secrets;
use shared::config::{Config, HttpConfig, SameSite};
use shared::domain::zone::Zone;
use shared::http::limiter::Limits;
use shared::http::routes::Route;
use shared::http::{ApiError, App, Reply, Request, respond};
use shared::store::Store;

use crate::{Answer, Scripted, TABLE, World, clock, keyring};

/// What every function of the API has at hand, with its own table and the keys of [`keyring`].
pub async fn app(store: Store) -> App {
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": secret}))]).await;
    App {
        config: Config {
            stage: "test".to_owned(),
            version: "1".to_owned(),
            table: TABLE.to_owned(),
            secret_id: None,
            frontend_url: "https://app.example.com".to_owned(),
        },
        http: HttpConfig {
            allowed_origins: vec!["https://app.example.com".to_owned()],
            public_url: "https://api.example.com".to_owned(),
            secure: true,
            same_site: SameSite::Lax,
            cookie_domain: None,
            password_min_length: 6.try_into().unwrap(),
            default_zone: Zone::UTC,
            limits: limits("100/900", "50/900"),
        },
        store,
        clock: clock::fixed(),
        started: Instant::now(),
        secrets: Some(Secrets::load(&manager.sdk(), "keys".to_owned()).await.unwrap()),
    }
}

/// The contract's limits, but for those of `global` and `auth`.
pub fn limits(global: &str, auth: &str) -> Limits {
    let others = "otp=5/900,reset=3/3600,verify=5/3600,upload=10/3600,login=10/3600,code=10/3600";
    Limits::parse(&format!("global={global},auth={auth},{others}")).unwrap()
}

/// A request from `address` as API Gateway hands it over, with an empty object as its body.
pub fn event(route: &Route, address: &str) -> Value {
    event_with(route, address, &json!({"content-type": "application/json"}))
}

fn event_with(route: &Route, address: &str, headers: &Value) -> Value {
    let method = if route.method.is_empty() { "GET" } else { route.method };
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {}", route.path),
        "rawPath": route.path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"http": {"method": method, "path": route.path, "sourceIp": address}},
        "body": "{}",
        "isBase64Encoded": false,
    })
}

impl World {
    /// A request of the user's, as [`event`].
    pub fn event(&self, route: &Route, address: &str) -> Value {
        let token = sign_access(&keyring(), self.user.id, &self.user.email, self.session.id, clock::now()).unwrap();
        let headers = json!({"content-type": "application/json", "authorization": format!("Bearer {token}")});
        event_with(route, address, &headers)
    }
}

/// The answer to an event.
pub async fn answer(
    app: &App,
    route: &Route,
    handler: &impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
    event: Value,
) -> ApiGatewayV2httpResponse {
    answer_within(app, route, handler, event, Duration::from_secs(20)).await
}

/// The same, where the function has so much time left.
pub async fn answer_within(
    app: &App,
    route: &Route,
    handler: &impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
    event: Value,
    budget: Duration,
) -> ApiGatewayV2httpResponse {
    let event: ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
    // On the heap: many of them at once are more than a test's stack holds.
    Box::pin(respond(app, route, handler, event, "r-1".to_owned(), budget)).await
}

/// An answer's JSON.
pub fn body(response: &ApiGatewayV2httpResponse) -> Value {
    match &response.body {
        Some(Body::Text(text)) => serde_json::from_str(text).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}
