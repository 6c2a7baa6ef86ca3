//! Several cookies of one name, of a login and of a sign-in with Google; and where a refresh token may be delivered.

use auth::oidc_flow::{Flow, VALID};
use auth::{google_callback, logout, refresh, resend_otp, verify_otp};
use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::{Value, json};
use shared::auth::challenge::Challenge;
use shared::auth::mailed::LoginCode;
use shared::auth::session::SessionLifetime;
use shared::domain::body::Body;
use shared::http::{Answer as HttpAnswer, ApiError, App, Operation, Request};
use shared::id::ChallengeId;
use shared::store::Permit;
use test_support::api::{answer, app, body, event, header, route, status};
use test_support::{Answer, Scripted, World, clock, keyring, new_session, sign_in};

use crate::provider;

/// Sends a body with cookies of one name.
async fn call_with<B: Body + 'static, A: HttpAnswer>(
    app: &App,
    operation: Operation<B, A>,
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
    (name, values): (&str, &[&str]),
    body: &Value,
) -> Response<Payload> {
    let route = route(operation);
    let mut event = event(&route, "192.0.2.1");
    event["cookies"] = values.iter().map(|value| json!(format!("__Host-{name}={value}"))).collect();
    event["headers"]["x-token-delivery"] = json!("body");
    event["body"] = json!(body.to_string());
    answer(app, &route, handler, event).await
}

async fn challenge(world: &World) -> Challenge {
    let challenge = Challenge::new(&keyring(), &world.user, SessionLifetime::Ordinary, None, clock::now());
    let mail = test_support::addressed(challenge.mail(clock::now()), &world.user);
    world.store.open_challenge(&Permit::of_system(), &challenge, &mail, None).await.unwrap();
    challenge
}

#[tokio::test]
async fn the_first_challenge_that_is_open_counts() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (open, later) = (challenge(&world).await, challenge(&world).await);
    let gone = ChallengeId::new().to_string();
    let [open_id, later_id] = [&open, &later].map(|challenge| challenge.id.to_string());
    let cookies = ("otpChallenge", &["no id", &*gone, &*open_id, &*later_id][..]);
    let resent = call_with(&app, resend_otp::OPERATION, resend_otp::handle, cookies, &json!({})).await;
    assert_eq!((status(&resent), &body(&resent)["data"]["challengeId"]), (200, &json!(open_id)));
    let verify = async |code: &LoginCode| {
        let body = json!({"otp": code.expose()});
        status(&call_with(&app, verify_otp::OPERATION, verify_otp::handle, cookies, &body).await)
    };
    let code = |challenge: &Challenge| LoginCode::derive(&keyring(), "1", challenge.seed).unwrap();
    assert_eq!(verify(&code(&later)).await, 400, "one login's code is no try at another");
    let renewed = world.store.challenge(open.id).await.unwrap().unwrap();
    assert_eq!(verify(&code(&renewed)).await, 200);
    assert_eq!(verify(&code(&later)).await, 200, "now the later one is the first that is open");
}

#[tokio::test]
async fn the_challenge_of_the_body_counts_before_those_of_cookies() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (of_cookie, named) = (challenge(&world).await.id.to_string(), challenge(&world).await.id.to_string());
    let cookies = ("otpChallenge", &[&*of_cookie][..]);
    let body_of = json!({"challengeId": named});
    let resent = call_with(&app, resend_otp::OPERATION, resend_otp::handle, cookies, &body_of).await;
    assert_eq!(body(&resent)["data"]["challengeId"], json!(named));
    let without_email = json!({"challengeId": named, "otp": "123456"});
    let refused = call_with(&app, verify_otp::OPERATION, verify_otp::handle, cookies, &without_email).await;
    assert_eq!((status(&refused), &body(&refused)["errors"][0]["field"]), (400, &json!("email")));
}

#[tokio::test]
async fn the_flow_of_the_returned_state_counts_and_head_uses_nothing_up() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let provider_server = Scripted::new(vec![Answer::broken()]).await;
    let (provider, manager) = provider(provider_server.endpoint().to_owned(), "{}").await;
    let flow = |state: &str| {
        let expires_at = clock::now().plus(VALID).as_second();
        let flow = Flow { state: state.to_owned(), nonce: "n".to_owned(), verifier: "v".to_owned(), expires_at };
        format!("__Host-oidcFlow={}", flow.seal(&keyring()))
    };
    let come_back = async |method: &str, cookies: Value| {
        let callback = route(google_callback::OPERATION);
        let mut event = event(&callback, "192.0.2.1");
        event["requestContext"]["http"]["method"] = json!(method);
        event["cookies"] = cookies;
        event["rawQueryString"] = json!("state=mine&code=c");
        let handler =
            async move |app: &App, request: &Request<'_>| google_callback::handle(app, request, provider).await;
        let answer = answer(&app, &callback, handler, event).await;
        let location = header(&answer, "location").map(str::to_owned);
        (
            status(&answer),
            location,
            header(&answer, "set-cookie").is_some(),
            manager.asked().len() + provider_server.asked().len(),
        )
    };
    let cookies = json!(["__Host-oidcFlow=stale", flow("another"), flow("mine")]);
    let at = |path: &str| Some(format!("https://app.example.com{path}"));
    assert_eq!(come_back("HEAD", cookies.clone()).await, (302, at("/login"), false, 0));
    let failed = at("/login?error=google_auth_failed");
    assert_eq!(come_back("GET", json!([flow("another")])).await, (302, failed.clone(), true, 0));
    let (status, location, clears, asked) = come_back("GET", cookies).await;
    assert_eq!((status, location, clears), (302, failed, true));
    assert!(asked > 0, "the flow was found, and its code redeemed");
}

#[tokio::test]
async fn a_refresh_cookie_never_gives_tokens_to_scripts() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let token = world.session.refresh_token(&keyring()).unwrap();
    let by_cookie =
        call_with(&app, refresh::OPERATION, refresh::handle, ("refreshToken", &["stale", &*token]), &json!({})).await;
    assert_eq!((status(&by_cookie), &body(&by_cookie)["data"]), (200, &json!({})));
    assert_eq!(by_cookie.headers().get_all("set-cookie").iter().count(), 2);
    let by_body =
        call_with(&app, refresh::OPERATION, refresh::handle, ("x", &[]), &json!({"refreshToken": token})).await;
    assert!(body(&by_body)["data"]["tokens"]["refreshToken"].is_string(), "just rotated, so given again");
    assert_eq!(by_body.headers().get_all("set-cookie").iter().count(), 0);
}

#[tokio::test]
async fn signing_out_ends_the_session_of_every_token_once() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let other = new_session(&world.user);
    let account = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    world.store.open_session(&Permit::of_system(), sign_in(&other, &account)).await.unwrap();
    let [token, others] = [&world.session, &other].map(|session| session.refresh_token(&keyring()).unwrap());
    app.store.meter().take();
    let cookies = ("refreshToken", &[&*token, &*token, &*others][..]);
    assert_eq!(status(&call_with(&app, logout::OPERATION, logout::handle, cookies, &json!({})).await), 200);
    let spent = app.store.meter().take();
    assert_eq!((spent.calls, spent.write_units), (3, 3.0), "the limiter and two sessions");
    let left = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    assert!(left.sessions.is_empty(), "{:?}", left.sessions);
}
