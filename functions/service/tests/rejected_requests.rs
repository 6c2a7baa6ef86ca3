//! What the routes have read of the table when the rate limiter rejects a request: one bounded read at most, the one that
//! overlapped with the limiter's write.
#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use serde_json::{Value, json};
use shared::auth::unsubscribe::Subscription;
use shared::domain::mail::MailCategory;
use shared::http::{App, RejectedParties, Route};
use shared::id::TaskId;
use test_support::api::{answer, app, event, limits, route, status};
use test_support::{Operations, World, keyring};

/// So long that no test sees its end.
const AGES: &str = "/100000000";
const ADDRESS: &str = "192.0.2.1";
const PASSWORD: &str = "Another-Pass-1";

/// A table with something of every kind, and an application whose limits are used up.
struct Scene {
    world: World,
    app: App,
    operations: Operations,
    task: String,
    reminder: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let task = world.task(json!({"title": "Pay rent", "category": "home"})).await;
        let reminder = world.reminder(&task, Duration::from_secs(3600)).await;
        for _ in 0..3 {
            world.reminder(&task, Duration::from_secs(7200)).await;
        }
        let (store, operations) = world.behind_a_slow_limiter();
        let mut app = app(store).await;
        app.http.limits = limits(&format!("1{AGES}"), "5/900");
        let (task, reminder) = (task.id.to_string(), reminder.id.to_string());
        let scene = Self { world, app, operations, task, reminder };
        let fallback = route(service::fallback::OPERATION);
        for event in [event(&fallback, ADDRESS), scene.world.event(&fallback, ADDRESS)] {
            assert_eq!(status(&answer(&scene.app, &fallback, service::fallback::handle, event).await), 404);
        }
        scene.operations.take();
        scene
    }

    fn event(&self, route: &Route, id: &str, query: &str, body: &Value) -> Value {
        let mut event = self.world.event(route, ADDRESS);
        event["pathParameters"] = json!({"id": id});
        event["rawQueryString"] = json!(query);
        event["body"] = json!(body.to_string());
        event
    }

    /// The reads of a rejected request.
    #[track_caller]
    fn reads(&self, what: &str) -> Vec<String> {
        let mut operations = self.operations.take();
        let written = operations.iter().position(|operation| operation == "UpdateItem");
        operations.remove(written.unwrap_or_else(|| panic!("{what} was not counted: {operations:?}")));
        operations
    }
}

/// Asks each route twice: with the rejection still unknown to the instance, and known.
macro_rules! rejected {
    ($scene:ident, $($domain:ident::$module:ident($id:expr, $query:expr, $body:tt) => $reads:expr;)+) => {$({
        let what = concat!(stringify!($domain), "::", stringify!($module));
        let route = route($domain::$module::OPERATION);
        let event = $scene.event(&route, &$id, $query, &json!($body));
        $scene.app.rejected = RejectedParties::default();
        for reads in [&$reads[..], &[]] {
            let answer = answer(&$scene.app, &route, $domain::$module::handle, event.clone()).await;
            assert_eq!(status(&answer), 429, "{what}");
            assert_eq!($scene.reads(what), reads, "{what} {}", $query);
        }
    })+};
}

#[tokio::test]
async fn a_rejected_request_has_made_the_read_that_overlapped_with_the_limiter_and_no_other() {
    let mut scene = Scene::new().await;
    let (task, reminder, other) = (scene.task.clone(), scene.reminder.clone(), TaskId::new().to_string());
    let (get, query, batch, none) = (["GetItem"], ["Query"], ["BatchGetItem"], [""; 0]);
    let subscription = Subscription { user: scene.world.user.id, category: MailCategory::Digest };
    let unsubscribe = format!("token={}", subscription.to_token(&keyring()));
    rejected! {
        scene,
        tasks::list(other, "", {}) => query;
        tasks::list(other, "limit=1", {}) => query;
        tasks::list(other, "sort=-dueDate", {}) => query;
        tasks::list(other, "status=todo", {}) => none;
        tasks::list(other, "q=rent&limit=1", {}) => none;
        tasks::get(task, "", {}) => get;
        tasks::reminders(task, "", {}) => get;
        tasks::create(other, "", {"title": "One more"}) => none;
        tasks::create(other, "", {"title": "One more", "dueDate": "2030-01-01"}) => get;
        tasks::update(task, "", {"title": "Changed"}) => get;
        tasks::update(task, "", {"dueDate": "2030-01-01"}) => get;
        tasks::plan(task, "", {"kind": "fsrs"}) => get;
        tasks::end_plan(task, "", {}) => get;
        tasks::delete(task, "", {}) => get;
        reminders::list(other, "", {}) => query;
        reminders::create(other, "", {"taskId": task, "scheduledAt": "2030-01-01T00:00:00Z"}) => none;
        reminders::update(reminder, "", {"message": "Soon"}) => get;
        reminders::update(reminder, "", {"status": "completed"}) => batch;
        reminders::delete(reminder, "", {}) => batch;
        reminders::snooze(reminder, "", {"minutes": 5}) => get;
        reminders::review(reminder, "", {"rating": "good"}) => batch;
        notifications::list(other, "", {}) => query;
        notifications::count(other, "", {}) => get;
        notifications::read(other, "", {}) => batch;
        notifications::read_all(other, "", {}) => none;
        notifications::delete(other, "", {}) => batch;
        analytics::get(other, "", {}) => batch;
        analytics::streaks(other, "", {}) => get;
        attachments::delete(other, "", {}) => get;
        users::me(other, "", {}) => get;
        users::update(other, "", {"name": "Somebody Else"}) => get;
        users::delete(other, "", {"password": PASSWORD}) => query;
        users::two_factor(other, "", {"is_Enabled": true}) => query;
        users::export(other, "", {}) => query;
        users::sessions(other, "", {}) => query;
        users::end_session(other, "", {}) => none;
        users::end_other_sessions(other, "", {}) => query;
        users::change_password(other, "", {"currentPassword": PASSWORD, "newPassword": "Harbour-77-gull"}) => query;
        users::set_password(other, "", {"password": "Harbour-77-gull"}) => query;
        mail::subscription(other, &unsubscribe, {}) => get;
        mail::unsubscribe(other, &unsubscribe, {}) => get;
        auth::register(other, "", {"name": "Asha Rao", "email": "asha@example.com", "password": PASSWORD}) => none;
        auth::login(other, "", {"email": "someone@example.com", "password": PASSWORD}) => get;
        auth::verify_otp(other, "", {"email": "asha@example.com", "otp": "123456", "challengeId": other}) => none;
        auth::resend_otp(other, "", {"challengeId": other}) => get;
        auth::reset_password(other, "", {"token": "A".repeat(43), "password": PASSWORD}) => get;
        auth::verify_email(other, "", {"token": "A".repeat(43)}) => get;
        auth::resend_verification(other, "", {}) => get;
        auth::logout(other, "", {}) => none;
        service::docs(other, "", {}) => none;
        service::openapi(other, "", {}) => none;
        service::fallback(other, "", {}) => none;
    }
}

#[tokio::test]
async fn a_silent_refresh_is_the_one_read_of_a_rejected_request() {
    let mut scene = Scene::new().await;
    let refresh_token = scene.world.session.refresh_token(&keyring()).unwrap();
    let route = route(users::me::OPERATION);
    let mut event = scene.event(&route, &scene.task, "", &json!({}));
    event["headers"] = json!({"cookie": format!("__Host-refreshToken={refresh_token}")});
    scene.app.rejected = RejectedParties::default();
    // The signature alone tells whose request it is: the account is rejected, and its row is not read after the session's.
    assert_eq!(status(&answer(&scene.app, &route, users::me::handle, event).await), 429);
    assert_eq!(scene.reads("a silent refresh"), ["GetItem"]);
}
