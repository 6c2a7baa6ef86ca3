//! `service-dispatch`: what it asks of the services for each kind of record, also twice and out of order.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use service::dispatch::Dispatcher;
use shared::aws::mail_queues::MailQueues;
use shared::aws::queue::Queue;
use shared::aws::schedules::{Schedules, Target};
use shared::domain::mail::{Mail, MailContent, MailLane};
use shared::domain::reminder::{Reminder, ReminderPatch};
use shared::events::{Batch, Failure, Record, RowEvent, StreamFunction, process_batch};
use shared::id::TokenSeed;
use shared::store::Permit;
use shared::store::counters::CounterSnapshot;
use shared::store::keys::RowKey;
use shared::store::replay::Mode;
use test_support::{Answer, Scripted, World, clock};

const HOUR: Duration = Duration::from_secs(3600);

struct Services {
    world: World,
    scheduler: Scripted,
    queues: Scripted,
    dispatcher: Dispatcher,
}

async fn services(scheduler: Vec<Answer>) -> Services {
    let world = World::new().await;
    let (scheduler, queues) = (Scripted::new(scheduler).await, Scripted::new(vec![Answer::ok()]).await);
    let arn = |name: &str| format!("arn:aws:sqs:eu-central-1:000000000000:{name}");
    let target = Target {
        group: "spacedly".to_owned(),
        role_arn: "arn:aws:iam::000000000000:role/scheduler".to_owned(),
        queue_arn: arn("reminders"),
        dead_letter_arn: arn("parked"),
    };
    let queue = |name: &str| format!("https://sqs.example.com/{name}");
    let dispatcher = Dispatcher {
        store: world.store.clone(),
        permit: Permit::of_system(),
        schedules: Schedules::new(&scheduler.sdk(), target),
        reminders: Queue::new(&queues.sdk(), queue("reminders")),
        mails: MailQueues {
            codes: Queue::new(&queues.sdk(), queue("codes")),
            others: Queue::new(&queues.sdk(), queue("mails")),
        },
        cleanups: Queue::new(&queues.sdk(), queue("cleanups")),
        exports: Queue::new(&queues.sdk(), queue("exports")),
        sweeps: Queue::new(&queues.sdk(), queue("sweeps")),
        limits: test_support::api::limits("100/900", "5/900"),
    };
    Services { world, scheduler, queues, dispatcher }
}

fn made() -> Answer {
    Answer::ok().with(json!({"ScheduleArn": "arn:aws:scheduler:eu-central-1:000000000000:schedule/spacedly/x"}))
}

impl Services {
    async fn handle(&self, record: Record) -> Result<(), Failure> {
        self.dispatcher.handle(record, clock::now()).await
    }

    fn record(&self, sk: &str, event: RowEvent, old_plan: Option<u64>) -> Record {
        let row = RowKey::parse(&format!("USER#{}", self.world.user.id), sk).unwrap();
        Record { row, event, old_plan, old_task: None, old_kept_day: None, lane: MailLane::Others }
    }

    fn reminder_record(&self, reminder: &Reminder, event: RowEvent, old_plan: Option<u64>) -> Record {
        self.record(&format!("REM#{}", reminder.id), event, old_plan)
    }

    /// Names of the schedules that were made or taken back.
    fn schedules(&self) -> Vec<String> {
        let name = |path: &str| path.split(['/', '?']).nth(2).unwrap_or_default().to_owned();
        self.scheduler.asked().iter().map(|asked| name(&asked.path)).collect()
    }

    /// Queue and message of what was queued.
    fn queued(&self) -> Vec<(String, Value)> {
        let read = |body: &Value| {
            let queue = body["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (queue, serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap())
        };
        self.queues.bodies().iter().map(read).collect()
    }
}

#[tokio::test]
async fn a_reminder_that_is_far_off_gets_a_schedule_that_carries_its_plan() {
    let services = services(vec![made()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    services.handle(services.reminder_record(&reminder, RowEvent::Insert, None)).await.unwrap();
    assert_eq!(services.schedules(), [format!("reminder-{}-1", reminder.id)]);
    let body = &services.scheduler.bodies()[0];
    let at = reminder.fires_at().unwrap().to_string();
    let (whole_seconds, _) = at.split_once('.').unwrap();
    assert_eq!(body["ScheduleExpression"], format!("at({whole_seconds})"));
    assert_eq!(body["ActionAfterCompletion"], "DELETE");
    let input: Value = serde_json::from_str(body["Target"]["Input"].as_str().unwrap()).unwrap();
    let expected =
        json!({"userId": reminder.user_id, "reminderId": reminder.id, "taskId": reminder.task_id, "plan": 1});
    assert_eq!(input, expected);
    assert!(services.queued().is_empty());
}

#[tokio::test]
async fn a_reminder_that_is_due_goes_straight_onto_the_queue() {
    let services = services(vec![made()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, Duration::from_secs(600)).await;
    services.handle(services.reminder_record(&reminder, RowEvent::Insert, None)).await.unwrap();
    let queued = services.queued();
    assert_eq!((queued.len(), queued[0].0.as_str()), (1, "reminders"));
    assert_eq!(queued[0].1["reminderId"], json!(reminder.id));
    assert!(services.schedules().is_empty());
}

#[tokio::test]
async fn a_record_that_comes_twice_asks_for_the_same_schedule_and_is_content() {
    let conflict = Answer::error(json!({"__type": "ConflictException", "Message": "exists"}));
    let services = services(vec![made(), conflict]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    let record = services.reminder_record(&reminder, RowEvent::Insert, None);
    services.handle(record.clone()).await.unwrap();
    services.handle(record).await.unwrap();
    let names = services.schedules();
    assert_eq!((names.len(), &names[0]), (2, &names[1]));
}

#[tokio::test]
async fn a_moved_reminder_is_planned_anew_and_its_old_schedule_taken_back() {
    let services = services(vec![made()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    let later = ReminderPatch { scheduled_at: Some(clock::now().plus(HOUR * 9)), ..ReminderPatch::default() };
    let moved = reminder.change(later, clock::now()).unwrap();
    services.world.store.update_reminder(&services.world.permit(), &moved, &CounterSnapshot::default()).await.unwrap();
    services.handle(services.reminder_record(&reminder, RowEvent::Modify, Some(1))).await.unwrap();
    assert_eq!(services.schedules(), [format!("reminder-{}-2", reminder.id), format!("reminder-{}-1", reminder.id)]);
    // The record of the creation, late: it plans what the reminder is now.
    services.handle(services.reminder_record(&reminder, RowEvent::Insert, None)).await.unwrap();
    assert_eq!(services.schedules()[2], format!("reminder-{}-2", reminder.id));
}

#[tokio::test]
async fn a_reworded_reminder_asks_nothing() {
    let services = services(vec![made()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    services.handle(services.reminder_record(&reminder, RowEvent::Modify, Some(1))).await.unwrap();
    assert!(services.schedules().is_empty() && services.queued().is_empty());
}

#[tokio::test]
async fn a_deleted_reminders_schedule_is_taken_back_and_one_that_is_gone_is_no_error() {
    let gone = Answer::missing(json!({"__type": "ResourceNotFoundException", "Message": "gone"}));
    let services = services(vec![gone]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    services
        .world
        .store
        .delete_reminder(&services.world.permit(), &reminder, &CounterSnapshot::default(), clock::now())
        .await
        .unwrap();
    services.handle(services.reminder_record(&reminder, RowEvent::Remove, Some(1))).await.unwrap();
    assert_eq!(services.schedules(), [format!("reminder-{}-1", reminder.id)]);
}

#[tokio::test]
async fn a_deleted_reminder_that_leaves_completions_is_cleaned_up_after_and_another_is_not() {
    let services = services(vec![made()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    services.handle(services.reminder_record(&reminder, RowEvent::Remove, None)).await.unwrap();
    assert!(services.queued().is_empty());
    let removed = Record {
        old_task: Some(task.id),
        old_kept_day: Some("2026-03-01".parse().unwrap()),
        ..services.reminder_record(&reminder, RowEvent::Remove, None)
    };
    services.handle(removed).await.unwrap();
    let message = json!({
        "kind": "reminder", "userId": reminder.user_id, "taskId": task.id, "reminderId": reminder.id,
    });
    assert_eq!(services.queued(), [("cleanups".to_owned(), message)]);
}

#[tokio::test]
async fn a_service_that_is_down_has_the_record_come_again() {
    let services = services(vec![Answer::broken()]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    let record = services.reminder_record(&reminder, RowEvent::Insert, None);
    assert!(services.handle(record).await.is_err());
}

#[tokio::test]
async fn new_mails_and_deleted_tasks_go_onto_their_queues_and_nothing_else_does() {
    let services = services(vec![made()]).await;
    let id = "01930000-0000-7000-8000-000000000001";
    for (sk, event) in [
        (format!("MAIL#{id}"), RowEvent::Insert),
        (format!("MAIL#{id}"), RowEvent::Modify),
        (format!("MAIL#{id}"), RowEvent::Remove),
        (format!("TASK#{id}"), RowEvent::Remove),
        (format!("TASK#{id}"), RowEvent::Insert),
        ("ACCOUNT".to_owned(), RowEvent::Insert),
        ("ACCOUNT".to_owned(), RowEvent::Modify),
        ("ACCOUNT".to_owned(), RowEvent::Remove),
        ("EXPORT".to_owned(), RowEvent::Insert),
        (format!("ACCOUNT#SESSION#{}", services.world.session.id), RowEvent::Modify),
    ] {
        services.handle(services.record(&sk, event, None)).await.unwrap();
    }
    let queues: Vec<String> = services.queued().into_iter().map(|(queue, _)| queue).collect();
    assert_eq!(queues, ["mails", "cleanups", "cleanups"]);
}

#[tokio::test]
async fn codes_and_resets_travel_apart_from_all_other_mail() {
    let services = services(vec![made()]).await;
    let (seed, kid, expires_at) = (TokenSeed::new(), "1".to_owned(), clock::now());
    for (content, queue) in [
        (MailContent::LoginCode { seed, kid: kid.clone(), expires_at }, "codes"),
        (MailContent::PasswordReset { seed, kid: kid.clone() }, "codes"),
        (MailContent::Verification { seed, kid }, "mails"),
        (MailContent::PasswordChanged, "mails"),
    ] {
        let mail = Mail::new(services.world.user.id, content, clock::now());
        let Value::Object(fields) = serde_json::to_value(&mail.content).unwrap() else { unreachable!() };
        let fields: Value = fields.into_iter().map(|(name, value)| (name, json!({"S": value}))).collect();
        let keys = json!({"PK": {"S": format!("USER#{}", mail.user_id)}, "SK": {"S": format!("MAIL#{}", mail.id)}});
        let record = json!({
            "eventID": "1",
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:dynamodb:eu-central-1:000000000000:table/spacedly/stream/x",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_772_442_900,
                "Keys": keys,
                "NewImage": {"content": {"M": fields}},
                "SequenceNumber": "1",
                "SizeBytes": 500,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        });
        let event = serde_json::from_value(json!({"Records": [record]})).unwrap();
        let batch = Batch { function: "service-dispatch", stage: "test".to_owned(), clock: clock::fixed() };
        assert!(process_batch(&batch, &services.dispatcher, &event).await.batch_item_failures.is_empty());
        let (used, message) = services.queued().pop().unwrap();
        assert_eq!((used.as_str(), &message["mailId"]), (queue, &json!(mail.id)), "{:?}", mail.content);
    }
}

#[tokio::test]
async fn a_full_scheduler_does_not_hold_up_the_stream() {
    let full = Answer::error(json!({"__type": "ServiceQuotaExceededException", "Message": "too many schedules"}));
    let services = services(vec![full]).await;
    let task = services.world.task(json!({"title": "Pay rent"})).await;
    let reminder = services.world.reminder(&task, HOUR * 3).await;
    services.handle(services.reminder_record(&reminder, RowEvent::Insert, None)).await.unwrap();
}

#[tokio::test]
async fn a_category_that_no_task_has_any_more_is_forgotten_and_one_that_counts_again_is_not() {
    let services = services(vec![made()]).await;
    let (world, user) = (&services.world, services.world.user.id);
    let forget = async |category: &str| {
        let record = services.record(&format!("CATEGORY#{category}"), RowEvent::Modify, None);
        services.handle(record).await.unwrap();
    };
    let left = world.task(json!({"title": "Pay rent", "category": "Home"})).await;
    world.task(json!({"title": "Call", "category": "Work"})).await;
    let row = world.store.task(user, left.id).await.unwrap().unwrap();
    world.store.delete_task(&world.permit(), &row, clock::now()).await.unwrap();
    assert_eq!(world.count("CATEGORY#").await, 2);
    for category in ["Home", "Home", "Work", "Never"] {
        forget(category).await;
    }
    assert_eq!(world.count("CATEGORY#").await, 1);
    // The record was late: the category has a task again.
    world.task(json!({"title": "Sweep", "category": "Home"})).await;
    forget("Home").await;
    let (totals, _) = world.store.totals(user, clock::now()).await.unwrap().unwrap();
    assert_eq!(totals.categories, BTreeMap::from([("Home".to_owned(), 1), ("Work".to_owned(), 1)]));
    assert!(
        world.store.replay(&Permit::of_system(), user, Mode::Compare, clock::now()).await.unwrap().unwrap().is_clean()
    );
}

#[tokio::test]
async fn the_user_of_a_stolen_session_is_notified_once_and_the_session_deleted() {
    let services = services(vec![made()]).await;
    let (world, session) = (&services.world, &services.world.session);
    world.store.end_stolen_session(&Permit::of_system(), session).await.unwrap();
    let record = || services.record(&format!("ACCOUNT#SESSION#{}", session.id), RowEvent::Modify, None);
    let mails = world.mails().await.len();
    for _ in 0..3 {
        services.handle(record()).await.unwrap();
    }
    assert!(world.store.session(world.user.id, session.id).await.unwrap().is_none());
    assert_eq!((world.count("NTF#").await, world.mails().await.len()), (1, mails + 1));
    services.handle(services.record(&format!("ACCOUNT#SESSION#{}", session.id), RowEvent::Remove, None)).await.unwrap();
}

#[tokio::test]
async fn a_change_of_what_reviews_follow_goes_onto_the_sweeps_queue_a_moment_later() {
    let services = services(vec![made()]).await;
    let world = &services.world;
    services.handle(services.record("REVIEWS", RowEvent::Insert, None)).await.unwrap();
    assert!(services.queues.asked().is_empty(), "the row is gone");
    let now = clock::now();
    let change = world.user.change(test_support::parsed(json!({"timezone": "UTC"}), now), now);
    world.store.update_user(&world.permit(), &world.user, &change).await.unwrap();
    services.handle(services.record("REVIEWS", RowEvent::Modify, None)).await.unwrap();
    services.handle(services.record("REVIEWS", RowEvent::Remove, None)).await.unwrap();
    let [message] = &services.queues.bodies()[..] else { panic!("one message") };
    assert_eq!(
        (&message["QueueUrl"], &message["DelaySeconds"]),
        (&json!("https://sqs.example.com/sweeps"), &json!(10))
    );
    let body: serde_json::Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"kind": "reviews", "userId": world.user.id, "since": now}));
}
