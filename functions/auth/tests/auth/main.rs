//! Signing in against a table in this process: what cannot be seen, or not be brought about, over HTTP.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

mod cookies;
mod google;
mod issue_reset;
mod login;
mod rotation;

use auth::issue_reset::ResetIssuer;
use auth::oidc::Provider;
use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::{Value, json};
use shared::auth::secrets::Secrets;
use shared::aws::secrets::SecretText;
use shared::domain::body::Body;
use shared::events::{Failure, Message, QueueFunction};
use shared::http::{Answer, ApiError, App, Operation, Request};
use shared::messages::IssueReset;
use shared::store::Permit;
use test_support::api::{answer, event, route};
use test_support::{Answer as ScriptedAnswer, Scripted, World, clock};

/// A request from `address` with a body, and its answer.
async fn call<B: Body + 'static, A: Answer>(
    app: &App,
    operation: Operation<B, A>,
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
    address: &str,
    body: &Value,
) -> Response<Payload> {
    let route = route(operation);
    let mut event = event(&route, address);
    event["body"] = json!(body.to_string());
    answer(app, &route, handler, event).await
}

/// A provider with this issuer and these credentials of ours. It lives as long as the process, so that handlers can
/// refer to it.
async fn provider(issuer: String, credentials: &str) -> (&'static Provider, Scripted) {
    let manager = Scripted::new(vec![ScriptedAnswer::ok().with(json!({"SecretString": credentials}))]).await;
    let secret = SecretText::new(&manager.sdk(), "oidc".to_owned());
    let provider = Provider::new(issuer, secret).unwrap();
    (Box::leak(Box::new(provider)), manager)
}

fn reset_issuer(world: &World, secrets: Secrets) -> ResetIssuer {
    let limits = test_support::api::limits("100/900", "5/900");
    ResetIssuer { store: world.store.clone(), permit: Permit::of_system(), secrets, limits }
}

/// Delivers a message to `auth-issue-reset`.
async fn deliver(issuer: &ResetIssuer, body: IssueReset) -> Result<(), Failure> {
    issuer.handle(Message { body, deliveries: 1 }, clock::now()).await
}
