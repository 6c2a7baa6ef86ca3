//! Signing in against a table in this process: what cannot be seen, or not be brought about, over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed, and says where")]

mod google;
mod issue_reset;
mod login;

use std::time::{Duration, Instant};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use serde_json::{Value, json};
use shared::aws::secrets::Secrets;
use shared::config::{Config, HttpConfig, SameSite};
use shared::domain::zone::Zone;
use shared::http::limiter::Limits;
use shared::http::routes::Route;
use shared::http::{ApiError, App, Reply, Request, respond};
use shared::store::Store;
use world::{Answer, Scripted, TABLE};

/// What every function of the API has at hand, with its own table.
async fn app(store: Store) -> App {
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
            allowed_origins: Vec::new(),
            public_url: "https://api.example.com".to_owned(),
            secure: true,
            same_site: SameSite::Lax,
            cookie_domain: None,
            password_min_length: 6.try_into().unwrap(),
            default_zone: Zone::UTC,
            limits: Limits::parse(
                "global=100/900,auth=50/900,otp=5/900,reset=3/3600,verify=5/3600,upload=10/3600,login=10/3600,code=10/3600",
            )
            .unwrap(),
        },
        store,
        started: Instant::now(),
        secrets: Some(Secrets::load(&manager.sdk(), "keys".to_owned()).await.unwrap()),
    }
}

/// A request from `address` as API Gateway hands it over, and its answer.
async fn call(
    app: &App,
    route: &Route,
    handler: &impl AsyncFn(&App, &mut Request<'_>) -> Result<Reply, ApiError>,
    address: &str,
    body: &Value,
) -> ApiGatewayV2httpResponse {
    let event = json!({
        "version": "2.0",
        "routeKey": format!("{} {}", route.method, route.path),
        "rawPath": route.path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": route.method, "path": route.path, "sourceIp": address}},
        "body": body.to_string(),
        "isBase64Encoded": false,
    });
    let event: ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
    respond(app, route, handler, event, "r-1".to_owned(), Duration::from_secs(20)).await
}

fn body(response: &ApiGatewayV2httpResponse) -> Value {
    match &response.body {
        Some(Body::Text(text)) => serde_json::from_str(text).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}
