use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use serde_json::json;
use shared::auth::password::{hash, is_outdated};
use shared::domain::email::Email;
use shared::domain::field::Field;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::password::{Password, PasswordHash};
use shared::domain::user::{PersonName, User};
use shared::domain::user_change::{OtherSessions, TwoFactor};
use shared::domain::zone::Zone;
use shared::http::App;
use shared::store::Permit;
use test_support::api::{app, body, header, limits, status};
use test_support::{World, clock, verification};

use crate::call;

const PASSWORD: &str = "Correct-horse-7";

fn password() -> Password {
    Password::read("Password", &json!(PASSWORD)).unwrap()
}

async fn someone(app: &App, email: &str, hash: PasswordHash) -> User {
    let name = PersonName::read("Name", &json!("Someone")).unwrap();
    let user = User::register(name, Email::parse(email).unwrap(), hash, Zone::UTC, clock::now());
    let (mail, token) = verification(&user);
    app.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    user
}

async fn login(app: &App, address: &str, email: &str, password: &str) -> u16 {
    let credentials = json!({"email": email, "password": password});
    status(&call(app, auth::login::OPERATION, auth::login::handle, address, &credentials).await)
}

#[tokio::test]
async fn a_wrong_password_costs_the_same_calls_and_units_for_every_account_and_for_an_unknown_address() {
    let app = app(World::new().await.store).await;
    someone(&app, "known@example.com", hash(&password()).unwrap()).await;
    let imported = PasswordHash::from_phc(bcrypt::hash(PASSWORD, 10).unwrap());
    someone(&app, "imported@example.com", imported).await;
    let emails = ["known@example.com", "imported@example.com", "unknown@example.com"];
    for email in emails {
        assert_eq!(login(&app, "192.0.2.1", email, "Wrong-horse-7").await, 401);
        let spent = app.store.meter().take();
        // The limiter, the claim, the account, the guard. That the hashing takes the same time is `auth::password`'s test.
        assert_eq!((spent.calls, spent.read_units, spent.write_units), (4, 2.0, 2.0), "{email}");
    }
}

#[tokio::test]
async fn a_right_password_costs_two_reads_and_a_transaction_besides_what_is_counted() {
    let app = app(World::new().await.store).await;
    someone(&app, "known@example.com", hash(&password()).unwrap()).await;
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 200);
    let strange = app.store.meter().take();
    // Limiter, claim, account, guard, session, and both counts taken back.
    assert_eq!((strange.calls, strange.read_units, strange.write_units), (7, 2.0, 8.0));
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 200);
    let known = app.store.meter().take();
    assert_eq!((known.calls, known.read_units, known.write_units), (5, 2.0, 6.0));
}

#[tokio::test]
async fn a_login_replaces_a_bcrypt_hash_and_a_weak_one_and_leaves_a_good_one() {
    let app = app(World::new().await.store).await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(4096, 1, 1, None).unwrap());
    let hashes = [
        bcrypt::hash(PASSWORD, 4).unwrap(),
        weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string(),
        hash(&password()).unwrap().as_str().to_owned(),
    ];
    for (number, before) in hashes.into_iter().enumerate() {
        let before = PasswordHash::from_phc(before);
        let email = format!("user{number}@example.com");
        let user = someone(&app, &email, before.clone()).await;
        assert_eq!(login(&app, "192.0.2.1", &email, "Wrong-horse-7").await, 401);
        assert_eq!(app.store.user(user.id).await.unwrap().unwrap().password_hash.as_ref(), Some(&before));
        assert_eq!(login(&app, "192.0.2.1", &email, PASSWORD).await, 200, "{before:?}");
        let after = app.store.user(user.id).await.unwrap().unwrap().password_hash.unwrap();
        assert!(!is_outdated(&after));
        assert_eq!(after == before, !is_outdated(&before));
        assert_eq!(login(&app, "192.0.2.1", &email, PASSWORD).await, 200, "the new hash works");
    }
}

#[tokio::test]
async fn of_fifty_guesses_at_once_from_fifty_addresses_ten_are_tried() {
    let app = app(World::new().await.store).await;
    someone(&app, "known@example.com", hash(&password()).unwrap()).await;
    for email in ["known@example.com", "unknown@example.com"] {
        let guesses = (0..50).map(|number| {
            let app = &app;
            async move { login(app, &format!("198.51.100.{number}"), email, "Wrong-horse-7").await }
        });
        let statuses = futures::future::join_all(guesses).await;
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(401), count(429)), (10, 40), "{email}: {statuses:?}");
    }
}

#[tokio::test]
async fn of_fifty_guesses_at_once_from_one_address_five_are_tried() {
    let mut app = app(World::new().await.store).await;
    app.http.limits = limits("100/900", "5/100000000");
    someone(&app, "known@example.com", hash(&password()).unwrap()).await;
    let guesses = (0..50).map(|number| {
        let app = &app;
        async move { login(app, "192.0.2.1", "known@example.com", &format!("Wrong-horse-{number}")).await }
    });
    let statuses = futures::future::join_all(guesses).await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (5, 45), "{statuses:?}");
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 429, "the right one comes too late");
}

#[tokio::test]
async fn the_guard_answers_429_with_a_time_to_wait_and_spares_known_addresses() {
    let app = app(World::new().await.store).await;
    let user = someone(&app, "known@example.com", hash(&password()).unwrap()).await;
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 200);
    for number in 0..10 {
        assert_eq!(login(&app, &format!("198.51.100.{number}"), "known@example.com", "Wrong-horse-7").await, 401);
    }
    for _ in 0..2 {
        let credentials = json!({"email": "known@example.com", "password": PASSWORD});
        let refused = call(&app, auth::login::OPERATION, auth::login::handle, "203.0.113.1", &credentials).await;
        assert_eq!((status(&refused), &body(&refused)["code"]), (429, &json!("TOO_MANY_REQUESTS")));
        let wait: i64 = header(&refused, "retry-after").unwrap().parse().unwrap();
        assert!((1..=7200).contains(&wait), "{wait}");
    }
    assert!(app.store.user(user.id).await.unwrap().unwrap().logins_blocked_at.is_some(), "the owner is told");
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 200, "not where the owner signs in");
}

async fn switch_on(app: &App, user: &User) {
    let account = app.store.account_with_sessions(user.id, clock::now()).await.unwrap().unwrap();
    let session = account.sessions.first().unwrap();
    let permit = Permit::of_session(user.id, session.id);
    let switch = account.user.switch_two_factor(TwoFactor::On, clock::now()).unwrap();
    let notice = test_support::notice(switch.mail.clone(), &account.user);
    app.store.switch_two_factor(&permit, &account, &switch, OtherSessions::Keep, &notice).await.unwrap();
}

#[tokio::test]
async fn nobody_floods_a_mailbox_with_codes_not_even_from_where_they_sign_in() {
    let app = app(World::new().await.store).await;
    let user = someone(&app, "victim@example.com", hash(&password()).unwrap()).await;
    assert_eq!(login(&app, "192.0.2.1", "victim@example.com", PASSWORD).await, 200);
    switch_on(&app, &user).await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(login(&app, "192.0.2.1", "victim@example.com", PASSWORD).await);
    }
    assert_eq!(statuses, [&[200; 10][..], &[429; 2]].concat());
    assert_eq!(login(&app, "198.51.100.1", "victim@example.com", PASSWORD).await, 429, "nor from anywhere else");
}

#[tokio::test]
async fn a_login_with_a_code_replaces_an_outdated_hash_too() {
    let app = app(World::new().await.store).await;
    let before = PasswordHash::from_phc(bcrypt::hash(PASSWORD, 4).unwrap());
    let user = someone(&app, "known@example.com", hash(&password()).unwrap()).await;
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 200);
    switch_on(&app, &user).await;
    let read = app.store.account_with_sessions(user.id, clock::now()).await.unwrap().unwrap();
    let mail = test_support::notice(Mail::new(user.id, MailContent::PasswordChanged, clock::now()), &read.user);
    let kept = read.sessions.first().unwrap().id;
    app.store.set_password(&Permit::of_system(), &read, &before, kept, &mail).await.unwrap();
    assert_eq!(login(&app, "192.0.2.1", "known@example.com", PASSWORD).await, 200);
    let after = app.store.user(user.id).await.unwrap().unwrap().password_hash.unwrap();
    assert!(!is_outdated(&after), "{after:?}");
}
