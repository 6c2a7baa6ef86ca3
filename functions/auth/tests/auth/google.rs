use auth::oidc::Provider;
use auth::{google, google_callback};
use serde_json::json;
use shared::http::{App, Request};
use test_support::World;
use test_support::api::{app, header, status};

use crate::{call, provider};

const FAILED: &str = "https://app.example.com/login?error=google_auth_failed";

/// A provider at an address where nothing listens.
async fn out_of_reach(credentials: &str) -> &'static Provider {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    provider(issuer, credentials).await.0
}

#[tokio::test]
async fn a_provider_that_is_down_leads_back_to_the_login_page_and_counts_against_nobody() {
    let app = app(World::new().await.store).await;
    let provider = out_of_reach(r#"{"clientId":"id","clientSecret":"secret"}"#).await;
    let handler = async move |app: &App, request: &Request<'_>| google::handle(app, request, provider).await;
    let answer = call(&app, google::OPERATION, handler, "192.0.2.1", &json!({})).await;
    assert_eq!((status(&answer), header(&answer, "location")), (302, Some(FAILED)));
    assert_eq!(header(&answer, "ratelimit-remaining"), Some("49"));
    let again = call(&app, google::OPERATION, handler, "192.0.2.1", &json!({})).await;
    assert_eq!(header(&again, "ratelimit-remaining"), Some("49"), "nothing was guessed");
}

#[tokio::test]
async fn a_callback_without_a_flow_leads_back_to_the_login_page() {
    let app = app(World::new().await.store).await;
    let provider = out_of_reach("{}").await;
    let handler = async move |app: &App, request: &Request<'_>| google_callback::handle(app, request, provider).await;
    let answer = call(&app, google_callback::OPERATION, handler, "192.0.2.1", &json!({})).await;
    assert_eq!((status(&answer), header(&answer, "location")), (302, Some(FAILED)));
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(cookies.iter().all(|cookie| cookie.starts_with("__Host-oidcFlow=;")), "{cookies:?}");
}
