//! A reminder's whole way, from the stream's records to the mails that SES took, with the planner down or a record that
//! always fails: in the end there is one mail a reminder.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::dynamodb::Event;
use mail::render::Links;
use mail::send::Sender;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use service::dispatch::Dispatcher;
use service::sweep::Sweeper;
use shared::auth::secrets::Secrets;
use shared::aws::mail_queues::MailQueues;
use shared::aws::mailer::Mailer;
use shared::aws::queue::Queue;
use shared::aws::schedules::{Schedules, Target};
use shared::aws::secrets::SecretText;
use shared::clock::Timestamp;
use shared::domain::delivery::DeliveryState;
use shared::domain::reminder::Reminder;
use shared::domain::snooze::Snooze;
use shared::domain::task::TaskPatch;
use shared::domain::zone::Zone;
use shared::events::{Batch, Message, QueueFunction, process_batch};
use shared::messages::{FireReminder, SendMail, Sweep};
use shared::store::Permit;
use test_support::{Answer, Scripted, World, clock, parsed};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// The stream's batches, as template.yaml has them.
const BATCH: usize = 50;

/// Everything between the table's stream and SES.
struct Line {
    world: World,
    scheduler: Scripted,
    queues: Scripted,
    ses: Scripted,
    dispatcher: Dispatcher,
    sweeper: Sweeper,
    sender: Sender,
}

/// A scheduler that refuses, with an error that no other try will mend, every schedule whose name holds a text that is
/// put into `poison`.
async fn scheduler(poison: Arc<Mutex<String>>) -> Scripted {
    Scripted::answering(move |_, asked| {
        let poison = poison.lock().unwrap();
        if !poison.is_empty() && asked.path.contains(poison.as_str()) {
            return Answer::error(json!({"__type": "AccessDeniedException", "Message": "no"}));
        }
        Answer::ok().with(json!({"ScheduleArn": "arn:aws:scheduler:eu-central-1:000000000000:schedule/spacedly/x"}))
    })
    .await
}

async fn line(poison: Arc<Mutex<String>>) -> Line {
    let world = World::new().await;
    world.verify().await;
    let scheduler = scheduler(poison).await;
    let queues = Scripted::new(vec![Answer::ok().with(json!({"Successful": [], "Failed": []}))]).await;
    let ses = Scripted::new(vec![Answer::ok().with(json!({"MessageId": "m"}))]).await;
    let arn = |name: &str| format!("arn:aws:sqs:eu-central-1:000000000000:{name}");
    let target = Target {
        group: "spacedly".to_owned(),
        role_arn: "arn:aws:iam::000000000000:role/scheduler".to_owned(),
        queue_arn: arn("reminders"),
        dead_letter_arn: arn("parked"),
    };
    let sqs = queues.sdk();
    let url = |name: &str| format!("https://sqs.example.com/{name}");
    let secret = json!({"current": "1", "1": "a".repeat(40)}).to_string();
    let manager = Scripted::new(vec![Answer::ok().with(json!({"SecretString": secret}))]).await;
    let dispatcher = Dispatcher {
        store: world.store.clone(),
        permit: Permit::of_system(),
        schedules: Schedules::new(&scheduler.sdk(), target),
        reminders: Queue::new(&sqs, url("reminders")),
        mails: MailQueues { codes: Queue::new(&sqs, url("codes")), others: Queue::new(&sqs, url("mails")) },
        cleanups: Queue::new(&sqs, url("cleanups")),
        exports: Queue::new(&sqs, url("exports")),
        sweeps: Queue::new(&sqs, url("sweeps")),
        limits: test_support::api::limits("100/900", "5/900"),
    };
    let sweeper = Sweeper {
        store: world.store.clone(),
        reminders: Queue::new(&sqs, url("reminders")),
        mails: MailQueues { codes: Queue::new(&sqs, url("codes")), others: Queue::new(&sqs, url("mails")) },
        digests: Queue::new(&sqs, url("digests")),
        overdue: Queue::new(&sqs, url("overdue")),
        cleanups: Queue::new(&sqs, url("cleanups")),
        sweeps: Queue::new(&sqs, url("sweeps")),
    };
    let sender = Sender {
        store: world.store.clone(),
        permit: Permit::of_system(),
        secrets: Secrets::load(SecretText::new(&manager.sdk(), "secret".to_owned())).await.unwrap(),
        mailer: Mailer::new(&ses.sdk(), "noreply@example.com".parse().unwrap(), "spacedly".to_owned()),
        links: Links { frontend: "https://app.example.com".to_owned(), public: "https://api.example.com".to_owned() },
        stage: "test".to_owned(),
        max_receives: NonZeroU32::new(4).unwrap(),
        queues: MailQueues { codes: Queue::new(&sqs, url("codes")), others: Queue::new(&sqs, url("mails")) },
        clock: clock::fixed(),
    };
    Line { world, scheduler, queues, ses, dispatcher, sweeper, sender }
}

impl Line {
    /// So many reminders, each of a task of its own whose title tells it.
    async fn reminders(&self, numbers: std::ops::Range<usize>, ahead: Duration) -> Vec<Reminder> {
        let mut made = Vec::new();
        for number in numbers {
            let task = self.world.task(json!({"title": format!("Task {number}")})).await;
            made.push(self.world.reminder(&task, ahead).await);
        }
        made
    }

    /// The records that tell of new rows, numbered from `first` on.
    fn inserts(&self, sort_keys: &[String], first: usize) -> Event {
        let record = |(number, sk): (usize, &String)| {
            json!({
                "eventID": number.to_string(),
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_772_442_900,
                    "Keys": {"PK": {"S": format!("USER#{}", self.world.user.id)}, "SK": {"S": sk}},
                    "SequenceNumber": (first + number).to_string(),
                    "SizeBytes": 500,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "eventSourceARN": "arn:aws:dynamodb:eu-central-1:000000000000:table/spacedly/stream/x",
            })
        };
        let records: Vec<Value> = sort_keys.iter().enumerate().map(record).collect();
        serde_json::from_value(json!({"Records": records})).unwrap()
    }

    /// Hands a batch to the planner; the sequence numbers that it reports as failed.
    async fn plan(&self, event: &Event) -> Vec<String> {
        let batch = Batch { function: "service-dispatch", stage: "test".to_owned(), clock: clock::fixed() };
        let response = process_batch(&batch, &self.dispatcher, event).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier.unwrap()).collect()
    }

    /// Hands all of it to the planner, batch by batch, and expects no failure.
    async fn plan_all(&self, sort_keys: &[String]) {
        for batch in sort_keys.chunks(BATCH) {
            assert_eq!(self.plan(&self.inserts(batch, 0)).await, [""; 0]);
        }
    }

    /// The messages that were put on a queue, in single calls or in batches.
    fn queued<M: DeserializeOwned>(&self, queue: &str) -> Vec<M> {
        let bodies = self.queues.bodies().into_iter();
        let of_queue = bodies.filter(|body| body["QueueUrl"].as_str().unwrap().ends_with(queue));
        let messages = of_queue.flat_map(|body| body["Entries"].as_array().cloned().unwrap_or_else(|| vec![body]));
        messages.map(|message| serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap()).collect()
    }

    /// What the schedules that were made carry.
    fn scheduled(&self) -> Vec<FireReminder> {
        let inputs = self.scheduler.bodies().into_iter().map(|body| body["Target"]["Input"].clone());
        inputs.filter_map(|input| serde_json::from_str(input.as_str()?).ok()).collect()
    }

    /// Delivers every message that was put on the reminder queue, schedules' messages among them.
    async fn fire_all(&self, now: Timestamp) {
        for message in self.scheduled().into_iter().chain(self.queued("reminders")) {
            reminders::fire::handle(&self.world.store, &Permit::of_system(), message, now).await.unwrap();
        }
    }

    /// The sort keys of the reminders' mails.
    async fn mail_keys(&self) -> Vec<String> {
        let mails = self.world.mails().await.into_iter().filter(|mail| mail.content.kid().is_none());
        mails.map(|mail| format!("MAIL#{}", mail.id)).collect()
    }

    /// Delivers every message that was put on the mail queue.
    async fn send_all(&self, now: Timestamp) {
        for body in self.queued::<SendMail>("mails") {
            self.sender.handle(Message { body, deliveries: 1 }, now).await.unwrap();
        }
    }

    /// How many mails SES took, by subject. Those of the registration are left out.
    fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for body in self.ses.bodies() {
            let subject = body["Content"]["Simple"]["Subject"]["Data"].as_str().unwrap().to_owned();
            if subject.starts_with("Reminder: ") {
                *taken.entry(subject).or_default() += 1;
            }
        }
        taken
    }

    /// Asserts one mail for each of so many reminders, and a receipt that says so.
    async fn expect_one_mail_each(&self, reminders: &[Reminder]) {
        let wanted: BTreeMap<String, usize> =
            (0..reminders.len()).map(|number| (format!("Reminder: Task {number} is due soon"), 1)).collect();
        assert_eq!(self.taken(), wanted);
        for reminder in reminders {
            let now = self.world.store.reminder(self.world.user.id, reminder.id).await.unwrap().unwrap();
            assert_eq!((now.email_sent, now.delivery.state), (true, DeliveryState::Sent));
        }
    }
}

/// The message of a tick.
fn tick() -> Message<Sweep> {
    Message { body: Sweep::Tick, deliveries: 1 }
}

fn sort_keys(reminders: &[Reminder]) -> Vec<String> {
    reminders.iter().map(|reminder| format!("REM#{}", reminder.id)).collect()
}

#[tokio::test]
async fn a_hundred_reminders_made_while_the_planner_was_down_are_sent_once_each() {
    let line = line(Arc::default()).await;
    // Half of them should have gone out while it was down, the others are to come.
    let mut made = line.reminders(0..50, MINUTE * 10).await;
    made.extend(line.reminders(50..100, HOUR * 3).await);
    assert!(line.queued::<FireReminder>("reminders").is_empty() && line.scheduled().is_empty());
    // It is up again: all records come late and in one go, and then once more.
    for _ in 0..2 {
        line.plan_all(&sort_keys(&made)).await;
    }
    let scheduled: BTreeSet<_> = line.scheduled().iter().map(|message| message.reminder_id.to_string()).collect();
    assert_eq!(scheduled, made[50..].iter().map(|reminder| reminder.id.to_string()).collect());
    let later = clock::now().plus(HOUR * 3);
    line.fire_all(later).await;
    for _ in 0..2 {
        line.plan_all(&line.mail_keys().await).await;
        line.send_all(later).await;
    }
    line.expect_one_mail_each(&made).await;
}

#[tokio::test]
async fn what_the_sweep_sent_while_the_planner_was_down_is_not_sent_again_when_it_is_up() {
    let line = line(Arc::default()).await;
    let start = clock::now();
    let made = line.reminders(0..20, MINUTE * 10).await;
    // Down for two hours. The sweep finds the reminders, then their mails, which the stream would have handed over.
    let tick = async |minute: u32| line.sweeper.handle(tick(), start.plus(MINUTE * minute)).await.unwrap();
    for minute in 0..30 {
        tick(minute).await;
    }
    line.fire_all(start.plus(MINUTE * 30)).await;
    for minute in 30..120 {
        tick(minute).await;
    }
    line.send_all(start.plus(HOUR * 2)).await;
    line.expect_one_mail_each(&made).await;
    line.plan_all(&sort_keys(&made)).await;
    line.plan_all(&line.mail_keys().await).await;
    line.fire_all(start.plus(HOUR * 2)).await;
    line.send_all(start.plus(HOUR * 2)).await;
    line.expect_one_mail_each(&made).await;
}

#[tokio::test]
async fn relative_and_snoozed_reminders_moved_while_the_planner_was_down_are_sent_once_each_at_their_last_time() {
    let line = line(Arc::default()).await;
    let (world, permit, now) = (&line.world, line.world.permit(), clock::now());
    let mut made = Vec::new();
    for number in 0..10 {
        let task = world.task(json!({"title": format!("Task {number}"), "dueDate": now.plus(HOUR * 5)})).await;
        let reminder = world.relative_reminder(&task, 60).await;
        // All due dates move; every other reminder is put off after that, to the time that the others have.
        let row = world.store.task(world.user.id, task.id).await.unwrap().unwrap();
        let patch = parsed::<TaskPatch>(json!({"dueDate": now.plus(HOUR * 9)}), now);
        let change = world.store.follow_due_date(row.task.change(patch, &Zone::UTC, now).unwrap()).await.unwrap();
        world.store.update_task(&permit, &row, &change).await.unwrap();
        let mut moved = world.store.reminder(world.user.id, reminder.id).await.unwrap().unwrap();
        if number % 2 == 1 {
            let snooze = moved.snooze(Snooze::Until(now.plus(HOUR * 7)), now).unwrap();
            world.store.snooze_reminder(&permit, &snooze).await.unwrap();
            moved = snooze.next;
        }
        assert_eq!(moved.fires_at(), Some(now.plus(HOUR * 7)));
        made.push(moved);
    }
    for _ in 0..2 {
        line.plan_all(&sort_keys(&made)).await;
    }
    let plans: BTreeSet<u64> = line.scheduled().iter().map(|message| message.plan).collect();
    assert_eq!(plans, BTreeSet::from([2, 3]), "only what is left is planned");
    for hours in [4, 7, 8] {
        line.fire_all(now.plus(HOUR * hours)).await;
    }
    for _ in 0..2 {
        line.plan_all(&line.mail_keys().await).await;
        line.send_all(now.plus(HOUR * 8)).await;
    }
    let taken = line.taken();
    assert_eq!((taken.len(), taken.values().all(|mails| *mails == 1)), (10, true), "{taken:?}");
}

/// How often Lambda delivers a batch that fails: the first time and every retry that template.yaml grants.
fn deliveries() -> usize {
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml")).unwrap();
    let retries = template.lines().find_map(|line| line.trim().strip_prefix("MaximumRetryAttempts: ")).unwrap();
    1 + retries.parse::<usize>().unwrap()
}

#[tokio::test]
async fn a_record_that_always_fails_holds_up_no_other_of_its_batch_and_the_sweep_finds_its_reminder() {
    let poison = Arc::new(Mutex::new(String::new()));
    let line = line(Arc::clone(&poison)).await;
    let made = line.reminders(0..10, HOUR * 3).await;
    *poison.lock().unwrap() = made[3].id.to_string();
    let keys = sort_keys(&made);
    // Lambda delivers from the failure on until it gives the rest of the batch up, to the dead letters.
    let mut from = 0;
    for _ in 0..deliveries() {
        let failed = line.plan(&line.inserts(&keys[from..], from)).await;
        assert_eq!(failed, ["3"]);
        from = 3;
    }
    let scheduled: BTreeSet<_> = line.scheduled().into_iter().map(|message| message.reminder_id.to_string()).collect();
    assert!(made.iter().all(|reminder| scheduled.contains(&reminder.id.to_string())), "each was asked for");
    // Those that Scheduler took fire; the one that it did not take is in no queue until the sweep has looked.
    let due = made[3].fires_at().unwrap();
    for message in line.scheduled().into_iter().filter(|message| message.reminder_id != made[3].id) {
        reminders::fire::handle(&line.world.store, &Permit::of_system(), message, due).await.unwrap();
    }
    assert!(line.queued::<FireReminder>("reminders").is_empty());
    for minute in 0..30 {
        line.sweeper.handle(tick(), due.plus(MINUTE * minute)).await.unwrap();
    }
    let found = line.queued::<FireReminder>("reminders");
    assert!(!found.is_empty() && found.iter().all(|message| message.reminder_id == made[3].id));
    for message in found {
        reminders::fire::handle(&line.world.store, &Permit::of_system(), message, due.plus(MINUTE * 30)).await.unwrap();
    }
    line.plan_all(&line.mail_keys().await).await;
    line.send_all(due.plus(HOUR)).await;
    line.expect_one_mail_each(&made).await;
}

#[tokio::test]
async fn a_service_that_is_down_is_not_asked_for_every_record_of_a_batch() {
    let poison = Arc::new(Mutex::new("reminder-".to_owned()));
    let line = line(poison).await;
    let made = line.reminders(0..8, HOUR * 3).await;
    assert_eq!(line.plan(&line.inserts(&sort_keys(&made), 0)).await, ["0", "1", "2"]);
    assert_eq!(line.scheduler.asked().len(), 3);
}

#[tokio::test]
async fn a_row_that_is_none_of_ours_is_no_failure() {
    let line = line(Arc::default()).await;
    let strange = ["REM#1", "MAIL#", "REM#../x"].map(ToOwned::to_owned);
    assert_eq!(line.plan(&line.inserts(&strange, 0)).await, [""; 0]);
    assert!(line.scheduler.asked().is_empty() && line.queues.asked().is_empty());
}
