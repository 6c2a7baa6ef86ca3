//! `mail-send` when SES works, when it does not, and when a try was killed.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::num::NonZeroU32;
use std::time::Duration;

use mail::render::Links;
use mail::send::Sender;
use serde_json::json;
use shared::auth::challenge::Challenge;
use shared::auth::mailed::MailedToken;
use shared::auth::secrets::Secrets;
use shared::auth::session::SessionLifetime;
use shared::aws::mail_queues::MailQueues;
use shared::aws::mailer::{FromHeader, Mailer};
use shared::aws::queue::Queue;
use shared::aws::secrets::SecretText;
use shared::clock::Timestamp;
use shared::domain::delivery::DeliveryState;
use shared::domain::delivery::MailOutcome;
use shared::domain::digest::select;
use shared::domain::fsrs::Rating;
use shared::domain::mail::{Mail, MailCategory, MailContent, MailState, UNSUBSCRIBED};
use shared::domain::notification::Notification;
use shared::domain::reminder::Reminder;
use shared::domain::task::{Task, TaskPatch, TaskStatus};
use shared::domain::task_plan::RatingInput;
use shared::domain::user::MailStop;
use shared::domain::user_change::Wanted;
use shared::domain::zone::Zone;
use shared::events::{Message, QueueFunction};
use shared::id::{ReminderId, TokenSeed};
use shared::messages::SendMail;
use shared::store::Permit;
use shared::store::mailboxes::AddressedMail;
use test_support::{Answer, Scripted, World, clock, keyring, parsed, verification};

const DAY: Duration = Duration::from_secs(86_400);
const MAX_RECEIVES: u32 = 4;
/// Of the mailer with SES: long enough for every answer of this machine, short enough to wait for none.
const PATIENCE: Duration = Duration::from_millis(1500);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

fn from() -> FromHeader {
    "Spacedly <no-reply@example.com>".parse().unwrap()
}

struct Post {
    world: World,
    ses: Scripted,
    sqs: Scripted,
    sender: Sender,
    mail: Mail,
    reminder: ReminderId,
}

/// A reminder's mail on its way out, and an SES that answers so.
async fn post(answers: Vec<Answer>) -> Post {
    let world = World::new().await;
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, Duration::from_secs(600)).await;
    post_of(world, (task, reminder), answers).await
}

/// The mail of a reminder of a task.
async fn post_of(world: World, (task, reminder): (Task, Reminder), answers: Vec<Answer>) -> Post {
    let fired = test_support::fired(&reminder, &task, &world.user);
    world.store.fire_reminder(&Permit::of_system(), &world.user, &fired).await.unwrap();
    let mail = fired.mail.unwrap();
    let ses = Scripted::new(answers).await;
    let sqs = Scripted::new(vec![Answer::ok().with(json!({"MessageId": "again"})); 40]).await;
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": secret}))]).await;
    let sender = Sender {
        store: world.store.clone(),
        permit: Permit::of_system(),
        secrets: Secrets::load(SecretText::new(&manager.sdk(), "secret".to_owned())).await.unwrap(),
        mailer: Mailer::with_limits(&ses.sdk(), from(), "spacedly".to_owned(), PATIENCE, KEEP_ALIVE),
        stage: "test".to_owned(),
        links: Links { frontend: "https://app.example.com".to_owned(), public: "https://api.example.com".to_owned() },
        max_receives: NonZeroU32::new(MAX_RECEIVES).unwrap(),
        queues: MailQueues {
            codes: Queue::new(&sqs.sdk(), "https://sqs.example.com/codes".to_owned()),
            others: Queue::new(&sqs.sdk(), "https://sqs.example.com/mails".to_owned()),
        },
        clock: clock::fixed(),
    };
    Post { sqs, world, ses, sender, mail, reminder: reminder.id }
}

impl Post {
    async fn deliver(&self, deliveries: u32, now: Timestamp) -> Result<(), shared::events::Failure> {
        let body = SendMail { user_id: self.world.user.id, mail_id: self.mail.id };
        self.sender.handle(Message { body, deliveries }, now).await
    }

    async fn state(&self) -> MailState {
        self.world.store.outgoing(self.world.user.id, self.mail.id).await.unwrap().unwrap().mail.state
    }

    async fn reminder(&self) -> Reminder {
        self.world.store.reminder(self.world.user.id, self.reminder).await.unwrap().unwrap()
    }
}

fn sent() -> Answer {
    Answer::ok().with(json!({"MessageId": "m-1"}))
}

fn refused() -> Answer {
    Answer::error(json!({"__type": "MessageRejected", "message": "no"}))
}

#[tokio::test]
async fn a_mail_goes_out_once_however_often_its_message_comes() {
    let post = post(vec![sent()]).await;
    for _ in 0..3 {
        post.deliver(1, clock::now()).await.unwrap();
    }
    let asked = post.ses.bodies();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["FromEmailAddress"], "Spacedly <no-reply@example.com>");
    assert_eq!(asked[0]["Destination"]["ToAddresses"], json!(["someone@example.com"]));
    assert_eq!(asked[0]["Content"]["Simple"]["Subject"]["Data"], "Reminder: Pay rent is due soon");
    assert_eq!(asked[0]["ConfigurationSetName"], "spacedly");
    let reminder = post.reminder().await;
    assert!(reminder.email_sent && reminder.email_sent_at.is_some());
    assert_eq!((reminder.delivery.state, reminder.delivery.attempts), (DeliveryState::Sent, 1));
}

#[tokio::test]
async fn a_used_up_daily_quota_postpones_a_mail_as_throttling_does() {
    for kind in ["LimitExceededException", "TooManyRequestsException", "MessageRejected"] {
        let quota = json!({"__type": kind, "message": "Daily message quota exceeded"});
        let post = post(vec![Answer::error(quota), sent()]).await;
        post.deliver(MAX_RECEIVES, clock::now()).await.unwrap();
        assert_eq!((post.state().await, post.sqs.asked().len()), (MailState::Queued, 1), "{kind}");
        post.deliver(1, clock::now()).await.unwrap();
        assert_eq!(post.state().await, MailState::Sent, "{kind}");
    }
}

#[tokio::test]
async fn what_ses_says_of_a_refusal_is_kept_without_the_addressee() {
    let words = "Email address is not verified: someone@example.com";
    let post = post(vec![Answer::error(json!({"__type": "MessageRejected", "message": words}))]).await;
    let failure = post.deliver(1, clock::now()).await.unwrap_err().to_string();
    assert!(failure.contains("Email address is not verified: (address)"), "{failure}");
}

#[tokio::test]
async fn what_ses_refuses_is_tried_again_and_counts_its_tries() {
    let post = post(vec![refused(), refused(), sent()]).await;
    assert!(post.deliver(1, clock::now()).await.is_err());
    assert_eq!(post.state().await, MailState::Queued);
    assert!(post.deliver(2, clock::now()).await.is_err());
    post.deliver(3, clock::now()).await.unwrap();
    assert_eq!((post.state().await, post.reminder().await.delivery.attempts), (MailState::Sent, 3));
}

#[tokio::test]
async fn after_the_last_delivery_the_failure_shows_and_a_redrive_sends_it_after_all() {
    let post = post(vec![refused(), sent()]).await;
    assert!(post.deliver(MAX_RECEIVES, clock::now()).await.is_err(), "the queue is to park it");
    assert_eq!(post.state().await, MailState::Failed);
    let failed = post.reminder().await;
    assert_eq!((failed.email_sent, failed.delivery.state), (false, DeliveryState::Failed));
    post.deliver(1, clock::now()).await.unwrap();
    assert_eq!(post.reminder().await.delivery.state, DeliveryState::Sent);
}

#[tokio::test]
async fn a_try_that_was_killed_before_ses_is_made_again_when_its_lease_has_ended() {
    let post = post(vec![sent()]).await;
    let now = clock::now();
    post.world.store.claim_mail(&Permit::of_system(), &post.mail, Duration::from_secs(60), now).await.unwrap();
    assert!(post.deliver(1, now).await.is_err(), "the killed try could still be at work");
    assert!(post.ses.asked().is_empty());
    post.deliver(2, now.plus(Duration::from_secs(61))).await.unwrap();
    assert_eq!((post.ses.asked().len(), post.state().await), (1, MailState::Sent));
}

#[tokio::test]
async fn a_call_that_failed_is_not_made_again_behind_our_back() {
    let post = post(vec![Answer::broken()]).await;
    assert!(post.deliver(1, clock::now()).await.is_err());
    assert_eq!(post.ses.asked().len(), 1, "SES knows no idempotency token");
}

#[tokio::test]
async fn where_the_answer_was_lost_the_mail_may_have_left_and_waits_for_its_lease() {
    let post = post(vec![Answer::hung_up(), sent()]).await;
    let now = clock::now();
    assert!(post.deliver(1, now).await.is_err());
    assert_eq!((post.ses.asked().len(), post.state().await), (1, MailState::Sending));
    assert!(post.deliver(2, now).await.is_err());
    assert_eq!(post.ses.asked().len(), 1);
}

#[tokio::test]
async fn a_try_that_was_killed_before_its_receipt_has_it_written_by_the_next() {
    let post = post(vec![sent()]).await;
    post.world.store.settle_mail(&Permit::of_system(), &post.mail, MailOutcome::Sent).await.unwrap();
    assert!(!post.reminder().await.email_sent);
    post.deliver(2, clock::now()).await.unwrap();
    assert!(post.reminder().await.email_sent && post.ses.asked().is_empty());
}

#[tokio::test]
async fn a_mail_whose_key_is_gone_is_given_up_and_shows() {
    let post = post(vec![sent()]).await;
    let user = test_support::new_user("other@example.com");
    let (mut posted, token): (AddressedMail, MailedToken) = verification(&user);
    posted.mail.content = MailContent::Verification { seed: TokenSeed::new(), kid: "taken out".to_owned() };
    post.world.store.register(&Permit::of_system(), &user, &posted, &token).await.unwrap();
    let mail = posted.mail;
    let body = SendMail { user_id: user.id, mail_id: mail.id };
    assert!(post.sender.handle(Message { body, deliveries: 1 }, clock::now()).await.is_err());
    let outgoing = post.world.store.outgoing(user.id, mail.id).await.unwrap().unwrap();
    assert_eq!((outgoing.mail.state, post.ses.asked().len()), (MailState::Failed, 0));
}

#[tokio::test]
async fn a_mail_of_a_key_that_was_added_since_the_function_read_the_secret_holds_that_keys_token() {
    let mut post = post(vec![sent()]).await;
    post.sender.secrets = test_support::rotated_secrets().await;
    let (seed, user) = (TokenSeed::new(), test_support::new_user("other@example.com"));
    let keyring = test_support::rotated_keyring();
    let token = MailedToken::derive(&keyring, "2", seed).unwrap();
    let mail = Mail::new(user.id, MailContent::Verification { seed, kid: "2".to_owned() }, user.created_at);
    let posted = test_support::addressed(mail.clone(), &user);
    post.world.store.register(&Permit::of_system(), &user, &posted, &token).await.unwrap();
    let body = SendMail { user_id: user.id, mail_id: mail.id };
    post.sender.handle(Message { body, deliveries: 1 }, clock::now()).await.unwrap();
    let text = post.ses.bodies()[0]["Content"]["Simple"]["Body"]["Text"]["Data"].to_string();
    assert!(text.contains(token.expose()), "{text}");
}

#[tokio::test]
async fn a_verification_mail_holds_the_token_that_its_row_was_stored_under() {
    let post = post(vec![sent()]).await;
    let user = test_support::new_user("other@example.com");
    let (posted, token): (AddressedMail, MailedToken) = verification(&user);
    post.world.store.register(&Permit::of_system(), &user, &posted, &token).await.unwrap();
    let mail = posted.mail;
    let body = SendMail { user_id: user.id, mail_id: mail.id };
    post.sender.handle(Message { body, deliveries: 1 }, clock::now()).await.unwrap();
    let text = post.ses.bodies()[0]["Content"]["Simple"]["Body"]["Text"]["Data"].to_string();
    let MailContent::Verification { seed, .. } = mail.content else { unreachable!() };
    let derived = MailedToken::derive(&keyring(), "1", seed).unwrap();
    assert!(text.contains(derived.expose()) && derived.hash() == token.hash());
}

#[tokio::test]
async fn it_says_how_to_unsubscribe_and_whose_mail_it_is() {
    let post = post(vec![sent()]).await;
    post.deliver(1, clock::now()).await.unwrap();
    let asked = &post.ses.bodies()[0];
    let headers = asked["Content"]["Simple"]["Headers"].as_array().unwrap();
    let names: Vec<&str> = headers.iter().map(|header| header["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["List-Unsubscribe", "List-Unsubscribe-Post"]);
    let tags = json!([
        {"Name": "user", "Value": post.world.user.id},
        {"Name": "mail", "Value": post.mail.id},
    ]);
    assert_eq!(asked["EmailTags"], tags);
}

#[tokio::test]
async fn a_mail_that_was_unsubscribed_from_on_its_way_does_not_leave_and_its_receipt_says_why() {
    let post = post(vec![sent()]).await;
    let system = Permit::of_system();
    let mut off = post.world.user.subscribe(MailCategory::Reminders, Wanted::No, clock::now());
    off.notification = None;
    post.world.store.update_user(&system, &post.world.user, &off).await.unwrap();
    for deliveries in 1..3 {
        post.deliver(deliveries, clock::now()).await.unwrap();
    }
    assert_eq!((post.ses.asked().len(), post.state().await), (0, MailState::Held));
    let delivery = post.reminder().await.delivery;
    assert_eq!((delivery.state, delivery.reason.as_deref()), (DeliveryState::Skipped, Some(UNSUBSCRIBED)));
}

#[tokio::test]
async fn nothing_but_the_way_back_goes_to_an_address_that_bounced() {
    let post = post(vec![sent()]).await;
    let (store, system, now) = (&post.world.store, Permit::of_system(), clock::now());
    let told = Notification::mail_stopped(post.world.user.id, MailStop::Bounced, now);
    store.stop_mail(&system, MailStop::Bounced, &told).await.unwrap();
    post.deliver(1, now).await.unwrap();
    assert_eq!((post.ses.asked().len(), post.state().await), (0, MailState::Held));
    let (mail, token) = verification(&post.world.user);
    store.resend_verification(&post.world.permit(), &post.world.user, &mail, &token).await.unwrap();
    let body = SendMail { user_id: post.world.user.id, mail_id: mail.mail.id };
    post.sender.handle(Message { body, deliveries: 1 }, now).await.unwrap();
    assert_eq!(post.ses.asked().len(), 1);
}

#[tokio::test]
async fn a_security_notice_is_sent_to_an_owner_who_called_another_mail_spam() {
    let post = post(vec![sent()]).await;
    post.world.verify().await;
    let (store, system, now) = (&post.world.store, Permit::of_system(), clock::now());
    let told = Notification::mail_stopped(post.world.user.id, MailStop::Complained, now);
    store.stop_mail(&system, MailStop::Complained, &told).await.unwrap();
    post.deliver(1, now).await.unwrap();
    assert_eq!((post.ses.asked().len(), post.state().await), (0, MailState::Held), "a reminder is not");
    let mail = Mail::new(post.world.user.id, MailContent::LoginsBlocked, now);
    let notice = test_support::notice(mail.clone(), &post.world.user);
    store.alert_of_blocked_logins(&system, &notice).await.unwrap();
    let body = SendMail { user_id: mail.user_id, mail_id: mail.id };
    post.sender.handle(Message { body, deliveries: 1 }, now).await.unwrap();
    assert_eq!(post.ses.bodies()[0]["Content"]["Simple"]["Subject"]["Data"], "Sign-In Attempts Blocked");
}

/// Tomorrow's digest of one task, on its way, and the reminder that made it.
async fn digest(post: &Post) -> (Mail, Reminder) {
    let task = post.world.task(json!({"title": "Call"})).await;
    let reminder = post.world.reminder(&task, Duration::from_secs(7200)).await;
    let user = post.world.store.user(post.world.user.id).await.unwrap().unwrap();
    let now = clock::now();
    let bounds = (now, now.plus(DAY));
    let tasks = post.world.store.tasks_of_day(user.id, bounds).await.unwrap();
    let digest = select(tasks, bounds, None).unwrap();
    let settlement = user.settle(user.next_digest.unwrap(), Some(digest), None, now);
    post.world.store.settle_digest(&Permit::of_system(), &user, &settlement).await.unwrap();
    (settlement.mail.unwrap(), reminder)
}

#[tokio::test]
async fn a_digest_that_left_marks_its_reminders_and_stays_pending() {
    let post = post(vec![sent()]).await;
    let (mail, reminder) = digest(&post).await;
    for deliveries in 1..3 {
        let body = SendMail { user_id: mail.user_id, mail_id: mail.id };
        post.sender.handle(Message { body, deliveries }, clock::now()).await.unwrap();
    }
    assert_eq!(post.ses.asked().len(), 1);
    assert_eq!(post.ses.bodies()[0]["Content"]["Simple"]["Subject"]["Data"], "Good Morning! You have 1 task due today");
    let stored = post.world.store.reminder(mail.user_id, reminder.id).await.unwrap().unwrap();
    assert!(stored.morning_email_sent && !stored.email_sent);
    assert_eq!((stored.fires_at(), stored.version), (reminder.fires_at(), reminder.version + 1));
}

#[tokio::test]
async fn a_digest_that_was_parked_until_its_day_was_over_does_not_leave() {
    let post = post(vec![sent()]).await;
    let (mail, _) = digest(&post).await;
    let body = SendMail { user_id: mail.user_id, mail_id: mail.id };
    post.sender.handle(Message { body, deliveries: 1 }, clock::now().plus(DAY * 3)).await.unwrap();
    assert!(post.ses.asked().is_empty());
    let stored = post.world.store.outgoing(mail.user_id, mail.id).await.unwrap().unwrap().mail;
    assert_eq!(stored.state, MailState::Held);
}

/// What SES answers, and how many mails it took.
async fn mails_after(answers: Vec<Answer>) -> (usize, DeliveryState) {
    let taken =
        |answers: &[Answer], asked: usize| answers.iter().take(asked).filter(|answer| answer.is_success()).count();
    let post = post(answers.clone()).await;
    let mut now = clock::now();
    for deliveries in 1..=MAX_RECEIVES {
        // What failed comes again when its message is visible again, behind any lease.
        drop(post.deliver(deliveries, now).await);
        now = now.plus(Duration::from_secs(120));
    }
    let asked = post.ses.asked().len();
    (taken(&answers, asked), post.reminder().await.delivery.state)
}

#[tokio::test]
async fn whatever_ses_answers_at_first_one_mail_leaves() {
    for first in
        [vec![], vec![throttled()], vec![Answer::broken(), refused()], vec![Answer::hung_up()], vec![throttled(); 3]]
    {
        let answers = first.into_iter().chain([sent()]).collect();
        assert_eq!(mails_after(answers).await, (1, DeliveryState::Sent));
    }
    assert_eq!(mails_after(vec![refused(); 4]).await, (0, DeliveryState::Failed));
}

#[tokio::test]
async fn an_ses_that_does_not_answer_in_time_is_asked_again_when_the_lease_has_ended() {
    assert_eq!(mails_after(vec![Answer::silent(), sent()]).await, (1, DeliveryState::Sent));
    assert_eq!(mails_after(vec![Answer::silent(), Answer::silent(), sent()]).await, (1, DeliveryState::Sent));
    let post = post(vec![Answer::silent(), sent()]).await;
    let now = clock::now();
    assert!(post.deliver(1, now).await.is_err());
    assert_eq!(post.state().await, MailState::Sending, "it may have left");
    assert!(post.deliver(2, now).await.is_err());
    assert_eq!(post.ses.asked().len(), 1, "so it waits for its lease");
}

#[tokio::test]
async fn an_ses_that_never_answers_leaves_a_failure_that_shows_and_a_redrive_sends_the_mail() {
    let post = post([vec![Answer::silent(); 4], vec![sent()]].concat()).await;
    let mut now = clock::now();
    for deliveries in 1..=MAX_RECEIVES {
        assert!(post.deliver(deliveries, now).await.is_err(), "the last one has the queue park it");
        now = now.plus(Duration::from_secs(120));
    }
    assert_eq!((post.state().await, post.reminder().await.delivery.state), (MailState::Failed, DeliveryState::Failed));
    post.deliver(1, now).await.unwrap();
    assert_eq!((post.state().await, post.reminder().await.delivery.state), (MailState::Sent, DeliveryState::Sent));
}

#[tokio::test]
async fn the_mail_of_a_user_who_was_deleted_on_its_way_does_not_leave() {
    let post = post(vec![sent()]).await;
    post.world.delete_account().await;
    post.deliver(1, clock::now()).await.unwrap();
    post.world.store.delete_rows_of(&Permit::of_system(), post.world.user.id, 10).await.unwrap();
    post.deliver(2, clock::now()).await.unwrap();
    assert!(post.ses.asked().is_empty());
}

#[tokio::test]
async fn a_mail_that_was_parked_for_hours_leaves_only_if_its_task_still_is_to_be_done() {
    let hours_later = clock::now().plus(Duration::from_secs(3 * 3600));
    for (change, leaves) in [("nothing", true), ("completed", false), ("deleted", false), ("skipped", false)] {
        let post = post(vec![sent()]).await;
        let (store, permit, user) = (&post.world.store, post.world.permit(), post.world.user.id);
        let MailContent::HourBefore { task_id, .. } = post.mail.content else { panic!("a reminder's mail") };
        let row = store.task(user, task_id).await.unwrap().unwrap();
        match change {
            "completed" => {
                let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
                store
                    .update_task(&permit, &row, &row.task.change(done, &Zone::UTC, clock::now()).unwrap())
                    .await
                    .unwrap();
            }
            "skipped" => {
                let recurrence = json!({"rrule": "FREQ=DAILY", "anchor": "due"});
                let recurring: TaskPatch =
                    parsed(json!({"dueDate": "2031-03-01", "recurrence": recurrence}), clock::now());
                let change = row.task.change(recurring, &Zone::UTC, clock::now()).unwrap();
                store.update_task(&permit, &row, &change).await.unwrap();
                let row = store.task(user, task_id).await.unwrap().unwrap();
                store.update_task(&permit, &row, &row.task.skip(None, clock::now()).unwrap()).await.unwrap();
            }
            "deleted" => store.delete_task(&permit, &row, clock::now()).await.unwrap(),
            _ => {}
        }
        for _ in 0..2 {
            post.deliver(1, hours_later).await.unwrap();
        }
        let state = if leaves { MailState::Sent } else { MailState::Held };
        assert_eq!((post.ses.asked().len(), post.state().await), (usize::from(leaves), state), "{change}");
    }
}

#[tokio::test]
async fn a_reviews_mail_that_was_parked_leaves_only_if_the_review_was_not_rated() {
    for is_rated in [false, true] {
        let world = World::new().await;
        let task = world.task(json!({"title": "Irregular verbs"})).await;
        let review = world.review(&task, json!({"kind": "fixed", "days": [1]})).await;
        let task = world.store.task(world.user.id, task.id).await.unwrap().unwrap().task;
        let post = post_of(world, (task, review), vec![sent()]).await;
        let (store, user, at) = (&post.world.store, post.world.user.id, clock::now().plus(DAY));
        let found = store.review_to_rate(user, post.reminder, at).await.unwrap().unwrap();
        if is_rated {
            let row = store.task(user, found.reminder.task_id).await.unwrap().unwrap();
            let input = RatingInput { rating: Rating::Good, at, received_at: at, written_at: at, seen: 0 };
            let rated = row.task.rate(&found.reminder, input, &found.user).unwrap();
            store.change_plan(&post.world.permit(), &row, &rated, &found.days).await.unwrap();
        }
        post.deliver(1, at).await.unwrap();
        let state = if is_rated { MailState::Held } else { MailState::Sent };
        assert_eq!((post.ses.asked().len(), post.state().await), (usize::from(!is_rated), state));
        if let [mail] = &post.ses.bodies()[..] {
            let subject = &mail["Content"]["Simple"]["Subject"]["Data"];
            assert_eq!(subject, "Reminder: Irregular verbs is due for review");
        }
    }
}

#[tokio::test]
async fn a_mail_that_is_on_time_leaves_although_its_task_was_completed_this_moment() {
    let post = post(vec![sent()]).await;
    let MailContent::HourBefore { task_id, .. } = post.mail.content else { panic!("a reminder's mail") };
    let row = post.world.store.task(post.world.user.id, task_id).await.unwrap().unwrap();
    let done = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    let permit = post.world.permit();
    post.world
        .store
        .update_task(&permit, &row, &row.task.change(done, &Zone::UTC, clock::now()).unwrap())
        .await
        .unwrap();
    post.world.store.meter().take();
    post.deliver(1, clock::now()).await.unwrap();
    assert_eq!(post.ses.asked().len(), 1);
    assert_eq!(post.world.store.meter().take().calls, 5, "its task is not read");
}

fn throttled() -> Answer {
    Answer::error(json!({"__type": "TooManyRequestsException", "message": "Maximum sending rate exceeded."}))
}

#[tokio::test]
async fn a_burst_beyond_sess_rate_waits_apart_and_uses_up_no_deliveries() {
    let tries = 12;
    let post = post([vec![throttled(); tries], vec![sent()]].concat()).await;
    for _ in 0..=tries {
        post.deliver(1, clock::now()).await.unwrap();
    }
    assert_eq!((post.state().await, post.reminder().await.delivery.state), (MailState::Sent, DeliveryState::Sent));
    let waits: Vec<u64> = post.sqs.bodies().iter().map(|body| body["DelaySeconds"].as_u64().unwrap()).collect();
    assert_eq!(waits.len(), tries);
    assert!(waits.iter().all(|wait| *wait <= 900), "{waits:?}");
    assert!(waits.iter().max() > Some(&30), "{waits:?}");
}

#[tokio::test]
async fn a_code_that_ses_has_no_room_for_comes_back_to_its_own_queue_within_seconds() {
    let post = post(vec![throttled(), throttled(), sent()]).await;
    let (now, user) = (clock::now(), &post.world.user);
    let challenge = Challenge::new(&keyring(), user, SessionLifetime::Ordinary, None, now);
    let mail = test_support::addressed(challenge.mail(now), user);
    post.world.store.open_challenge(&Permit::of_system(), &challenge, &mail, None).await.unwrap();
    for _ in 0..3 {
        let body = SendMail { user_id: user.id, mail_id: mail.mail.id };
        post.sender.handle(Message { body, deliveries: 1 }, now).await.unwrap();
    }
    let waits = post.sqs.bodies();
    assert_eq!(waits.len(), 2);
    for (wait, longest) in waits.iter().zip([2, 4]) {
        assert!(wait["QueueUrl"].as_str().unwrap().ends_with("/codes"), "{wait}");
        assert!(wait["DelaySeconds"].as_u64().unwrap() <= longest, "{wait}");
    }
    assert_eq!(post.ses.asked().len(), 3);
}

#[tokio::test]
async fn a_mail_that_never_finds_room_is_shown_as_failed_in_the_end() {
    let post = post(vec![throttled(); 33]).await;
    for _ in 0..29 {
        post.deliver(1, clock::now()).await.unwrap();
    }
    assert!(post.deliver(MAX_RECEIVES, clock::now()).await.is_err());
    assert_eq!(post.reminder().await.delivery.state, DeliveryState::Failed);
}

#[tokio::test]
async fn what_an_event_of_ses_shows_to_have_left_is_neither_given_up_nor_sent_again() {
    let post = post(vec![Answer::hung_up(), throttled(), sent()]).await;
    let (system, now) = (Permit::of_system(), clock::now());
    assert!(post.deliver(1, now).await.is_err(), "the answer was lost");
    let outgoing = post.world.store.outgoing(post.world.user.id, post.mail.id).await.unwrap().unwrap();
    post.world.store.settle_mail(&system, &outgoing.mail, MailOutcome::Sent).await.unwrap();
    post.world.store.write_receipt(&system, &outgoing.mail, MailOutcome::Sent, now).await.unwrap();
    let gave_up = MailOutcome::Failed { reason: "the mail service did not take it" };
    post.world.store.settle_mail(&system, &outgoing.mail, gave_up).await.unwrap();
    post.world.store.write_receipt(&system, &outgoing.mail, gave_up, now).await.unwrap();
    post.world.store.release_mail(&system, &outgoing.mail).await.unwrap();
    post.deliver(2, now.plus(Duration::from_secs(300))).await.unwrap();
    assert_eq!((post.state().await, post.reminder().await.delivery.state), (MailState::Sent, DeliveryState::Sent));
    assert_eq!(post.ses.asked().len(), 1);
}
