//! How many mails a mailbox gets, whatever accounts and spellings of its address cause them.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use shared::auth::challenge::Challenge;
use shared::auth::mailbox::mailbox_tag;
use shared::auth::mailed::MailedToken;
use shared::auth::session::SessionLifetime;
use shared::clock::Timestamp;
use shared::domain::firing::FiringDecision;
use shared::domain::mail::{Mail, MailContent};
use shared::domain::user::User;
use shared::id::TokenSeed;
use shared::store::mailboxes::AddressedMail;
use shared::store::{Permit, WriteError};

use test_support::{World, addressed, clock, keyring, new_reminder, new_task, new_user, notice, verification};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A verification mail to a user, asked for at an instant.
fn verification_at(user: &User, at: Timestamp) -> (AddressedMail, MailedToken) {
    verification(&User { created_at: at, ..user.clone() })
}

/// Asks for a verification mail; answers whether one was sent.
async fn resend(world: &World, user: &User, at: Timestamp) -> bool {
    let (mail, token) = verification_at(user, at);
    world.store.resend_verification(&Permit::of_system(), user, &mail, &token).await.unwrap();
    let sent = world.store.outgoing(user.id, mail.mail.id).await.unwrap().is_some();
    let found = world.store.user_of_verification(token.expose(), at).await.unwrap().is_some();
    assert_eq!(sent, found, "a token without a mail, or a mail without a token");
    sent
}

async fn code(world: &World, at: Timestamp) -> Result<(), WriteError> {
    let challenge = Challenge::new(&keyring(), &world.user, SessionLifetime::Ordinary, None, at);
    let mail = addressed(challenge.mail(at), &world.user);
    world.store.open_challenge(&Permit::of_system(), &challenge, &mail, None).await
}

/// The beginning of a day in UTC, when both windows have just begun, so far ahead that the registration does not count.
fn midnight() -> Timestamp {
    let day = clock::now().plus(DAY * 4).as_second().div_euclid(86_400) * 86_400;
    Timestamp::from_second(day).unwrap()
}

#[tokio::test]
async fn of_sixty_four_mails_asked_for_at_once_ten_are_sent() {
    let world = World::new().await;
    let at = midnight();
    let sent = join_all((0..64).map(|_| resend(&world, &world.user, at))).await;
    assert_eq!(sent.into_iter().filter(|sent| *sent).count(), 10);
    assert!(!resend(&world, &world.user, at.plus(Duration::from_secs(1))).await);
    let codes = join_all((0..64).map(|_| code(&world, at))).await;
    assert_eq!(codes.iter().filter(|code| code.is_ok()).count(), 10);
    assert!(codes.iter().all(|code| matches!(code, Ok(()) | Err(WriteError::MailboxFull { .. }))), "{codes:?}");
}

#[tokio::test]
async fn a_steady_flood_gets_ten_an_hour_and_thirty_a_day() {
    let world = World::new().await;
    let (start, step) = (midnight(), Duration::from_secs(300));
    let mut sent: Vec<Timestamp> = Vec::new();
    for number in 0..(3 * 288) {
        let at = start.plus(step * number);
        if resend(&world, &world.user, at).await {
            sent.push(at);
        }
    }
    let within = |span: Duration| {
        sent.iter().map(|first| sent.iter().filter(|at| **at >= *first && at.since(*first) < span).count()).max()
    };
    assert!(within(HOUR) <= Some(11), "{:?}", within(HOUR));
    assert!(within(DAY) <= Some(32), "{:?}: the weight of the day before is that of an even day", within(DAY));
    assert!((60..=95).contains(&sent.len()), "{}", sent.len());
}

#[tokio::test]
async fn what_is_not_sent_voids_no_token_that_was() {
    let world = World::new().await;
    let at = midnight();
    let mut last = None;
    for _ in 0..12 {
        let (mail, token) = verification_at(&world.user, at);
        world.store.resend_verification(&Permit::of_system(), &world.user, &mail, &token).await.unwrap();
        if world.store.outgoing(world.user.id, mail.mail.id).await.unwrap().is_some() {
            last = Some(token);
        }
    }
    let token = last.unwrap();
    world.store.verify_email(&Permit::of_system(), world.user.id, token.expose(), at).await.unwrap();
}

#[tokio::test]
async fn a_reset_beyond_the_budget_writes_nothing() {
    let world = World::new().await;
    let at = midnight();
    while resend(&world, &world.user, at).await {}
    let (seed, kid) = (TokenSeed::new(), "1".to_owned());
    let token = MailedToken::derive(&keyring(), &kid, seed).unwrap();
    let mail = addressed(Mail::new(world.user.id, MailContent::PasswordReset { seed, kid }, at), &world.user);
    world.store.issue_reset(&Permit::of_system(), &mail, &token).await.unwrap();
    assert!(world.store.outgoing(world.user.id, mail.mail.id).await.unwrap().is_none());
    assert_eq!(world.store.user(world.user.id).await.unwrap().unwrap().reset_hash, None);
}

#[tokio::test]
async fn what_anyone_can_cause_uses_up_no_login_code_and_the_other_way_round() {
    let world = World::new().await;
    let at = midnight();
    while resend(&world, &world.user, at).await {}
    for _ in 0..10 {
        code(&world, at).await.unwrap();
    }
    let Err(WriteError::MailboxFull { retry_after, limit }) = code(&world, at).await else {
        panic!("an eleventh code")
    };
    assert!((1..=7200).contains(&retry_after) && limit.requests == 10, "{retry_after}");
    code(&world, at.plus(Duration::from_secs(u64::try_from(retry_after).unwrap()))).await.unwrap();

    let world = World::new().await;
    while code(&world, at).await.is_ok() {}
    assert!(resend(&world, &world.user, at).await);
}

#[tokio::test]
async fn the_budget_outlives_the_account_and_is_one_for_all_tags() {
    let world = World::new().await;
    let at = midnight();
    let mut sent = 0;
    for number in 0..8 {
        let user = User { created_at: at, ..new_user(&format!("victim+{number}@example.com")) };
        let (mail, token) = verification(&user);
        world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
        sent += usize::from(world.store.outgoing(user.id, mail.mail.id).await.unwrap().is_some());
    }
    for _ in 0..8 {
        let user = User { created_at: at, ..new_user("victim@example.com") };
        let (mail, token) = verification(&user);
        world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
        sent += usize::from(world.store.outgoing(user.id, mail.mail.id).await.unwrap().is_some());
        let read = world.store.account_with_sessions(user.id, at).await.unwrap().unwrap();
        world.store.delete_account(&Permit::of_system(), &read, at).await.unwrap();
    }
    assert_eq!(sent, 10);
}

#[tokio::test]
async fn a_notice_that_an_unverified_mailbox_does_not_get_is_shown_in_the_app_and_a_verified_one_gets_it() {
    for is_verified in [false, true] {
        let world = World::new().await;
        let at = midnight();
        while resend(&world, &world.user, at).await {}
        let read = world.store.account_with_sessions(world.user.id, at).await.unwrap().unwrap();
        let user = User { email_verified: is_verified, ..read.user.clone() };
        for content in [MailContent::PasswordChanged, MailContent::LoginsBlocked] {
            let notice = notice(Mail::new(user.id, content.clone(), at), &user);
            let (mail, shown) = (notice.mail.mail.id, world.count("NTF#").await);
            if matches!(content, MailContent::LoginsBlocked) {
                world.store.alert_of_blocked_logins(&Permit::of_system(), &notice).await.unwrap();
            } else {
                let hash = read.user.password_hash.clone().unwrap();
                let kept = world.session.id;
                world.store.set_password(&Permit::of_system(), &read, &hash, kept, &notice).await.unwrap();
            }
            let sent = world.store.outgoing(user.id, mail).await.unwrap().is_some();
            assert_eq!((sent, world.count("NTF#").await), (is_verified, shown + 1), "{content:?}");
        }
    }
}

#[tokio::test]
async fn counting_takes_no_call_of_its_own_but_where_a_window_turns_or_the_budget_is_spent() {
    let world = World::new().await;
    let (at, later) = (midnight(), midnight().plus(HOUR));
    let calls = async |at: Timestamp| {
        let (store, operations) = world.behind_a_slow_limiter();
        let (mail, token) = verification_at(&world.user, at);
        store.resend_verification(&world.permit(), &world.user, &mail, &token).await.unwrap();
        operations.take().len()
    };
    // The registration was counted days before.
    assert_eq!(calls(at).await, 2, "both windows have turned");
    for number in 1..10 {
        assert_eq!(calls(at).await, 1, "mail {number}");
    }
    assert_eq!(calls(at).await, 2, "spent");
    assert_eq!(calls(later.plus(HOUR / 2)).await, 2, "the hour has turned");
    assert_eq!(calls(later.plus(HOUR / 2)).await, 1, "five of the hour before still count, and there is room");
    let user = new_user("first@example.com");
    let (mail, token) = verification(&user);
    let (store, operations) = world.behind_a_slow_limiter();
    store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    assert_eq!(operations.take().len(), 1, "the first mail of a mailbox");
}

#[tokio::test]
async fn three_reminder_mails_go_to_an_unverified_mailbox_whatever_accounts_come_and_go() {
    let world = World::new().await;
    let mailbox = Some(mailbox_tag(&keyring(), &world.user.email));
    let mut sent = 0;
    for number in 0..5 {
        let user = User { mailbox: mailbox.clone(), ..new_user(&format!("someone+{number}@example.com")) };
        let (mail, token) = verification(&user);
        world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
        let task = new_task(&user, json!({"title": "Pay rent"}));
        world.store.create_task(&Permit::of_system(), &task).await.unwrap();
        let reminder = new_reminder(&task, HOUR * 3);
        world.store.create_reminder(&Permit::of_system(), &reminder).await.unwrap();
        let firing = world.store.firing(user.id, reminder.id, task.id).await.unwrap().unwrap();
        let FiringDecision::Fire(decided) = firing.decide(clock::now()) else { panic!("it does not fire") };
        sent += usize::from(decided.mail.is_some());
        world.store.fire_reminder(&Permit::of_system(), &user, &decided).await.unwrap();
    }
    assert_eq!(sent, 3);
}
