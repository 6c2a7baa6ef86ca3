use auth::oidc::Provider;
use auth::{google, google_callback};
use serde_json::json;
use shared::aws::secrets::SecretText;
use shared::http::routes::{AUTH_GOOGLE, AUTH_GOOGLE_CALLBACK};
use test_support::api::app;
use test_support::{Answer, Scripted, World};

use crate::call;

const FAILED: &str = "https://app.example.com/login?error=google_auth_failed";

/// A provider at an address where nothing listens.
async fn out_of_reach(credentials: &str) -> Provider {
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": credentials}))]).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    Provider::new(issuer, "https://api.example.com", SecretText::new(&manager.sdk(), "oidc".to_owned())).unwrap()
}

#[tokio::test]
async fn a_provider_that_is_down_leads_back_to_the_login_page_and_counts_as_a_failure() {
    let app = app(World::new().await.store).await;
    let provider = out_of_reach(r#"{"clientId":"id","clientSecret":"secret"}"#).await;
    let handler = async |app: &shared::http::App, request: &mut shared::http::Request<'_>| {
        google::handle(&provider, app, request).await
    };
    let answer = call(&app, &AUTH_GOOGLE, &handler, "192.0.2.1", &json!({})).await;
    assert_eq!((answer.status_code, answer.headers["location"].to_str().unwrap()), (302, FAILED));
    assert_eq!(answer.headers["ratelimit-remaining"], "49");
    let again = call(&app, &AUTH_GOOGLE, &handler, "192.0.2.1", &json!({})).await;
    assert_eq!(again.headers["ratelimit-remaining"], "48", "failures stay counted");
}

#[tokio::test]
async fn a_callback_without_a_flow_leads_back_to_the_login_page() {
    let app = app(World::new().await.store).await;
    let provider = out_of_reach("{}").await;
    let handler = async |app: &shared::http::App, request: &mut shared::http::Request<'_>| {
        google_callback::handle(&provider, app, request).await
    };
    let answer = call(&app, &AUTH_GOOGLE_CALLBACK, &handler, "192.0.2.1", &json!({})).await;
    assert_eq!((answer.status_code, answer.headers["location"].to_str().unwrap()), (302, FAILED));
    assert!(answer.cookies.iter().all(|cookie| cookie.starts_with("__Host-oidcFlow=;")), "{:?}", answer.cookies);
}
