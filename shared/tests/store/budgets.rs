//! Every route's calls and units, as the page in `store/keys.rs` states them. The limiter's write, which every
//! counted request makes beside its first call, is a budget of its own.

use std::time::Duration;

use serde_json::json;
use shared::auth::challenge::Challenge;
use shared::auth::mailed::MailedToken;
use shared::auth::session::SessionLifetime;
use shared::clock::Timestamp;
use shared::domain::attachment::{Attachment, NewFile};
use shared::domain::delivery::MailOutcome;
use shared::domain::export::Export;
use shared::domain::field::Field;
use shared::domain::fsrs::Rating;
use shared::domain::google::GoogleProfile;
use shared::domain::mail::{Mail, MailCategory, MailContent};
use shared::domain::notification::Notification;
use shared::domain::reminder::{Reminder, ReminderPatch, ReminderStatus};
use shared::domain::snooze::Snooze;
use shared::domain::tap::{Action, ActionLink, Effect, PressedAt, Tap, Undo};
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::task_plan::{PlanChange, RatingInput};
use shared::domain::task_query::TaskQuery;
use shared::domain::user::{MailStop, PersonName, User, UserPatch};
use shared::domain::user_change::{OtherSessions, TwoFactor, UserChange, Wanted};
use shared::domain::zone::Zone;
use shared::id::TokenSeed;
use shared::store::counters::{CounterSnapshot, DaySnapshot};
use shared::store::idempotency::{FirstAnswer, Once};
use shared::store::mailed_tokens::{PasswordReset, TokenUse};
use shared::store::rates::Slot;
use shared::store::sessions::SignIn;
use shared::store::taps::TapPurpose;
use shared::store::tasks::TaskRow;
use shared::store::{Permit, WriteError};

use test_support::{
    World, addressed, clock, keyring, new_reminder, new_session, new_task, new_user, notice, sign_in, verification,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Asserts what was consumed since the last time: calls, read units, write units.
#[track_caller]
fn spent(world: &World, what: &str, calls: u64, read_units: f64, write_units: f64) {
    let consumed = world.store.meter().take();
    let found = (consumed.calls, consumed.read_units, consumed.write_units);
    assert_eq!(found, (calls, read_units, write_units), "{what}");
}

/// The query of a list of all tasks.
fn whole_list() -> TaskQuery {
    TaskQuery::read(&[]).unwrap().resolve(&Zone::UTC)
}

async fn world_with_task() -> (World, Task, Reminder) {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "description": "The one for March", "category": "home"})).await;
    let reminder = world.reminder(&task, HOUR * 3).await;
    (world, task, reminder)
}

#[tokio::test]
async fn accounts() {
    let world = World::new().await;
    let user = new_user("other@example.com");
    let (mail, token) = verification(&user);
    world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    spent(&world, "register", 1, 0.0, 12.0);
    let id = world.store.user_id_of(&user.email).await.unwrap().unwrap();
    let account = world.store.account_with_sessions(id, clock::now()).await.unwrap().unwrap();
    spent(&world, "login's reads", 2, 2.0, 0.0);
    let session = new_session(&account.user);
    world.store.open_session(&Permit::of_system(), sign_in(&session, &account)).await.unwrap();
    spent(&world, "login's write", 1, 0.0, 4.0);
    world.store.session(id, session.id).await.unwrap();
    spent(&world, "a silent refresh", 1, 1.0, 0.0);
    world.store.user(id).await.unwrap();
    spent(&world, "me", 1, 1.0, 0.0);
    world.store.end_session(&Permit::of_system(), id, session.id).await.unwrap();
    spent(&world, "logout", 1, 0.0, 1.0);
}

#[tokio::test]
async fn sessions_and_passwords() {
    let world = World::new().await;
    let (permit, now) = (world.permit(), clock::now());
    let mut session = world.store.session(world.user.id, world.session.id).await.unwrap().unwrap();
    spent(&world, "refresh's read", 1, 1.0, 0.0);
    session.rotate(&keyring(), now).unwrap();
    world.store.rotate_session(&permit, &session, 0).await.unwrap();
    spent(&world, "refresh's write", 1, 0.0, 1.0);
    let other = new_session(&world.user);
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.open_session(&Permit::of_system(), sign_in(&other, &read)).await.unwrap();
    world.store.meter().take();
    world.store.end_stolen_session(&permit, &other).await.unwrap();
    spent(&world, "ending a stolen session", 1, 0.0, 1.0);
    let (stolen, _) = world.store.session_with_account(world.user.id, other.id).await.unwrap().unwrap();
    let mail = notice(stolen.theft_notice(now), &world.user);
    world.store.notify_of_theft(&Permit::of_system(), &stolen, &mail).await.unwrap();
    spent(&world, "notifying of the theft, at an unverified address", 2, 2.0, 14.0);
    let account = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    spent(&world, "the sessions", 1, 1.0, 0.0);
    let mail = notice(Mail::new(world.user.id, MailContent::PasswordChanged, now), &account.user);
    let hash = account.user.password_hash.clone().unwrap();
    world.store.set_password(&permit, &account, &hash, session.id, &mail).await.unwrap();
    spent(&world, "a new password, at an unverified address", 1, 0.0, 14.0);
    let other = new_session(&world.user);
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.open_session(&Permit::of_system(), sign_in(&other, &read)).await.unwrap();
    world.store.meter().take();
    world.store.end_other_session(&permit, world.user.id, other.id, now).await.unwrap();
    spent(&world, "ending another session", 1, 0.0, 4.0);
    let (mail, token) = verification(&account.user);
    world.store.resend_verification(&permit, &account.user, &mail, &token).await.unwrap();
    spent(&world, "resend", 1, 0.0, 11.0);
    world.store.user_of_verification(token.expose(), now).await.unwrap().unwrap();
    world.store.verify_email(&permit, account.user.id, token.expose(), now).await.unwrap();
    spent(&world, "verify, with the session's check", 2, 1.0, 6.0);
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    let renamed = UserPatch { name: Some(PersonName::read("Name", &json!("Asha")).unwrap()), ..UserPatch::default() };
    world.store.update_user(&permit, &user, &user.change(renamed, now)).await.unwrap();
    spent(&world, "update", 2, 1.0, 4.0);
    world.store.update_user(&permit, &user, &user.change(UserPatch::default(), now)).await.unwrap();
    spent(&world, "an update that changes nothing", 1, 1.0, 0.0);
}

#[tokio::test]
async fn logins_with_a_code() {
    let world = World::new().await;
    let (system, now) = (Permit::of_system(), clock::now());
    let challenge = Challenge::new(&keyring(), &world.user, SessionLifetime::Ordinary, None, now);
    world.store.open_challenge(&system, &challenge, &addressed(challenge.mail(now), &world.user), None).await.unwrap();
    spent(&world, "opening a challenge", 1, 0.0, 7.0);
    let read = world.store.challenge(challenge.id).await.unwrap().unwrap();
    spent(&world, "resend's read", 1, 1.0, 0.0);
    let renewed = read.renewed(&keyring(), now);
    world.store.renew_challenge(&system, &renewed, &addressed(renewed.mail(now), &world.user)).await.unwrap();
    spent(&world, "resend's write", 1, 0.0, 9.0);
    let tried = world.store.try_challenge(&system, challenge.id, now).await.unwrap().unwrap();
    spent(&world, "a try", 1, 0.0, 1.0);
    let account = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    spent(&world, "the account", 1, 1.0, 0.0);
    let session = new_session(&world.user);
    let met = SignIn { challenge: Some(&tried), ..sign_in(&session, &account) };
    world.store.open_session(&system, met).await.unwrap();
    spent(&world, "the session", 1, 0.0, 6.0);
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    spent(&world, "switching's read", 1, 1.0, 0.0);
    let on = read.user.switch_two_factor(TwoFactor::On, now).unwrap();
    world
        .store
        .switch_two_factor(&world.permit(), &read, &on, OtherSessions::Keep, &notice(on.mail.clone(), &read.user))
        .await
        .unwrap();
    spent(&world, "switching", 1, 0.0, 12.0);
    let read = world.store.account_with_sessions(world.user.id, now).await.unwrap().unwrap();
    world.store.meter().take();
    let off = read.user.switch_two_factor(TwoFactor::Off, now).unwrap();
    world
        .store
        .switch_two_factor(&world.permit(), &read, &off, OtherSessions::End, &notice(off.mail.clone(), &read.user))
        .await
        .unwrap();
    spent(&world, "switching, which ends another session", 1, 0.0, 14.0);
    let alert = notice(Mail::new(world.user.id, MailContent::LoginsBlocked, now), &read.user);
    world.store.alert_of_blocked_logins(&system, &alert).await.unwrap();
    spent(&world, "the alert", 1, 0.0, 12.0);
}

#[tokio::test]
async fn resets_google_exports_and_the_end() {
    let world = World::new().await;
    let (system, now, user) = (Permit::of_system(), clock::now(), world.user.id);
    let seed = TokenSeed::new();
    let token = MailedToken::derive(&keyring(), "1", seed).unwrap();
    let mail = Mail::new(user, MailContent::PasswordReset { seed, kid: "1".to_owned() }, now);
    let mail = addressed(mail, &world.user);
    world.store.issue_reset(&system, &mail, &token).await.unwrap();
    spent(&world, "issuing a reset", 1, 0.0, 9.0);
    world.store.mailed_token(token.expose(), TokenUse::ResetPassword).await.unwrap().unwrap();
    let account = world.store.account_with_sessions(user, now).await.unwrap().unwrap();
    spent(&world, "reset's reads", 2, 2.0, 0.0);
    let hash = account.user.password_hash.clone().unwrap();
    let verified = User { email_verified: true, ..account.user.clone() };
    let changed = notice(Mail::new(user, MailContent::PasswordChanged, now), &verified);
    let reset = PasswordReset { token: token.expose(), hash: &hash, address: "6e6577", notice: &changed, at: now };
    world.store.reset_password(&system, &account, reset).await.unwrap();
    spent(&world, "reset, ending one session", 1, 0.0, 14.0);
    world.store.google_matches("google-1", Some(&world.user.email)).await.unwrap();
    spent(&world, "whom Google means", 1, 2.0, 0.0);
    let read = world.store.account_with_sessions(user, now).await.unwrap().unwrap();
    world.store.meter().take();
    let profile = GoogleProfile { subject: "google-1".to_owned(), name: None };
    let link = read.user.link_google(profile, now).unwrap();
    world.store.link_google(&system, &read, &link, &notice(link.mail.clone(), &link.user)).await.unwrap();
    spent(&world, "linking", 1, 0.0, 12.0);
    let export = Export::new(&account.user, now);
    world.store.export(user).await.unwrap();
    world.store.account_with_sessions(user, now).await.unwrap();
    world.store.start_export(&system, &export, None).await.unwrap();
    spent(&world, "asking for an export, less the session's check", 3, 2.0, 2.0);
    world.store.rows_of_user(user, None).await.unwrap();
    spent(&world, "reading a small account", 1, 1.0, 0.0);
    let seed = TokenSeed::new();
    let token = MailedToken::derive(&keyring(), "1", seed).unwrap();
    let content = MailContent::ExportReady { seed, kid: "1".to_owned(), expires_at: now };
    let mail = addressed(Mail::new(user, content, now), &world.user);
    world.store.finish_export(&system, &export, 10, &mail, &token).await.unwrap();
    spent(&world, "finishing it, at an unverified address", 1, 0.0, 9.0);
    let session = new_session(&world.user);
    let read = world.store.account_with_sessions(user, now).await.unwrap().unwrap();
    world.store.open_session(&system, sign_in(&session, &read)).await.unwrap();
    let read = world.store.account_with_sessions(user, now).await.unwrap().unwrap();
    world.store.meter().take();
    let own = Permit::of_session(user, session.id);
    world.store.export_in_session((user, session.id), now).await.unwrap();
    spent(&world, "where the export is", 1, 2.0, 0.0);
    world.store.linked_export((user, session.id), token.expose(), now).await.unwrap();
    world.store.use_export_link(&own, token.expose(), now).await.unwrap();
    spent(&world, "opening its link", 2, 4.0, 4.0);
    world.store.delete_account(&own, &read, now).await.unwrap();
    spent(&world, "deleting an account with one session", 1, 0.0, 9.0);
    let newcomer = User::register_with_google(
        world.user.name.clone(),
        world.user.email.clone(),
        "google-2".to_owned(),
        Zone::UTC,
        now,
    );
    world.store.register_with_google(&system, &newcomer).await.unwrap();
    spent(&world, "a newcomer from Google", 1, 0.0, 7.0);
}

#[tokio::test]
async fn the_limiter() {
    let world = World::new().await;
    let slot = Slot { class: "global", window: 7, cap: 100 };
    world.store.count_request("client", std::slice::from_ref(&slot), 4_000_000_000).await.unwrap();
    spent(&world, "counting", 1, 0.0, 1.0);
    world.store.give_back("client", &[&slot]).await.unwrap();
    spent(&world, "giving back", 1, 0.0, 1.0);
    world.store.forget_count("client", &slot).await.unwrap();
    spent(&world, "forgetting", 1, 0.0, 1.0);
    let slots = ["account", "auth", "register"].map(|class| Slot { class, window: 7, cap: 100 });
    world.store.count_request("client", &slots, 4_000_000_000).await.unwrap();
    spent(&world, "counting in three classes", 1, 0.0, 1.0);
    world.store.give_back("client", &[&slots[1], &slots[2]]).await.unwrap();
    spent(&world, "giving back to two", 1, 0.0, 1.0);
}

#[tokio::test]
async fn tasks() {
    let (world, task, _) = world_with_task().await;
    let (user, permit, now) = (world.user.id, world.permit(), clock::now());
    world.store.create_task(&permit, &new_task(&world.user, json!({"title": "Another"}))).await.unwrap();
    spent(&world, "create", 1, 0.0, 10.0);
    let (key, request, body) = ("k".repeat(64), "r".repeat(64), "b".repeat(700));
    let once =
        Once { key, request, at: now, answer: FirstAnswer::Body { status: 201, body, etag: None, location: None } };
    let permit = permit.for_once(once);
    world.store.create_task(&permit, &new_task(&world.user, json!({"title": "Once"}))).await.unwrap();
    spent(&world, "create once", 1, 0.0, 12.0);
    let again = world.store.create_task(&permit, &new_task(&world.user, json!({"title": "Once"}))).await;
    assert!(matches!(again, Err(WriteError::Repeated(_))));
    let permit = world.permit();
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    spent(&world, "get", 1, 1.0, 0.0);
    let patch = TaskPatch { status: Some(TaskStatus::InProgress), ..TaskPatch::default() };
    world.store.update_task(&permit, &row, &row.task.change(patch, &Zone::UTC, now).unwrap()).await.unwrap();
    spent(&world, "update's write", 1, 0.0, 6.0);
    let same = row.task.change(TaskPatch::default(), &Zone::UTC, now).unwrap();
    world.store.update_task(&permit, &row, &same).await.unwrap();
    spent(&world, "an update that changes nothing", 1, 1.0, 0.0);
    world.store.tasks(user, &whole_list(), None, 50).await.unwrap();
    spent(&world, "list", 1, 1.0, 0.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.reminders_of(&row.task).await.unwrap();
    spent(&world, "the reminders of a task", 2, 2.0, 0.0);
    let patch = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    world.store.update_task(&permit, &row, &row.task.change(patch, &Zone::UTC, now).unwrap()).await.unwrap();
    spent(&world, "completing, with one reminder", 1, 0.0, 19.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.delete_task(&permit, &row, now).await.unwrap();
    spent(&world, "delete's write, with one reminder", 1, 0.0, 13.0);
    world.store.delete_notifications_of(&Permit::of_system(), user, task.id, clock::now()).await.unwrap();
    spent(&world, "clean-up, with one notification", 3, 3.0, 6.0);
}

#[tokio::test]
async fn completing_and_deleting_cost_more_by_the_reminder() {
    let (world, task, _) = world_with_task().await;
    world.reminder(&task, HOUR * 4).await;
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    let patch = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    world
        .store
        .update_task(&world.permit(), &row, &row.task.change(patch, &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    spent(&world, "completing, with two reminders", 1, 0.0, 24.0);
    let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    spent(&world, "deleting, with two reminders", 1, 0.0, 16.0);
}

#[tokio::test]
async fn recurring_tasks() {
    let world = World::new().await;
    let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
    let body = json!({"title": "Water the ferns", "dueDate": "2031-03-01T09:00:00Z", "recurrence": recurrence});
    let task = world.task(body).await;
    let (user, permit, now) = (world.user.id, world.permit(), clock::now());
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    let patch = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    let completed = row.task.change(patch, &Zone::UTC, now).unwrap();
    world.store.update_task(&permit, &row, &completed).await.unwrap();
    spent(&world, "completing an occurrence", 1, 0.0, 17.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.update_task(&permit, &row, &row.task.skip(None, now).unwrap()).await.unwrap();
    spent(&world, "skipping an occurrence", 1, 0.0, 11.0);
    world.store.occurrences(user, task.id, None, 50).await.unwrap();
    spent(&world, "its occurrences", 1, 1.0, 0.0);
    let (key, request) = ("k".repeat(64), "r".repeat(64));
    let answer = FirstAnswer::Rows { attachments: Vec::new() };
    let once = Once { key, request, at: now, answer };
    world.store.first_answer((user, world.session.id), &once).await.unwrap();
    spent(&world, "looking for a first answer", 1, 2.0, 0.0);
    world.store.delete_occurrences_of(&Permit::of_system(), user, task.id).await.unwrap();
    spent(&world, "clean-up of two occurrences", 2, 1.0, 2.0);
}

#[tokio::test]
async fn plans_of_reviews() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Irregular verbs"})).await;
    let (user, permit, now) = (world.user.id, world.permit(), clock::now());
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    let (account, _) = world.store.user_and_reminder(user, None).await.unwrap();
    spent(&world, "the reads of a new plan", 2, 2.0, 0.0);
    let list = |days: &[u32]| test_support::parsed(json!({"kind": "fixed", "days": days}), now);
    let account = account.unwrap();
    let days = DaySnapshot::default();
    let planned = row.task.set_plan(list(&[1, 3]), None, &account, now).unwrap();
    world.store.change_plan(&permit, &row, &planned, &days).await.unwrap();
    spent(&world, "a new plan", 1, 0.0, 14.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    let id = row.task.plan.as_ref().unwrap().reminder_id;
    let (_, review) = world.store.user_and_reminder(user, Some(id)).await.unwrap();
    spent(&world, "the reads of a changed plan", 2, 3.0, 0.0);
    let review = review.unwrap();
    let same = row.task.set_plan(list(&[1, 3]), Some(&review), &account, now).unwrap();
    world.store.change_plan(&permit, &row, &same, &days).await.unwrap();
    spent(&world, "a plan that is so already", 1, 1.0, 0.0);
    let changed = row.task.set_plan(list(&[2]), Some(&review), &account, now).unwrap();
    world.store.change_plan(&permit, &row, &changed, &days).await.unwrap();
    spent(&world, "a changed plan", 1, 0.0, 15.0);
    let at = now.plus(HOUR * 24 * 5);
    let found = world.store.review_to_rate(user, id, at).await.unwrap().unwrap();
    spent(&world, "the first read of a rating", 1, 3.0, 0.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    spent(&world, "the second read of a rating", 1, 1.0, 0.0);
    let input = RatingInput { rating: Rating::Good, at, received_at: at, written_at: at, seen: 0 };
    let rated = row.task.rate(&found.reminder, input, &found.user).unwrap();
    world.store.change_plan(&permit, &row, &rated, &found.days).await.unwrap();
    spent(&world, "a rating, the first of its day", 1, 0.0, 23.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.change_plan(&permit, &row, &row.task.end_plan(at).unwrap(), &days).await.unwrap();
    spent(&world, "ending a plan", 1, 0.0, 14.0);
}

#[tokio::test]
async fn reviews_that_follow_the_digest() {
    let world = World::new().await;
    let (user, permit, now) = (world.user.id, world.permit(), clock::now());
    for _ in 0..100 {
        let task = world.task(json!({"title": "Irregular verbs"})).await;
        let row = world.store.task(user, task.id).await.unwrap().unwrap();
        let plan = test_support::parsed(json!({"kind": "fsrs"}), now);
        let change = row.task.set_plan(plan, None, &world.user, now).unwrap();
        world.store.change_plan(&permit, &row, &change, &DaySnapshot::default()).await.unwrap();
    }
    let read = world.store.user(user).await.unwrap().unwrap();
    world.store.meter().take();
    let patch = test_support::parsed(json!({"morning_digest": {"time": "18:00"}}), now);
    world.store.update_user(&permit, &read, &read.change(patch, now)).await.unwrap();
    spent(&world, "another time of the digest", 1, 0.0, 8.0);
    let since = world.store.reviews_moved_at(user).await.unwrap().unwrap();
    spent(&world, "what dispatch reads of that", 1, 1.0, 0.0);
    let page = world.store.following_reviews(user, since, (None, 100)).await.unwrap().unwrap();
    assert_eq!((page.reviews.len(), page.next), (100, None));
    spent(&world, "a page of a hundred reviews", 2, 23.0, 0.0);
    let moved = page.reviews[0].follow_digest(&page.user, now).unwrap();
    world.store.update_reminder(&Permit::of_system(), &moved, &CounterSnapshot::default()).await.unwrap();
    spent(&world, "moving one of them", 1, 0.0, 13.0);
}

#[tokio::test]
async fn reminders() {
    let (world, task, reminder) = world_with_task().await;
    let (user, permit, now) = (world.user.id, world.permit(), clock::now());
    world.store.create_reminder(&permit, &new_reminder(&task, HOUR * 4)).await.unwrap();
    spent(&world, "create", 1, 0.0, 13.0);
    let read = world.store.reminder(user, reminder.id).await.unwrap().unwrap();
    spent(&world, "update's read", 1, 1.0, 0.0);
    let moved = ReminderPatch { scheduled_at: Some(now.plus(HOUR * 5)), ..ReminderPatch::default() };
    let moved = read.change(moved, now).unwrap();
    world.store.update_reminder(&permit, &moved, &CounterSnapshot::default()).await.unwrap();
    spent(&world, "update's write", 1, 0.0, 14.0);
    let same = read.change(ReminderPatch::default(), now).unwrap();
    world.store.update_reminder(&permit, &same, &CounterSnapshot::default()).await.unwrap();
    spent(&world, "an update that changes nothing", 1, 1.0, 0.0);
    world.store.reminders(user, None, 50).await.unwrap();
    spent(&world, "list", 2, 2.0, 0.0);
    let snoozed = moved.next.snooze(Snooze::Until(now.plus(HOUR)), now).unwrap();
    world.store.snooze_reminder(&permit, &snoozed).await.unwrap();
    spent(&world, "snooze's write", 1, 0.0, 14.0);
    let same = snoozed.next.snooze(Snooze::Until(now.plus(HOUR)), now).unwrap();
    world.store.snooze_reminder(&permit, &same).await.unwrap();
    spent(&world, "a snooze that changes nothing", 1, 1.0, 0.0);
    world.store.delete_reminder(&permit, &snoozed.next, &CounterSnapshot::default(), now).await.unwrap();
    spent(&world, "delete's write", 1, 0.0, 13.0);
}

/// A task with so many reminders that are relative to its due date.
async fn world_with_followers(followers: u32) -> (World, Task, Vec<Reminder>) {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent", "dueDate": clock::now().plus(HOUR * 900)})).await;
    let mut made = Vec::new();
    for number in 0..followers {
        made.push(world.relative_reminder(&task, number * 60).await);
    }
    (world, task, made)
}

#[tokio::test]
async fn due_dates_that_move() {
    for followers in [0, 1, 2, 30] {
        let (world, task, _) = world_with_followers(followers).await;
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let patch: TaskPatch = test_support::parsed(json!({"dueDate": clock::now().plus(HOUR * 990)}), clock::now());
        world.store.meter().take();
        let change =
            world.store.follow_due_date(row.task.change(patch, &Zone::UTC, clock::now()).unwrap()).await.unwrap();
        world.store.update_task(&world.permit(), &row, &change).await.unwrap();
        let (calls, each) = (if followers == 0 { 1 } else { 2 }, f64::from(followers));
        // Thirty cards make a task of several KB, which its indexes repeat.
        let large = if followers == 30 { 20.0 } else { 0.0 };
        spent(&world, &format!("moving, with {followers}"), calls, each, 9.0 + 8.0 * each + large);
    }
}

#[tokio::test]
async fn relative_reminders_and_firings_that_stay_counted() {
    let (world, task, made) = world_with_followers(1).await;
    let (permit, system, now) = (world.permit(), Permit::of_system(), clock::now());
    world.store.create_reminder(&permit, &test_support::new_relative_reminder(&task, 30)).await.unwrap();
    spent(&world, "create", 1, 0.0, 13.0);
    let user = User { email_verified: true, timezone: Zone::UTC, ..world.user.clone() };
    let fired = test_support::fired(&made[0], &task, &user);
    world.store.fire_reminder(&system, &user, &fired).await.unwrap();
    spent(&world, "firing, to a verified address", 2, 1.0, 26.0);
    let read = world.store.reminder(user.id, made[0].id).await.unwrap().unwrap();
    world.store.meter().take();
    let snoozed = read.snooze(Snooze::Until(now.plus(HOUR)), now).unwrap();
    world.store.snooze_reminder(&permit, &snoozed).await.unwrap();
    spent(&world, "snoozing what has fired", 1, 0.0, 14.0);
    let read = world.store.reminder(user.id, made[0].id).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.delete_reminder(&permit, &read, &CounterSnapshot::default(), now).await.unwrap();
    spent(&world, "deleting it", 1, 0.0, 13.0);
    let of = (user.id, task.id);
    world.store.delete_completions_of(&system, of, Some(made[0].id), now).await.unwrap();
    spent(&world, "the clean-up of its one completion", 3, 2.0, 8.0);
    world.store.delete_completions_of(&system, of, Some(made[0].id), now).await.unwrap();
    spent(&world, "a clean-up of nothing", 1, 1.0, 0.0);
}

/// The user, whose address is verified, and the link of a reminder's mail, with the row of its task.
async fn mailed(world: &World, task: &Task, reminder: &Reminder) -> (User, ActionLink, TaskRow) {
    let user = User { email_verified: true, timezone: Zone::UTC, ..world.user.clone() };
    let fired = test_support::fired(reminder, task, &user);
    world.store.fire_reminder(&Permit::of_system(), &user, &fired).await.unwrap();
    let row = world.store.task(user.id, task.id).await.unwrap().unwrap();
    world.store.meter().take();
    (user, ActionLink::of_mail(&fired.mail.unwrap()).unwrap(), row)
}

fn pressed(at: Timestamp) -> PressedAt {
    PressedAt { at, written_at: at }
}

/// Calls, read units and write units.
type Price = (u64, f64, f64);

/// Completes the task of a link by a tap, and undoes that; each must have its price.
async fn tap_and_undo(
    world: &World,
    (user, link, row): (User, ActionLink, TaskRow),
    (what, tapping, undoing): (&str, Price, Price),
) {
    let (system, now) = (Permit::of_system(), clock::now());
    let rows = world.store.tap_rows(&link, TapPurpose::Press, now).await.unwrap().unwrap();
    spent(world, "pressing a button", 1, 4.0, 0.0);
    let subject = link.subject(Some(&row.task), rows.reminder.as_ref()).unwrap();
    let Effect::Complete(change) = Action::Done.effect(subject, &user, pressed(now)).unwrap() else {
        panic!("no completion")
    };
    let change = world.store.read_reminders_of(*change).await.unwrap();
    let tap = Tap::of_completion(&link, Action::Done, &row.task, &change);
    world.store.complete_by_tap(&system, &row, &change, &tap).await.unwrap();
    spent(world, &format!("a tap on {what}"), tapping.0, tapping.1, tapping.2);
    let row = world.store.task(user.id, row.task.id).await.unwrap().unwrap();
    world.store.meter().take();
    let Ok(Undo::Task(change)) = tap.undo(Some(&row.task), None, now) else { panic!("not undone") };
    world.store.undo_completion(&system, &row, *change, &tap).await.unwrap();
    spent(world, &format!("undoing one on {what}"), undoing.0, undoing.1, undoing.2);
}

#[tokio::test]
async fn taps_that_complete() {
    let due = clock::now().plus(HOUR * 5);
    let dated = json!({"title": "Pay rent", "dueDate": due});
    let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
    let recurring = json!({"title": "Pay rent", "dueDate": due, "recurrence": recurrence});
    for (body, what, units) in [(&dated, "a task", 13.0), (&recurring, "an occurrence", 17.0)] {
        let world = World::new().await;
        let task = world.task(body.clone()).await;
        let reminder = world.reminder(&task, HOUR).await;
        let of = mailed(&world, &task, &reminder).await;
        tap_and_undo(&world, of, (what, (1, 0.0, units), (2, 2.0, units))).await;
    }
    for (body, what, (reads, writes), (undo_reads, undo_writes)) in [
        (&dated, "a task with a pending reminder", (1.0, 20.0), (3.0, 20.0)),
        (&recurring, "an occurrence with two relative reminders", (2.0, 35.0), (4.0, 35.0)),
    ] {
        let world = World::new().await;
        let task = world.task(body.clone()).await;
        let reminder =
            if body == &dated { world.reminder(&task, HOUR).await } else { world.relative_reminder(&task, 90).await };
        world.relative_reminder(&task, 30).await;
        let of = mailed(&world, &task, &reminder).await;
        tap_and_undo(&world, of, (what, (2, reads, writes), (3, undo_reads, undo_writes))).await;
    }
}

#[tokio::test]
async fn taps_that_put_off() {
    let (world, task, made) = world_with_followers(1).await;
    let (user, link, row) = mailed(&world, &task, &made[0]).await;
    let (system, now) = (Permit::of_system(), clock::now());
    let fired = world.store.reminder(user.id, made[0].id).await.unwrap().unwrap();
    world.store.meter().take();
    let Effect::Snooze(change) = Action::InAnHour.effect((&row.task, &fired), &user, pressed(now)).unwrap() else {
        panic!("no snooze")
    };
    let tap = Tap::of_snooze(&link, Action::InAnHour, &change);
    world.store.snooze_by_tap(&system, &change, &tap).await.unwrap();
    spent(&world, "a tap that puts a reminder off", 1, 0.0, 14.0);
    let snoozed = world.store.reminder(user.id, made[0].id).await.unwrap().unwrap();
    world.store.meter().take();
    let Ok(Undo::Reminder(change)) = tap.undo(None, Some(&snoozed), now) else { panic!("not undone") };
    world.store.undo_snooze(&system, &change, &tap).await.unwrap();
    spent(&world, "undoing it", 1, 0.0, 14.0);
}

#[tokio::test]
async fn taps_that_rate() {
    let world = World::new().await;
    let task = world.task(json!({"title": "Irregular verbs"})).await;
    let review = world.review(&task, json!({"kind": "fixed", "days": [1, 3]})).await;
    let task = world.store.task(world.user.id, task.id).await.unwrap().unwrap().task;
    let (user, link, row) = mailed(&world, &task, &review).await;
    let (system, at) = (Permit::of_system(), clock::now().plus(HOUR * 24));
    world.store.tap_rows(&link, TapPurpose::Show, at).await.unwrap().unwrap();
    spent(&world, "the page of a review's link", 1, 4.0, 0.0);
    let rows = world.store.tap_rows(&link, TapPurpose::Press, at).await.unwrap().unwrap();
    spent(&world, "pressing a button of it", 1, 5.0, 0.0);
    let review = rows.reminder.unwrap();
    let Effect::Rate(change) = Action::Good.effect((&row.task, &review), &user, pressed(at)).unwrap() else {
        panic!("not rated")
    };
    let tap = |change: &PlanChange| Tap::of_rating(&link, Action::Good, (&row.task, &review), change);
    world.store.rate_by_tap(&system, &row, (&change, &rows.days), tap).await.unwrap();
    spent(&world, "a tap that rates a review", 1, 0.0, 22.0);
    let (row, rated) = (world.store.task(user.id, row.task.id), world.store.reminder(user.id, review.id));
    let (row, rated) = futures::try_join!(row, rated).unwrap();
    let row = row.unwrap();
    world.store.meter().take();
    let tap = tap(&change);
    let Ok(Undo::Rating(change)) = tap.undo(Some(&row.task), rated.as_ref(), at) else { panic!("not undone") };
    world.store.undo_rating(&system, &row, &change, &tap).await.unwrap();
    spent(&world, "undoing it", 2, 1.0, 24.0);
}

#[tokio::test]
async fn completing_reminders_and_taking_that_back() {
    let (world, task, reminder) = world_with_task().await;
    let second = world.reminder(&task, HOUR * 3).await;
    let (user, permit) = (world.user.id, world.permit());
    // Completed at its own moment, in a zone whose months are the likely ones; else a read more.
    let in_utc = UserPatch { timezone: Some(Zone::UTC), ..UserPatch::default() };
    world.store.update_user(&permit, &world.user, &world.user.change(in_utc, clock::now())).await.unwrap();
    world.store.meter().take();
    let now = reminder.scheduled_at;
    let done = ReminderPatch { status: Some(ReminderStatus::Completed), ..ReminderPatch::default() };
    for (id, what, units) in [(reminder.id, "the day's first", 19.0), (second.id, "the second", 17.0)] {
        let (read, known) = world.store.reminder_to_recount(user, id, now).await.unwrap().unwrap();
        world.store.update_reminder(&permit, &read.change(done.clone(), now).unwrap(), &known).await.unwrap();
        spent(&world, what, 2, 3.0, units);
    }
    let (read, known) = world.store.reminder_to_recount(user, second.id, now).await.unwrap().unwrap();
    world.store.delete_reminder(&permit, &read, &known, now).await.unwrap();
    spent(&world, "deleting a completed one", 2, 3.0, 15.0);
    let row = world.store.task(user, task.id).await.unwrap().unwrap();
    world.store.delete_task(&permit, &row, now).await.unwrap();
    spent(&world, "deleting a task with the day's last", 3, 2.0, 19.0);
}

#[tokio::test]
async fn analytics() {
    let (world, ..) = world_with_task().await;
    for (now, units) in [("2026-06-15T12:00:00Z", 5.0), ("2026-02-28T12:00:00Z", 6.0)] {
        world.store.totals(world.user.id, Timestamp::parse(now).unwrap()).await.unwrap().unwrap();
        spent(&world, "analytics over two months, and over three", 3, units, 0.0);
    }
    world.store.active_days(world.user.id).await.unwrap().unwrap();
    spent(&world, "streaks", 2, 2.0, 0.0);
}

#[tokio::test]
async fn firing_and_mailing() {
    let (world, task, reminder) = world_with_task().await;
    let (user, system, now) = (world.user.id, Permit::of_system(), clock::now());
    world.store.firing(user, reminder.id, task.id).await.unwrap().unwrap();
    spent(&world, "firing's read, the mailbox of an unverified address too", 2, 4.0, 0.0);
    let fired = test_support::fired(&reminder, &task, &world.user);
    world.store.fire_reminder(&system, &world.user, &fired).await.unwrap();
    spent(&world, "firing's write, the day's first, after its day", 2, 1.0, 26.0);
    let mut mail = fired.mail.unwrap();
    world.store.outgoing(user, mail.id).await.unwrap().unwrap();
    spent(&world, "mail's read", 1, 2.0, 0.0);
    world.store.claim_mail(&system, &mail, HOUR, now).await.unwrap();
    spent(&world, "mail's claim", 1, 0.0, 1.0);
    mail.attempts += 1;
    world.store.settle_mail(&system, &mail, MailOutcome::Sent).await.unwrap();
    world.store.write_receipt(&system, &mail, MailOutcome::Sent, now).await.unwrap();
    spent(&world, "mail's record", 3, 1.0, 4.0);
    world.store.notifications(user, None, 50, now).await.unwrap();
    spent(&world, "notifications, with one", 2, 3.0, 0.0);
}

#[tokio::test]
async fn a_page_costs_the_same_calls_for_one_row_as_for_a_hundred() {
    let (world, task, _) = world_with_task().await;
    for _ in 0..29 {
        world.reminder(&task, HOUR * 3).await;
    }
    for n in 0..20 {
        world.task(json!({"title": format!("Task {n}")})).await;
    }
    world.store.tasks(world.user.id, &whole_list(), None, 100).await.unwrap();
    assert_eq!(world.store.meter().take().calls, 1);
    world.store.reminders(world.user.id, None, 100).await.unwrap();
    assert_eq!(world.store.meter().take().calls, 2);
}

#[tokio::test]
async fn dated_tasks() {
    let world = World::new().await;
    let (permit, now) = (world.permit(), clock::now());
    let task = new_task(&world.user, json!({"title": "Dated", "dueDate": now.plus(HOUR)}));
    world.store.create_task(&permit, &task).await.unwrap();
    spent(&world, "creating a dated task", 1, 0.0, 11.0);
    let told = Notification::overdue(&task, now.plus(HOUR));
    world.store.notify_overdue(&Permit::of_system(), &task, &told).await.unwrap();
    world.store.meter().take();
    let task = new_task(&world.user, json!({"title": "Dated", "dueDate": now.plus(HOUR)}));
    world.store.create_task(&permit, &task).await.unwrap();
    world.store.meter().take();
    world.store.task(world.user.id, task.id).await.unwrap();
    spent(&world, "overdue's read", 1, 1.0, 0.0);
    let told = Notification::overdue(&task, now.plus(HOUR));
    world.store.notify_overdue(&Permit::of_system(), &task, &told).await.unwrap();
    spent(&world, "overdue's write", 1, 0.0, 11.0);
}

#[tokio::test]
async fn the_inbox() {
    let (world, task, _) = world_with_task().await;
    let (user, permit, now) = (world.user.id, world.permit(), clock::now());
    for n in 0..2 {
        let told = Notification::overdue(&task, now.plus(HOUR * n));
        let mut due = task.clone();
        due.due_date = Some(now.plus(HOUR * n));
        world.store.notify_overdue(&Permit::of_system(), &due, &told).await.unwrap();
    }
    world.store.meter().take();
    world.store.unread_notifications(user, now).await.unwrap();
    spent(&world, "count", 1, 1.0, 0.0);
    let page = world.store.notifications(user, None, 50, now).await.unwrap();
    spent(&world, "list, with two", 2, 3.0, 0.0);
    let id = page.rows[0].value.0.id;
    let found = world.store.notification(user, id, now).await.unwrap().unwrap();
    spent(&world, "read's read", 1, 2.0, 0.0);
    world.store.mark_read(&permit, &found, now).await.unwrap();
    spent(&world, "read's write", 1, 0.0, 7.0);
    world.store.mark_all_read(&permit, user, now).await.unwrap();
    spent(&world, "read-all", 1, 0.0, 4.0);
    let found = world.store.notification(user, page.rows[1].value.0.id, now).await.unwrap().unwrap();
    world.store.meter().take();
    world.store.delete_notification(&permit, &found, now).await.unwrap();
    spent(&world, "delete's write, of one that is read", 1, 0.0, 6.0);
}

#[tokio::test]
async fn digests() {
    let (world, task, reminder) = world_with_task().await;
    let now = clock::now();
    let day = (now, now.plus(HOUR * 24));
    let tasks = world.store.tasks_of_day(world.user.id, day).await.unwrap();
    spent(&world, "a digest's day, with one reminder", 3, 3.0, 0.0);
    let digest = shared::domain::digest::select(tasks, day, None).unwrap();
    let empty = world.user.settle(world.user.next_digest.unwrap(), None, None, now);
    world.store.settle_digest(&Permit::of_system(), &world.user, &empty).await.unwrap();
    spent(&world, "a day without anything", 1, 0.0, 3.0);
    let user = world.store.user(world.user.id).await.unwrap().unwrap();
    world.store.notify_overdue(&Permit::of_system(), &task, &Notification::overdue(&task, now)).await.unwrap();
    world.store.meter().take();
    let unverified = world.store.unverified_mailbox(&user).await.unwrap();
    spent(&world, "the mailbox of an address that is not verified", 1, 1.0, 0.0);
    let settlement = user.settle(user.next_digest.unwrap(), Some(digest), unverified, now.plus(HOUR));
    world.store.settle_digest(&Permit::of_system(), &user, &settlement).await.unwrap();
    let mail = settlement.mail.unwrap();
    spent(&world, "a digest's write, at an unverified address", 1, 0.0, 15.0);
    world.store.write_receipt(&Permit::of_system(), &mail, MailOutcome::Sent, now).await.unwrap();
    spent(&world, "a digest's receipt, with one reminder", 1, 0.0, 2.0);
    assert!(world.store.reminder(user.id, reminder.id).await.unwrap().unwrap().morning_email_sent);
}

#[tokio::test]
async fn moving_the_digest_and_stopping_mail() {
    let world = World::new().await;
    let (system, now) = (Permit::of_system(), clock::now());
    let patch = UserPatch { timezone: Some(Zone::UTC), ..UserPatch::default() };
    let change = world.user.change(patch, now);
    world.store.update_user(&world.permit(), &world.user, &change).await.unwrap();
    let user = change.user;
    spent(&world, "a new zone", 1, 0.0, 8.0);
    let change = user.subscribe(MailCategory::Reminders, Wanted::No, now);
    world.store.update_user(&system, &user, &change).await.unwrap();
    world.store.meter().take();
    let notification = change.notification;
    let change = UserChange { notification, ..user.subscribe(MailCategory::Digest, Wanted::No, now) };
    world.store.update_user(&system, &user, &change).await.unwrap();
    spent(&world, "unsubscribing from the digest", 1, 0.0, 7.0);
    let told = Notification::mail_stopped(user.id, MailStop::Bounced, now.plus(HOUR));
    world.store.stop_mail(&system, MailStop::Bounced, &told).await.unwrap();
    spent(&world, "stopping mail", 1, 0.0, 7.0);
}

#[tokio::test]
async fn a_look_at_what_is_due_costs_what_is_due_whatever_else_there_is() {
    use shared::domain::sweep::{DueKind, DueWindow};
    let (world, task, _) = world_with_task().await;
    let now = clock::now().plus(HOUR * 4);
    let window = DueWindow { kind: DueKind::Reminder, from: None, upto: now };
    let mut costs = Vec::new();
    for more in [0, 29] {
        for _ in 0..more {
            world.reminder(&task, HOUR * 500).await;
        }
        world.store.meter().take();
        let mut found = 0;
        for shard in 0..shared::store::keys::DUE_SHARDS {
            found += world.store.due(&window, shard, None, 100).await.unwrap().rows.len();
        }
        let consumed = world.store.meter().take();
        costs.push((found, consumed.calls, consumed.read_units));
    }
    assert_eq!(costs, [(1, 8, 4.0), (1, 8, 4.0)]);
}

#[tokio::test]
async fn health() {
    let world = World::new().await;
    world.store.probe().await.unwrap();
    spent(&world, "health", 1, 0.5, 0.0);
}

#[tokio::test]
async fn attachments() {
    let (world, task, _) = world_with_task().await;
    let (permit, now, of) = (world.permit(), clock::now(), (world.user.id, task.id));
    let announced = |size| {
        let file = NewFile::parse("file", "beach.jpg", "image/jpeg", size).unwrap();
        Attachment::announced(world.user.id, task.id, file, now)
    };
    let one = announced(1000);
    world.store.create_attachments(&permit, of, std::slice::from_ref(&one), 1 << 30, now).await.unwrap();
    spent(&world, "create one", 1, 0.0, 12.0);
    let ten: Vec<_> = (0..10).map(|_| announced(1000)).collect();
    world.store.create_attachments(&permit, of, &ten, 1 << 30, now).await.unwrap();
    spent(&world, "create ten, in a task that grows by 4 KB", 1, 0.0, 56.0);
    let caller = (world.user.id, world.session.id);
    world.store.attachment_in_session(caller, one.id, now).await.unwrap().unwrap();
    spent(&world, "get", 1, 2.0, 0.0);
    world.store.attachment(world.user.id, one.id).await.unwrap().unwrap();
    spent(&world, "delete's read", 1, 1.0, 0.0);
    let ids: Vec<_> = ten.iter().map(|attachment| attachment.id).collect();
    world.store.attachments_by_id(world.user.id, &ids).await.unwrap();
    spent(&world, "look at ten that were sent in a body", 1, 10.0, 0.0);
    let (system, looked_at) = (Permit::of_system(), one.processing(now));
    world.store.change_attachment(&system, &one, &looked_at, now).await.unwrap();
    spent(&world, "looking at it, in a task of eleven", 1, 0.0, 16.0);
    world.store.take_place(&system, (world.user.id, one.id), 1, now).await.unwrap();
    spent(&world, "taking its place", 1, 0.0, 1.0);
    world.store.take_place(&system, (world.user.id, ten[0].id), 1, now).await.unwrap();
    spent(&world, "finding none", 0, 0.0, 0.0);
    world.store.leave_place(&system, (world.user.id, one.id)).await.unwrap();
    spent(&world, "leaving it", 1, 0.0, 1.0);
    world.store.delete_attachment(&permit, &looked_at, now).await.unwrap();
    spent(&world, "delete, from a task of eleven", 1, 0.0, 20.0);
    world.store.attachments_of(world.user.id, task.id).await.unwrap();
    spent(&world, "a deleted task's", 1, 1.0, 0.0);
}
