//! `service-sweep`: what it hands over, and to whom: the reminder, the mail, the digest and the task that slipped.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use service::sweep::Sweeper;
use shared::auth::mailed::MailedToken;
use shared::aws::mail_queues::MailQueues;
use shared::aws::queue::Queue;
use shared::clock::Timestamp;
use shared::domain::delivery::MailOutcome;
use shared::domain::mail::{Mail, MailContent};
use shared::events::{Message, QueueFunction};
use shared::id::{ReminderId, TokenSeed};
use shared::messages::{FireReminder, Sweep};
use shared::store::Permit;
use test_support::{Answer, Scripted, World, addressed, clock, keyring, parsed};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

struct Services {
    world: World,
    queues: Scripted,
    sweeper: Sweeper,
}

async fn services(answers: Vec<Answer>) -> Services {
    let world = World::new().await;
    let queues = Scripted::new(answers).await;
    let url = |name: &str| format!("https://sqs.example.com/{name}");
    let sweeper = Sweeper {
        store: world.store.clone(),
        reminders: Queue::new(&queues.sdk(), url("reminders")),
        mails: MailQueues {
            codes: Queue::new(&queues.sdk(), url("codes")),
            others: Queue::new(&queues.sdk(), url("mails")),
        },
        digests: Queue::new(&queues.sdk(), url("digests")),
        overdue: Queue::new(&queues.sdk(), url("overdue")),
        cleanups: Queue::new(&queues.sdk(), url("cleanups")),
        sweeps: Queue::new(&queues.sdk(), url("sweeps")),
    };
    Services { world, queues, sweeper }
}

/// The message of a tick.
fn tick() -> Message<Sweep> {
    Message { body: Sweep::Tick, deliveries: 1 }
}

impl Services {
    async fn tick(&self, now: Timestamp) {
        self.sweeper.handle(tick(), now).await.unwrap();
    }

    /// Ticks every minute from `from` on, for so many minutes.
    async fn ticks(&self, from: Timestamp, minutes: u32) {
        for n in 0..minutes {
            self.tick(from.plus(MINUTE * n)).await;
        }
    }

    /// Queue and message of what was queued.
    fn queued(&self) -> Vec<(String, Value)> {
        let read = |body: &Value| {
            let queue = body["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let entries = body["Entries"].as_array().unwrap().clone();
            entries.into_iter().map(move |entry| {
                let text = entry.get("MessageBody").and_then(Value::as_str).unwrap();
                (queue.clone(), serde_json::from_str(text).unwrap())
            })
        };
        self.queues.bodies().iter().flat_map(read).collect()
    }

    /// The messages of one queue.
    fn of(&self, queue: &str) -> Vec<Value> {
        self.queued().into_iter().filter(|(name, _)| name == queue).map(|(_, message)| message).collect()
    }

    fn count(&self, queue: &str) -> usize {
        self.of(queue).len()
    }
}

fn taken() -> Answer {
    Answer::ok().with(json!({"Successful": [], "Failed": []}))
}

#[tokio::test]
async fn a_reminder_whose_schedule_was_lost_is_handed_over_with_its_plan_and_fires_once() {
    let services = services(vec![taken()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    let at = reminder.fires_at().unwrap();
    services.ticks(at.minus(HOUR), 60).await;
    assert_eq!(services.count("reminders"), 0, "before its time nothing happens");
    services.ticks(at, 25).await;
    let queued: Vec<FireReminder> =
        services.of("reminders").into_iter().map(|message| serde_json::from_value(message).unwrap()).collect();
    assert!((1..=2).contains(&queued.len()), "{queued:?}");
    assert_eq!((queued[0].reminder_id, queued[0].plan), (reminder.id, reminder.plan));
    for message in queued {
        reminders::fire::handle(&services.world.store, &Permit::of_system(), message, at.plus(HOUR)).await.unwrap();
    }
    // One mail of the registration, one of the reminder.
    assert_eq!((services.world.count("NTF#").await, services.world.count("MAIL#").await), (1, 2));
    services.ticks(at.plus(HOUR), 120).await;
    assert!(services.count("reminders") <= 2, "once fired, it is not due any more");
}

#[tokio::test]
async fn a_mail_that_never_reached_its_queue_is_handed_over_until_it_has_left() {
    let services = services(vec![taken()]).await;
    let mail = services.world.mails().await.pop().unwrap();
    services.ticks(clock::now(), 14).await;
    assert_eq!(services.count("mails"), 0, "the ordinary way may still be at work");
    services.ticks(clock::now().plus(MINUTE * 14), 45).await;
    let first = services.count("mails");
    assert!((1..=4).contains(&first), "{first}");
    assert!(services.of("mails").iter().all(|message| message["mailId"] == json!(mail.id)));
    services.world.store.settle_mail(&Permit::of_system(), &mail, MailOutcome::Sent).await.unwrap();
    services.ticks(clock::now().plus(HOUR), 60).await;
    assert_eq!(services.count("mails"), first);
}

#[tokio::test]
async fn a_reset_that_never_reached_its_queue_is_handed_over_to_that_of_the_codes() {
    let services = services(vec![taken()]).await;
    let (seed, kid, user) = (TokenSeed::new(), "1".to_owned(), &services.world.user);
    let token = MailedToken::derive(&keyring(), &kid, seed).unwrap();
    let mail = Mail::new(user.id, MailContent::PasswordReset { seed, kid }, clock::now());
    let posted = addressed(mail.clone(), user);
    services.world.store.issue_reset(&Permit::of_system(), &posted, &token).await.unwrap();
    services.ticks(clock::now().plus(MINUTE * 14), 45).await;
    let codes = services.of("codes");
    assert!(!codes.is_empty() && codes.iter().all(|message| message["mailId"] == json!(mail.id)), "{codes:?}");
    assert!(services.of("mails").iter().all(|message| message["mailId"] != json!(mail.id)));
}

#[tokio::test]
async fn digests_and_due_dates_are_handed_over_by_the_tick_that_follows_them() {
    let services = services(vec![taken()]).await;
    let at = services.world.user.next_digest.unwrap().at;
    services.tick(at.minus(MINUTE)).await;
    assert_eq!(services.count("digests"), 0);
    services.tick(at).await;
    assert_eq!(services.count("digests"), 1);
    services.ticks(at.plus(MINUTE), 5).await;
    assert_eq!(services.count("digests"), 3, "while it is not settled, by the next two as well");
    let due = at.plus(MINUTE * 3).plus(Duration::from_millis(7));
    let task = services.world.task(json!({"title": "Pay rent", "dueDate": due})).await;
    services.ticks(due.minus(MINUTE), 3).await;
    assert_eq!(services.count("overdue"), 1);
    assert_eq!(services.of("overdue").pop().unwrap()["taskId"], json!(task.id));
}

#[tokio::test]
async fn after_two_hours_without_a_tick_everything_is_found() {
    let services = services(vec![taken()]).await;
    let at = services.world.user.next_digest.unwrap().at;
    services.world.task(json!({"title": "Pay rent", "dueDate": at.plus(MINUTE * 20)})).await;
    services.ticks(at.plus(HOUR * 2), 60).await;
    assert!(services.count("digests") >= 1 && services.count("overdue") >= 1);
}

#[tokio::test]
async fn a_page_that_was_full_goes_on_where_it_ended() {
    let services = services(vec![taken()]).await;
    let due = clock::now().plus(HOUR);
    for n in 0..120 {
        services.world.task(json!({"title": format!("Task {n}"), "dueDate": due})).await;
    }
    services.tick(due.plus(MINUTE)).await;
    let ids: BTreeSet<String> =
        services.of("overdue").into_iter().map(|message| message["taskId"].to_string()).collect();
    assert_eq!(ids.len(), 120);
}

#[tokio::test]
async fn a_queue_that_is_down_has_the_tick_come_again() {
    let services = services(vec![Answer::broken()]).await;
    let at = services.world.user.next_digest.unwrap().at;
    assert!(services.sweeper.handle(tick(), at).await.is_err());
}

#[tokio::test]
async fn what_a_queue_refuses_of_a_batch_is_an_error() {
    let failed = json!({"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": false}]});
    let services = services(vec![Answer::ok().with(failed)]).await;
    let at = services.world.user.next_digest.unwrap().at;
    assert!(services.sweeper.handle(tick(), at).await.is_err());
}

#[tokio::test]
async fn an_idle_tick_asks_sixteen_times_and_sends_nothing() {
    let services = services(vec![taken()]).await;
    services.world.store.meter().take();
    services.tick(Timestamp::parse("2026-01-01T12:34:00Z").unwrap()).await;
    let consumed = services.world.store.meter().take();
    assert_eq!((consumed.calls, consumed.read_units, services.queued().len()), (16, 8.0, 0));
}

#[tokio::test]
async fn a_tick_costs_the_same_beside_hundreds_of_reminders_that_are_not_due() {
    let services = services(vec![taken()]).await;
    for number in 0..10 {
        let task = services.world.task(json!({"title": format!("Task {number}")})).await;
        for days in 1..21 {
            services.world.reminder(&task, Duration::from_secs(days * 86_400)).await;
        }
    }
    services.world.store.meter().take();
    let minute = clock::now().plus(Duration::from_secs(60));
    services.tick(minute).await;
    let consumed = services.world.store.meter().take();
    // An ordinary minute's Queries, or those of one that looks at everything that was left.
    assert!([(16, 8.0), (56, 28.0), (136, 68.0)].contains(&(consumed.calls, consumed.read_units)), "{consumed:?}");
    assert_eq!(services.count("reminders"), 0);
}

#[tokio::test]
async fn reviews_that_follow_the_digest_are_handed_over_where_they_are_elsewhere_and_the_rest_is_the_next_messages() {
    let services = services(vec![taken(); 40]).await;
    let world = &services.world;
    let mut reviews = BTreeSet::new();
    for number in 0..123 {
        let task = world.task(json!({"title": "Irregular verbs"})).await;
        let time = (number % 40 == 0).then_some("07:00");
        let review = world.review(&task, json!({"kind": "fsrs", "time": time})).await;
        if time.is_none() {
            reviews.insert(review.id);
        }
    }
    let now = clock::now();
    let change = world.user.change(parsed(json!({"morning_digest": {"time": "18:00"}}), now), now);
    world.store.update_user(&world.permit(), &world.user, &change).await.unwrap();
    let since = world.store.reviews_moved_at(world.user.id).await.unwrap().unwrap();
    let earlier = Sweep::Reviews { user_id: world.user.id, since: since.minus(MINUTE), after: None };
    services.sweeper.handle(Message { body: earlier, deliveries: 1 }, now).await.unwrap();
    assert!(services.queued().is_empty(), "a later change has its own message");
    let first = Sweep::Reviews { user_id: world.user.id, since, after: None };
    services.sweeper.handle(Message { body: first, deliveries: 1 }, now).await.unwrap();
    let rest = services.of("sweeps");
    assert_eq!((services.count("reminders"), rest.len()), (100, 1));
    let rest: Sweep = serde_json::from_value(rest[0].clone()).unwrap();
    services.sweeper.handle(Message { body: rest, deliveries: 1 }, now).await.unwrap();
    let queued: BTreeSet<_> = services.of("reminders").into_iter().map(fire).collect();
    assert_eq!(queued, reviews, "those with a time of their own stay");
    for message in services.of("reminders") {
        let message: FireReminder = serde_json::from_value(message).unwrap();
        reminders::fire::handle(&world.store, &Permit::of_system(), message, now).await.unwrap();
    }
    let before = services.count("reminders");
    let again = Sweep::Reviews { user_id: world.user.id, since, after: None };
    services.sweeper.handle(Message { body: again, deliveries: 1 }, now).await.unwrap();
    assert_eq!((before, services.count("reminders")), (119, 119), "all are where they should be");
}

fn fire(message: Value) -> ReminderId {
    serde_json::from_value::<FireReminder>(message).unwrap().reminder_id
}
