//! What proves the owner of an account, on every route that wants proof. That a sign-in grows old takes ten minutes to see
//! over HTTP.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::Body as Payload;
use lambda_http::http::Response;
use serde_json::{Value, json};
use shared::auth::password::hash;
use shared::auth::session::RECENT_SIGN_IN;
use shared::clock::Clock;
use shared::domain::body::Body;
use shared::domain::field::Field;
use shared::domain::password::Password;
use shared::http::{Answer, ApiError, App, Operation, Request};
use shared::store::Permit;
use shared::store::keys;
use test_support::api::{answer, app, body, route, status};
use test_support::{TABLE, World, clock, keyring};
use users::{delete, export, set_password, two_factor};

const PASSWORD: &str = "Correct-horse-7";

/// The routes that want proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Delete,
    SetPassword,
    TwoFactorOff,
    Export,
}

const DOORS: [Door; 4] = [Door::Delete, Door::SetPassword, Door::TwoFactorOff, Door::Export];

/// Whether the account has a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    WithPassword,
    WithoutPassword,
}

struct Scene {
    world: World,
    app: App,
}

/// A user with two-factor login, who signed in so long ago.
async fn scene(account: Account, age: Duration) -> Scene {
    let world = World::new().await;
    let password = Password::read("Password", &json!(PASSWORD)).unwrap();
    let hash = AttributeValue::S(hash(&password).unwrap().as_str().to_owned());
    let (change, hash) = match account {
        Account::WithPassword => {
            ("SET isTwoFactorEnabled = :on, passwordHash = :hash", Some((":hash".to_owned(), hash)))
        }
        Account::WithoutPassword => ("SET isTwoFactorEnabled = :on REMOVE passwordHash", None),
    };
    let values = std::iter::once((":on".to_owned(), AttributeValue::Bool(true))).chain(hash);
    let key = keys::account(world.user.id);
    world
        .client
        .update_item()
        .table_name(TABLE)
        .key(keys::PK, AttributeValue::S(key.pk))
        .key(keys::SK, AttributeValue::S(key.sk))
        .update_expression(change)
        .set_expression_attribute_values(Some(values.collect()))
        .send()
        .await
        .unwrap();
    let mut app = app(world.store.clone()).await;
    app.clock = Clock::fixed(clock::now().plus(age));
    Scene { world, app }
}

impl Scene {
    async fn knock(&self, door: Door, password: Option<&str>) -> Response<Payload> {
        match door {
            Door::Delete => self.call(delete::OPERATION, delete::handle, with(json!({}), password)).await,
            Door::SetPassword => {
                let new = json!({"password": "Another-horse-8"});
                self.call(set_password::OPERATION, set_password::handle, new).await
            }
            Door::TwoFactorOff => {
                let off = with(json!({"is_Enabled": false}), password);
                self.call(two_factor::OPERATION, two_factor::handle, off).await
            }
            Door::Export => self.call(export::OPERATION, export::handle, with(json!({}), password)).await,
        }
    }

    async fn call<B: Body + 'static, A: Answer>(
        &self,
        operation: Operation<B, A>,
        handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
        sent: Value,
    ) -> Response<Payload> {
        let route = route(operation);
        let mut event = self.world.event(&route, "192.0.2.1");
        event["body"] = json!(sent.to_string());
        answer(&self.app, &route, handler, event).await
    }

    async fn end_session(&self) {
        let (user, session) = (self.world.user.id, self.world.session.id);
        self.world.store.end_session(&Permit::of_system(), user, session).await.unwrap();
    }
}

fn with(mut sent: Value, password: Option<&str>) -> Value {
    if let Some(password) = password {
        sent["password"] = json!(password);
    }
    sent
}

/// The status and the code of an answer.
fn outcome(response: &Response<Payload>) -> (u16, Value) {
    (status(response), body(response)["code"].clone())
}

#[track_caller]
fn assert_passes(door: Door, response: &Response<Payload>) {
    let wanted = if door == Door::Export { 202 } else { 200 };
    assert_eq!(status(response), wanted, "{door:?}: {}", body(response));
}

const OLD: Duration = Duration::from_secs(RECENT_SIGN_IN.as_secs() + 1);

#[tokio::test]
async fn without_a_password_a_sign_in_of_the_last_ten_minutes_opens_every_door() {
    for door in DOORS {
        let scene = scene(Account::WithoutPassword, RECENT_SIGN_IN).await;
        assert_passes(door, &scene.knock(door, None).await);
    }
}

#[tokio::test]
async fn an_older_sign_in_opens_none_not_even_after_a_refresh() {
    for door in DOORS {
        let scene = scene(Account::WithoutPassword, OLD).await;
        let mut session = scene.world.session.clone();
        session.rotate(&keyring(), scene.app.clock.now()).unwrap();
        scene.world.store.rotate_session(&Permit::of_system(), &session, 0).await.unwrap();
        // A password proves nothing where the account has none.
        for password in [None, Some(PASSWORD)] {
            let refused = scene.knock(door, password).await;
            assert_eq!(outcome(&refused), (403, json!("REAUTH_REQUIRED")), "{door:?}");
        }
        let user = scene.world.store.user(scene.world.user.id).await.unwrap().unwrap();
        assert!(user.is_two_factor_enabled && user.password_hash.is_none());
        assert!(scene.world.store.export(user.id).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_password_opens_the_doors_at_any_age_and_a_wrong_one_none() {
    for door in [Door::Delete, Door::TwoFactorOff, Door::Export] {
        let scene = scene(Account::WithPassword, OLD).await;
        let missing = scene.knock(door, None).await;
        match door {
            // Signing in again would not help.
            Door::Delete => assert_eq!(outcome(&missing), (400, json!("VALIDATION_FAILED"))),
            _ => assert_eq!(outcome(&missing), (403, json!("REAUTH_REQUIRED")), "{door:?}"),
        }
        let wrong = scene.knock(door, Some("Wrong-horse-7")).await;
        assert_eq!(outcome(&wrong), (400, json!("WRONG_PASSWORD")), "{door:?}");
        assert_passes(door, &scene.knock(door, Some(PASSWORD)).await);
    }
}

#[tokio::test]
async fn a_recent_sign_in_replaces_the_password_but_for_deletion_and_a_wrong_password_is_refused_all_the_same() {
    for door in [Door::TwoFactorOff, Door::Export] {
        let scene = scene(Account::WithPassword, RECENT_SIGN_IN).await;
        let wrong = scene.knock(door, Some("Wrong-horse-7")).await;
        assert_eq!(outcome(&wrong), (400, json!("WRONG_PASSWORD")), "{door:?}");
        assert_passes(door, &scene.knock(door, None).await);
    }
    let scene = scene(Account::WithPassword, Duration::ZERO).await;
    assert_eq!(outcome(&scene.knock(Door::Delete, None).await), (400, json!("VALIDATION_FAILED")));
}

#[tokio::test]
async fn an_ended_session_does_not_learn_whether_a_password_is_right() {
    for account in [Account::WithPassword, Account::WithoutPassword] {
        for door in DOORS {
            let scene = scene(account, Duration::ZERO).await;
            scene.end_session().await;
            for password in [None, Some(PASSWORD), Some("Wrong-horse-7")] {
                let refused = scene.knock(door, password).await;
                assert_eq!(outcome(&refused), (401, json!("UNAUTHORIZED")), "{door:?} {account:?}");
            }
        }
    }
}

#[tokio::test]
async fn proof_costs_no_read_of_its_own() {
    let scene = scene(Account::WithPassword, Duration::ZERO).await;
    // Nobody has verified the address, so the notice counts in its mailbox's budget: 2 of the units.
    for (door, calls, read_units, write_units) in [(Door::Export, 5, 2.0, 6.0), (Door::TwoFactorOff, 4, 1.0, 16.0)] {
        scene.app.store.meter().take();
        assert_passes(door, &scene.knock(door, Some(PASSWORD)).await);
        let spent = scene.app.store.meter().take();
        let found = (spent.calls, spent.read_units, spent.write_units);
        assert_eq!(found, (calls, read_units, write_units), "{door:?}");
    }
}
