//! Several cookies of one name: a browser sends the outdated one first, and the first valid one counts. A refresh token
//! that was rotated away is theft on every route, but only where no valid one comes along.

use std::time::Duration;

use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::json;
use shared::auth::session::Session;
use shared::auth::token::{ACCESS_TTL, sign_access};
use shared::clock::Timestamp;
use shared::domain::body::NoBody;
use shared::http::{App, Done, Operation};
use shared::store::Permit;
use test_support::api::{answer, app, event, route, status};
use test_support::{World, clock, keyring, new_session, sign_in};

use crate::limiter::read;
use crate::{ADDRESS, ME};

const ACCESS: &str = "__Host-accessToken";
const REFRESH: &str = "__Host-refreshToken";

/// Asks an ordinary route with these cookies.
async fn asked(app: &App, cookies: &[(&str, &str)]) -> Response<Payload> {
    let me = route(ME);
    let mut event = event(&me, ADDRESS);
    event["cookies"] = cookies.iter().map(|(name, value)| json!(format!("{name}={value}"))).collect();
    answer(app, &me, read, event).await
}

fn access_token(world: &World, issued_at: Timestamp) -> String {
    sign_access(&keyring(), world.user.id, &world.user.email, world.session.id, issued_at).unwrap()
}

/// Rotates the session twice; its first and its current refresh token.
async fn rotated_twice(world: &World, session: &Session) -> (String, String) {
    let mut session = session.clone();
    let first = session.refresh_token(&keyring()).unwrap();
    session.rotate(&keyring(), clock::now()).unwrap();
    let current = session.rotate(&keyring(), clock::now()).unwrap();
    world.store.rotate_session(&Permit::of_system(), &session, 0).await.unwrap();
    world.store.meter().take();
    (first, current)
}

async fn is_alive(world: &World, session: &Session) -> bool {
    let stored = world.store.session(world.user.id, session.id).await.unwrap();
    stored.is_some_and(|session| session.is_alive(clock::now()))
}

#[tokio::test]
async fn the_first_valid_access_cookie_of_four_counts() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let good = access_token(&world, clock::now());
    let expired = access_token(&world, clock::now().minus(ACCESS_TTL));
    let fourth = [(ACCESS, "stale"), (ACCESS, &*expired), (ACCESS, "a.b.c"), (ACCESS, &*good)];
    assert_eq!(status(&asked(&app, &fourth).await), 200);
    let fifth = [&[(ACCESS, "one more")][..], &fourth[..]].concat();
    assert_eq!(status(&asked(&app, &fifth).await), 401);
}

#[tokio::test]
async fn refresh_cookies_of_one_session_cost_one_read_and_an_outdated_one_before_the_current_is_no_theft() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (first, current) = rotated_twice(&world, &world.session).await;
    let answer = asked(&app, &[(REFRESH, "garbage"), (REFRESH, &first), (REFRESH, &first), (REFRESH, &current)]).await;
    assert_eq!(status(&answer), 200);
    let spent = app.store.meter().take();
    // The limiter, the session, the account.
    assert_eq!((spent.calls, spent.read_units, spent.write_units), (3, 2.0, 1.0));
    assert!(is_alive(&world, &world.session).await);
}

#[tokio::test]
async fn a_stolen_cookie_of_another_session_before_a_valid_one_is_no_theft() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let other = new_session(&world.user);
    let account = world.store.account_with_sessions(world.user.id, clock::now()).await.unwrap().unwrap();
    world.store.open_session(&Permit::of_system(), sign_in(&other, &account)).await.unwrap();
    let (first, _) = rotated_twice(&world, &world.session).await;
    let good = other.refresh_token(&keyring()).unwrap();
    assert_eq!(status(&asked(&app, &[(REFRESH, &first), (REFRESH, &good)]).await), 200);
    assert!(is_alive(&world, &world.session).await && is_alive(&world, &other).await);
}

#[tokio::test]
async fn a_stolen_cookie_ends_its_session_on_an_ordinary_route() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (first, current) = rotated_twice(&world, &world.session).await;
    assert_eq!(status(&asked(&app, &[(REFRESH, &first)]).await), 401);
    let spent = app.store.meter().take();
    // The limiter, the session's read and its end, and the limiter for the session that has ended.
    assert_eq!((spent.calls, spent.read_units, spent.write_units), (4, 1.0, 3.0));
    assert!(!is_alive(&world, &world.session).await);
    assert_eq!(status(&asked(&app, &[(REFRESH, &current)]).await), 401, "for the thief too");
    let spent = app.store.meter().take();
    assert_eq!((spent.calls, spent.read_units, spent.write_units), (2, 1.0, 1.0), "it is known to have ended");
}

#[tokio::test]
async fn a_request_that_was_under_way_for_long_is_no_theft() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (first, _) = rotated_twice(&world, &world.session).await;
    let expired = |seconds: u64| {
        let issued_at = clock::now().minus(ACCESS_TTL).minus(Duration::from_secs(seconds));
        access_token(&world, issued_at)
    };
    assert_eq!(status(&asked(&app, &[(ACCESS, "stale"), (ACCESS, &expired(299)), (REFRESH, &first)]).await), 401);
    assert!(is_alive(&world, &world.session).await);
    let of_another_session = sign_access(
        &keyring(),
        world.user.id,
        &world.user.email,
        new_session(&world.user).id,
        clock::now().minus(ACCESS_TTL),
    );
    let bad = [expired(300), of_another_session.unwrap(), "a.b.c".to_owned()];
    let cookies: Vec<_> = bad.iter().map(|token| (ACCESS, &**token)).chain([(REFRESH, &*first)]).collect();
    assert_eq!(status(&asked(&app, &cookies).await), 401);
    assert!(!is_alive(&world, &world.session).await);
}

#[tokio::test]
async fn a_client_over_its_limit_causes_one_read_and_ends_no_session() {
    let world = World::new().await;
    let mut app = app(world.store.clone()).await;
    app.http.limits = test_support::api::limits("1/100000000", "5/900");
    let other = new_session(&world.user).refresh_token(&keyring()).unwrap();
    let (first, _) = rotated_twice(&world, &world.session).await;
    let access = access_token(&world, clock::now());
    assert_eq!(status(&asked(&app, &[(ACCESS, &access)]).await), 200, "the account's only request");
    assert_eq!(status(&asked(&app, &[(REFRESH, &first), (REFRESH, &other)]).await), 429);
    let spent = app.store.meter().take();
    // The meter does not count the limiter's write, which its condition refused.
    assert_eq!((spent.calls, spent.read_units, spent.write_units), (1, 1.0, 0.0), "one session");
    assert!(is_alive(&world, &world.session).await);
}

#[tokio::test]
async fn a_public_route_reads_no_session() {
    let world = World::new().await;
    let app = app(world.store.clone()).await;
    let (first, _) = rotated_twice(&world, &world.session).await;
    let public = route(Operation::<NoBody, Done>::get("/api/docs", "").anyone());
    let mut event = event(&public, ADDRESS);
    event["cookies"] = json!([format!("{REFRESH}={first}")]);
    assert_eq!(status(&answer(&app, &public, crate::fine, event).await), 200);
    assert!(is_alive(&world, &world.session).await);
}
