//! The link of a reminder's mail against the table: what its buttons do, once, and what undoing it restores.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::time::Duration;

use mail::{act, action};
use serde_json::{Value, json};
use shared::clock::{Clock, Timestamp};
use shared::domain::digest;
use shared::domain::email::Email;
use shared::domain::fsrs::Rating;
use shared::domain::mail::Mail;
use shared::domain::reminder::{Reminder, ReminderStatus};
use shared::domain::tap::{ActionLink, LINK_VALID, LinkKind, UNDO_VALID};
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::task_plan::RatingInput;
use shared::domain::zone::Zone;
use shared::http::App;
use shared::store::Permit;
use shared::store::replay::Mode;
use shared::store::tasks::TaskRow;
use test_support::api::{answer, app, event, route, status, text};
use test_support::{World, clock, keyring, parsed, rotated_keyring};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A user whose reminder has fired, and the link of its mail.
struct Scene {
    world: World,
    app: App,
    task: Task,
    reminder: Reminder,
    link: ActionLink,
}

/// A page, and its status.
#[derive(Debug, PartialEq, Eq)]
struct Shown(u16, String);

impl Shown {
    #[track_caller]
    fn says(self, status: u16, words: &[&str]) -> Self {
        assert!(self.0 == status && words.iter().all(|words| self.1.contains(words)), "{words:?}: {self:?}");
        assert!(!self.1.contains("<script") && !self.1.contains("someone@example.com"), "{self:?}");
        self
    }

    /// The token of the button that undoes.
    #[track_caller]
    fn undo_token(&self) -> String {
        let (_, rest) = self.1.split_once("/api/act?token=").unwrap();
        let (token, rest) = rest.split_once('"').unwrap();
        assert!(rest.contains("value=\"undo\""), "{rest}");
        token.to_owned()
    }
}

impl Scene {
    /// The task has a reminder an hour before it is due, which has fired, and what else a body says.
    async fn new(body: Value) -> Self {
        let world = World::new().await;
        world.verify().await;
        let task = world.task(body).await;
        let reminder = world.relative_reminder(&task, 60).await;
        Self::of(world, task, reminder).await
    }

    async fn of(world: World, task: Task, reminder: Reminder) -> Self {
        let user = world.store.user(world.user.id).await.unwrap().unwrap();
        let fired = test_support::fired(&reminder, &task, &user);
        world.store.fire_reminder(&Permit::of_system(), &user, &fired).await.unwrap();
        let link = ActionLink::of_mail(&fired.mail.unwrap()).unwrap();
        let app = app(world.store.clone()).await;
        let scene = Self { world, app, task, reminder, link };
        Self { task: scene.row().await.task, ..scene }
    }

    async fn dated() -> Self {
        Self::new(json!({"title": "Pay rent", "dueDate": due()})).await
    }

    async fn recurring() -> Self {
        let recurrence = json!({"rrule": "FREQ=WEEKLY", "anchor": "due"});
        Self::new(json!({"title": "Pay rent", "dueDate": due(), "recurrence": recurrence})).await
    }

    /// A review has fired, and its day has come.
    async fn review() -> Self {
        let world = World::new().await;
        world.verify().await;
        let task = world.task(json!({"title": "Irregular verbs"})).await;
        let review = world.review(&task, json!({"kind": "fixed", "days": [1, 3, 7]})).await;
        let task = world.store.task(world.user.id, task.id).await.unwrap().unwrap().task;
        let mut scene = Self::of(world, task, review).await;
        scene.later(DAY);
        scene
    }

    fn token(&self) -> String {
        self.link.to_token(&self.world.user.email, &keyring())
    }

    async fn get(&self, token: &str) -> Shown {
        let route = route(action::OPERATION);
        let mut event = event(&route, "192.0.2.1");
        event["rawQueryString"] = json!(format!("token={token}"));
        let answer = answer(&self.app, &route, action::handle, event).await;
        Shown(status(&answer), text(&answer).to_owned())
    }

    /// Sends the form of the page.
    async fn post(&self, token: &str, form: &str) -> Shown {
        let route = route(act::OPERATION);
        let mut event = event(&route, "192.0.2.1");
        event["rawQueryString"] = json!(format!("token={token}"));
        event["body"] = json!(form);
        let answer = answer(&self.app, &route, act::handle, event).await;
        Shown(status(&answer), text(&answer).to_owned())
    }

    async fn press(&self, action: &str) -> Shown {
        self.post(&self.token(), &format!("action={action}")).await
    }

    fn later(&mut self, by: Duration) {
        self.app.clock = Clock::fixed(self.app.clock.now().plus(by));
    }

    /// A word and the present time, as pages show it.
    fn at_present(&self, what: &str) -> String {
        format!("{what} at {}", time(self.app.clock.now()))
    }

    async fn row(&self) -> TaskRow {
        self.world.store.task(self.world.user.id, self.task.id).await.unwrap().unwrap()
    }

    async fn reminder(&self, of: &Reminder) -> Reminder {
        self.world.store.reminder(self.world.user.id, of.id).await.unwrap().unwrap()
    }

    /// Changes the task as the app does.
    async fn change(&self, body: Value) {
        let row = self.row().await;
        let patch: TaskPatch = parsed(body, clock::now());
        let change = row.task.change(patch, &Zone::UTC, clock::now()).unwrap();
        let change = self.world.store.follow_due_date(change).await.unwrap();
        self.world.store.update_task(&self.world.permit(), &row, &change).await.unwrap();
    }

    /// Everything that a press could change.
    async fn state(&self) -> (Value, Value, usize, usize, usize) {
        let count = async |prefix: &str| self.world.count(prefix).await;
        (
            serde_json::to_value(self.row().await.task).unwrap(),
            serde_json::to_value(self.reminder(&self.reminder).await).unwrap(),
            count("NTF#").await,
            count("OCC#").await,
            count("TAP#").await,
        )
    }

    async fn unread(&self) -> u64 {
        self.world.store.unread_notifications(self.world.user.id, clock::now()).await.unwrap()
    }

    async fn assert_counted(&self) {
        let (system, now) = (Permit::of_system(), clock::now());
        let replay = self.world.store.replay(&system, self.world.user.id, Mode::Compare, now).await.unwrap().unwrap();
        assert!(replay.is_clean(), "{replay:?}");
    }
}

/// A moment as pages show it to the user.
fn time(instant: Timestamp) -> String {
    instant.in_zone(Zone::parse("Asia/Kolkata").unwrap().rules()).strftime("%H:%M on %A, %-d %B").to_string()
}

/// The time at which the tests press buttons, after a word.
fn at_now(what: &str) -> String {
    format!("{what} at {}", time(clock::now()))
}

fn due() -> Timestamp {
    clock::now().plus(HOUR * 2)
}

#[tokio::test]
async fn looking_at_the_link_and_sending_its_form_without_a_button_changes_nothing() {
    let scene = Scene::dated().await;
    let before = scene.state().await;
    let token = scene.token();
    for _ in 0..100 {
        scene.get(&token).await.says(200, &["Pay rent", "value=\"done\"", "value=\"in-an-hour\"", "Tomorrow morning"]);
    }
    for form in ["", "action=", "other=done", "{}", "%00=%ff"] {
        scene.post(&token, form).await.says(200, &["value=\"done\""]);
    }
    for form in ["action=delete", "action=undo", "action=done&action=done", "action=%ff", "action=again"] {
        scene.post(&token, form).await.says(400, &["This button is not known"]);
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn done_completes_the_task_once_and_says_so_again() {
    let scene = Scene::dated().await;
    let first = scene.press("done").await.says(200, &["<h1>Done</h1>", "Pay rent", &at_now("Done"), "value=\"undo\""]);
    let state = scene.state().await;
    assert_eq!((&state.0["status"], state.2, state.4), (&json!("completed"), 2, 1));
    for action in ["done", "done", "in-an-hour", "tomorrow-morning"] {
        assert_eq!(scene.press(action).await, first, "{action}");
    }
    assert_eq!(scene.get(&scene.token()).await, first);
    assert_eq!(scene.state().await, state);
    scene.assert_counted().await;
}

#[tokio::test]
async fn presses_at_once_are_one() {
    for actions in [["done"; 3], ["in-an-hour"; 3], ["done", "in-an-hour", "tomorrow-morning"]] {
        let scene = Scene::recurring().await;
        let [one, two, three] = actions;
        let (one, two, three) = futures::join!(scene.press(one), scene.press(two), scene.press(three));
        assert_eq!((&one, &two), (&two, &three), "all say what was done");
        assert_eq!(scene.world.count("TAP#").await, 1);
        let (row, reminder) = (scene.row().await, scene.reminder(&scene.reminder).await);
        let advanced = row.task.due_date != Some(due());
        assert!(advanced != reminder.snoozed_until.is_some(), "{actions:?}");
        assert_eq!((row.task.version, scene.world.count("OCC#").await), if advanced { (2, 1) } else { (1, 0) });
        scene.assert_counted().await;
    }
}

#[tokio::test]
async fn done_is_undone_with_all_that_followed_from_it() {
    let mut scene = Scene::dated().await;
    let pending = scene.world.reminder(&scene.task, HOUR * 5).await;
    let relative = scene.world.relative_reminder(&scene.task, 0).await;
    let (before, unread) = (scene.row().await.task, scene.unread().await);
    let done = scene.press("done").await;
    assert_eq!(scene.reminder(&pending).await.status, ReminderStatus::Skipped);
    assert_eq!(scene.unread().await, unread + 1);
    scene.later(UNDO_VALID - MINUTE);
    let undone = scene.post(&done.undo_token(), "action=undo").await;
    let undone =
        undone.says(200, &["<h1>Undone</h1>", &at_now("Done"), &format!("Undone at {}", time(scene.app.clock.now()))]);
    let after = scene.row().await.task;
    assert_eq!((after.status, after.completed_at, after.version), (before.status, None, before.version + 2));
    assert_eq!(after.reminders, before.reminders);
    for reminder in [&pending, &relative] {
        let restored = scene.reminder(reminder).await;
        assert_eq!((restored.status, restored.fires_at()), (ReminderStatus::Pending, reminder.fires_at()));
        assert_eq!(restored.plan, restored.version, "the schedule that was made before is void");
    }
    assert_eq!((scene.unread().await, scene.world.count("NTF#").await), (unread, 1));
    scene.assert_counted().await;
    // Whatever is sent again, nothing happens.
    for (token, action) in [(done.undo_token(), "undo"), (scene.token(), "done"), (scene.token(), "in-an-hour")] {
        assert_eq!(scene.post(&token, &format!("action={action}")).await, undone);
    }
    assert_eq!(scene.row().await.task.version, after.version);
}

#[tokio::test]
async fn an_occurrence_is_undone_with_its_count_and_its_row() {
    let scene = Scene::recurring().await;
    let alone = scene.world.reminder(&scene.task, HOUR * 5).await;
    let before = scene.row().await.task;
    let done = scene.press("done").await.says(200, &["It is due again at"]);
    let advanced = scene.row().await.task;
    assert_eq!((advanced.status, scene.world.count("OCC#").await), (TaskStatus::Todo, 1));
    assert_eq!(advanced.due_date, Some(due().plus(HOUR * 24 * 7)));
    scene.post(&done.undo_token(), "action=undo").await.says(200, &["Undone"]);
    let after = scene.row().await.task;
    assert_eq!((after.due_date, &after.recurrence), (before.due_date, &before.recurrence));
    assert_eq!((after.reminders.clone(), scene.world.count("OCC#").await), (before.reminders, 0));
    assert_eq!(scene.reminder(&alone).await.status, ReminderStatus::Pending);
    assert_eq!(scene.world.count("DONE#").await, 1, "what fired stays counted");
    scene.assert_counted().await;
}

#[tokio::test]
async fn undoing_finds_a_notification_that_was_read_or_deleted() {
    for read in [true, false] {
        let scene = Scene::dated().await;
        let done = scene.press("done").await;
        let (user, permit, now) = (scene.world.user.id, scene.world.permit(), clock::now());
        let newest = scene.world.store.notifications(user, None, 1, now).await.unwrap().rows.remove(0).value.0;
        let found = scene.world.store.notification(user, newest.id, now).await.unwrap().unwrap();
        if read {
            scene.world.store.mark_all_read(&permit, user, now).await.unwrap();
        } else {
            scene.world.store.delete_notification(&permit, &found, now).await.unwrap();
        }
        scene.post(&done.undo_token(), "action=undo").await.says(200, &["Undone"]);
        assert_eq!((scene.world.count("NTF#").await, scene.unread().await), (1, u64::from(!read)));
    }
}

#[tokio::test]
async fn a_snooze_is_pending_at_its_moment_and_undone_leaves_the_reminder_as_it_fired() {
    for (action, words, until) in
        [("in-an-hour", "Put off for an hour", None), ("tomorrow-morning", "Put off until tomorrow morning", Some(()))]
    {
        let scene = Scene::dated().await;
        let (user, now) = (&scene.world.user, clock::now());
        let morning = until.and_then(|()| digest::next_morning(&user.morning_digest, &user.timezone, now));
        let until = morning.unwrap_or(now.plus(HOUR));
        let words = at_now(words);
        let again = format!("You are reminded again at {}", time(until));
        let before = scene.reminder(&scene.reminder).await;
        let snoozed = scene.press(action).await.says(200, &["<h1>Put off</h1>", &words, &again]);
        let pending = scene.reminder(&scene.reminder).await;
        assert_eq!((pending.fires_at(), pending.status), (Some(until), ReminderStatus::Pending));
        scene.assert_counted().await;
        scene.post(&snoozed.undo_token(), "action=undo").await.says(200, &["Undone"]);
        let version = before.version + 2;
        let updated_at = scene.app.clock.now();
        assert_eq!(scene.reminder(&scene.reminder).await, Reminder { version, updated_at, ..before });
        assert_eq!(scene.row().await.task.version, 1);
        scene.assert_counted().await;
    }
}

#[tokio::test]
async fn an_undo_is_refused_late_and_once_something_has_changed() {
    let mut scene = Scene::dated().await;
    let undo = scene.press("done").await.undo_token();
    scene.later(UNDO_VALID);
    scene.post(&undo, "action=undo").await.says(200, &["Too late to undo", &at_now("Done")]);
    assert_eq!(scene.row().await.task.status, TaskStatus::Completed);
    let shown = scene.get(&scene.token()).await.says(200, &["<h1>Done</h1>"]);
    assert!(!shown.1.contains("<form"), "{shown:?}");

    let scene = Scene::dated().await;
    let undo = scene.press("done").await.undo_token();
    scene.change(json!({"title": "Pay the rent"})).await;
    let before = scene.state().await;
    scene.post(&undo, "action=undo").await.says(200, &["Changed since", "Pay the rent"]);
    assert_eq!(scene.state().await, before);

    let scene = Scene::dated().await;
    let undo = scene.press("in-an-hour").await.undo_token();
    scene.change(json!({"status": "completed"})).await;
    let before = scene.state().await;
    scene.post(&undo, "action=undo").await.says(200, &["Changed since"]);
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn undone_at_once_it_is_undone_once() {
    let scene = Scene::recurring().await;
    let undo = scene.press("done").await.undo_token();
    let undo = || scene.post(&undo, "action=undo");
    let (one, two, three) = futures::join!(undo(), undo(), undo());
    assert_eq!((&one, &two), (&two, &three));
    one.says(200, &["Undone"]);
    let row = scene.row().await;
    assert_eq!((row.task.version, row.task.due_date, scene.world.count("OCC#").await), (3, Some(due()), 0));
    scene.assert_counted().await;
}

#[tokio::test]
async fn a_link_without_anything_to_act_on_says_so_and_changes_nothing() {
    let completed = json!({"status": "completed"});
    let moved = json!({"dueDate": due().plus(HOUR * 24)});
    for (body, heading) in [(&completed, "Done already"), (&moved, "Moved since")] {
        let scene = Scene::dated().await;
        scene.change(body.clone()).await;
        let before = scene.state().await;
        for action in ["done", "in-an-hour", "tomorrow-morning"] {
            scene.press(action).await.says(200, &[heading, "Nothing was changed"]);
        }
        let page = scene.get(&scene.token()).await.says(200, &[heading]);
        assert!(!page.1.contains("<form"), "{page:?}");
        assert_eq!(scene.state().await, before);
    }
    let scene = Scene::recurring().await;
    scene.change(completed).await;
    scene.press("done").await.says(200, &["Over already"]);
    assert_eq!(scene.world.count("OCC#").await, 1);
    let row = scene.row().await;
    scene.world.store.delete_task(&scene.world.permit(), &row, clock::now()).await.unwrap();
    scene.press("done").await.says(200, &["It is gone"]);
}

#[tokio::test]
async fn a_link_works_for_seven_days_and_not_a_millisecond_longer() {
    let mut scene = Scene::dated().await;
    let before = scene.state().await;
    scene.later(LINK_VALID - Duration::from_millis(1));
    scene.get(&scene.token()).await.says(200, &["value=\"done\""]);
    scene.later(Duration::from_millis(1));
    scene.get(&scene.token()).await.says(400, &["This link does not work"]);
    scene.press("done").await.says(400, &["This link does not work"]);
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn what_was_pressed_at_the_last_moment_is_undone_after_it() {
    let mut scene = Scene::dated().await;
    scene.later(LINK_VALID - Duration::from_millis(1));
    let undo = scene.press("done").await.undo_token();
    scene.later(UNDO_VALID - MINUTE);
    scene.get(&scene.token()).await.says(200, &["<h1>Done</h1>", "value=\"undo\""]);
    scene.post(&undo, "action=undo").await.says(200, &["Undone"]);
}

#[tokio::test]
async fn a_token_of_another_kind_user_address_or_key_does_nothing() {
    let scene = Scene::dated().await;
    let before = scene.state().await;
    let other = Email::parse("other@example.com").unwrap();
    let email = &scene.world.user.email;
    let elsewhere = World::new().await;
    for token in [
        scene.link.to_token(&other, &keyring()),
        ActionLink { user: elsewhere.user.id, ..scene.link }.to_token(email, &keyring()),
        scene.link.to_token(email, &shared::auth::keyring::Keyring::parse(&other_secret()).unwrap()),
        ActionLink { kind: LinkKind::Undo, ..scene.link }.to_token(email, &keyring()),
    ] {
        for action in ["done", "undo"] {
            assert_eq!(scene.post(&token, &format!("action={action}")).await.0, 400);
        }
    }
    assert_eq!(scene.state().await, before);
    let undo = scene.press("done").await.undo_token();
    scene.post(&undo, "action=done").await.says(400, &["This button is not known"]);
    scene.post(&scene.token(), "action=undo").await.says(400, &["This button is not known"]);
}

fn other_secret() -> String {
    json!({"current": "1", "1": "z".repeat(40)}).to_string()
}

#[tokio::test]
async fn a_link_that_was_signed_by_the_key_of_before_works_on() {
    let scene = Scene::dated().await;
    let token = scene.link.to_token(&scene.world.user.email, &keyring());
    assert_ne!(token, scene.link.to_token(&scene.world.user.email, &rotated_keyring()));
    let presented = shared::auth::action_link::PresentedLink::from_token(&token, &rotated_keyring()).unwrap();
    assert!(presented.is_for(&scene.world.user.email, &rotated_keyring()));
}

#[tokio::test]
async fn a_deleted_account_ends_its_links_and_a_new_password_does_not() {
    let scene = Scene::dated().await;
    let (now, permit) = (clock::now(), scene.world.permit());
    let account = scene.world.store.account_with_sessions(scene.world.user.id, now).await.unwrap().unwrap();
    let notice = Mail::new(scene.world.user.id, shared::domain::mail::MailContent::PasswordChanged, now);
    let notice = test_support::notice(notice, &account.user);
    let hash = account.user.password_hash.clone().unwrap();
    scene.world.store.set_password(&permit, &account, &hash, scene.world.session.id, &notice).await.unwrap();
    scene.get(&scene.token()).await.says(200, &["value=\"done\""]);
    scene.world.delete_account().await;
    scene.get(&scene.token()).await.says(400, &["This link does not work"]);
    scene.press("done").await.says(400, &["This link does not work"]);
}

#[tokio::test]
async fn the_first_button_is_the_one_that_the_mail_showed() {
    let scene = Scene::dated().await;
    let order = async |query: &str| {
        let page = scene.get(&format!("{}{query}", scene.token())).await;
        assert_eq!(page.1.matches("class=\"main\"").count(), 1);
        buttons(&page)
    };
    assert_eq!(order("").await, ["done", "in-an-hour", "tomorrow-morning"]);
    assert_eq!(order("&action=tomorrow-morning").await, ["tomorrow-morning", "done", "in-an-hour"]);
    for other in ["&action=again-and-again", "&action=", "&action=undo"] {
        assert_eq!(order(other).await[0], "done");
    }
}

/// The values of a page's buttons.
fn buttons(page: &Shown) -> Vec<String> {
    let buttons = page.1.split("name=\"action\" value=\"").skip(1);
    buttons.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_review_is_rated_once_and_undone_it_is_open_as_before() {
    for (rating, label, days) in [("again", "Again", 1), ("hard", "Hard", 1), ("good", "Good", 3), ("easy", "Easy", 7)]
    {
        let scene = Scene::review().await;
        let asked = scene.get(&scene.token()).await.says(200, &["Your review", "How well did you remember?"]);
        assert_eq!(buttons(&asked), ["again", "hard", "good", "easy", "in-an-hour", "tomorrow-morning", "done"]);
        let (before, review) = (scene.row().await.task, scene.reminder(&scene.reminder).await);

        let words = scene.at_present(&format!("Rated “{label}”"));
        let rated = scene.press(rating).await.says(200, &["<h1>Rated</h1>", &words, "The next review is at"]);
        let (task, next) = (scene.row().await.task, scene.reminder(&scene.reminder).await);
        let day = |reminder: &Reminder| reminder.review.unwrap().day;
        assert_eq!(day(&review).until(day(&next)).unwrap().get_days(), days, "{rating}");
        assert_eq!((task.plan.as_ref().unwrap().reviews, scene.world.count("DONE#").await), (1, 1));
        scene.assert_counted().await;
        for other in ["again", "easy", "done", rating] {
            assert_eq!(scene.press(other).await, rated);
        }
        assert_eq!(scene.row().await.task.version, task.version);

        scene.post(&rated.undo_token(), "action=undo").await.says(200, &["Undone"]);
        let updated_at = scene.app.clock.now();
        let restored = scene.reminder(&scene.reminder).await;
        assert_eq!(restored, Reminder { version: review.version + 2, updated_at, ..review });
        let task = scene.row().await.task;
        assert_eq!((task.version, &task.plan, scene.world.count("DONE#").await), (before.version + 2, &before.plan, 0));
        scene.assert_counted().await;
        scene.press("good").await.says(200, &["<h1>Undone</h1>"]);
    }
}

#[tokio::test]
async fn ratings_at_once_are_one_and_undone_at_once_it_is_undone_once() {
    let scene = Scene::review().await;
    let (one, two, three) = futures::join!(scene.press("good"), scene.press("again"), scene.press("good"));
    assert_eq!((&one, &two), (&two, &three));
    let undo = one.undo_token();
    assert_eq!((scene.row().await.task.plan.unwrap().reviews, scene.world.count("DONE#").await), (1, 1));
    scene.assert_counted().await;
    let undo = || scene.post(&undo, "action=undo");
    let (one, two, three) = futures::join!(undo(), undo(), undo());
    assert_eq!((&one, &two), (&two, &three));
    one.says(200, &["Undone"]);
    assert_eq!((scene.row().await.task.plan.unwrap().reviews, scene.world.count("DONE#").await), (0, 0));
    scene.assert_counted().await;
}

#[tokio::test]
async fn a_review_that_was_rated_in_the_app_says_so_and_a_reminder_is_not_rated() {
    let scene = Scene::review().await;
    let (store, user) = (&scene.world.store, scene.world.user.id);
    let at = scene.app.clock.now();
    let found = store.review_to_rate(user, scene.reminder.id, at).await.unwrap().unwrap();
    let input = RatingInput { rating: Rating::Good, at, received_at: at, written_at: at, seen: 0 };
    let (row, permit) = (scene.row().await, scene.world.permit());
    let rated = row.task.rate(&found.reminder, input, &found.user).unwrap();
    store.change_plan(&permit, &row, &rated, &found.days).await.unwrap();
    let before = scene.state().await;
    for action in ["good", "again", "in-an-hour", "done"] {
        scene.press(action).await.says(200, &["Rated already", "Nothing was changed"]);
    }
    assert_eq!(scene.state().await, before);

    let scene = Scene::dated().await;
    let before = scene.state().await;
    scene.press("good").await.says(400, &["This button is not known"]);
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn a_rating_is_not_undone_once_its_plan_has_changed() {
    let scene = Scene::review().await;
    let undo = scene.press("good").await.undo_token();
    scene.change(json!({"title": "Verbs"})).await;
    let before = scene.state().await;
    scene.post(&undo, "action=undo").await.says(200, &["Changed since", "Verbs"]);
    assert_eq!(scene.state().await, before);
}
