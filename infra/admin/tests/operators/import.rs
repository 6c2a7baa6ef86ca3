//! The importer.

use std::time::Instant;

use admin::import::{self, Address, Kind, Report, Start};
use admin::replay;
use shared::domain::email::Email;
use shared::domain::reminder::ReminderStatus;
use shared::domain::user::{AuthProvider, User};
use shared::domain::user_change::{OtherSessions, TwoFactor};
use shared::domain::zone::Zone;
use shared::id::{ReminderId, TaskId};
use shared::store::Permit;
use shared::store::counters::CounterSnapshot;
use shared::store::replay::Mode;

use legacy_fixture::{AS_QUERIES, AS_TABLES, Postgres, ROWS};
use test_support::{World, clock};

async fn run(world: &World, from: &Postgres, start: Start) -> Report {
    let zone = Zone::parse("Asia/Kolkata").unwrap();
    let address = Address::read(&from.url(), None).unwrap();
    import::run((&world.store, clock::fixed()), &address, &zone, start, None, &mut std::io::sink()).await.unwrap()
}

async fn user(world: &World, email: &str) -> User {
    let id = world.store.user_id_of(&Email::parse(email).unwrap()).await.unwrap().unwrap();
    world.store.user(id).await.unwrap().unwrap()
}

async fn original() -> Postgres {
    let postgres = Postgres::start_at(&clock::now().to_string()).await;
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    client.batch_execute(ROWS).await.unwrap();
    postgres
}

fn reasons(rows: &[import::Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{:?} {}", row.kind, row.id.chars().last().unwrap())).collect()
}

#[tokio::test]
async fn what_the_original_has_is_brought_over_and_what_cannot_be_is_named() {
    let (world, postgres) = (World::new().await, original().await);
    let report = run(&world, &postgres, Start::WhereItStopped).await;
    let refused =
        ["Task 3", "Reminder 4", "Reminder 5", "Notification 2", "Attachment 1", "User 3", "Task 4", "User 4"];
    assert_eq!(reasons(&report.refused), refused, "{report}");
    assert_eq!(reasons(&report.altered), ["User 5"], "{report}");
    let taken = |kind| report.taken.get(&kind).copied().unwrap_or_default();
    assert_eq!([Kind::User, Kind::Task, Kind::Reminder, Kind::Notification].map(taken), [3, 2, 3, 1]);

    let asha = user(&world, "asha@example.com").await;
    assert!(!asha.email_verified && asha.gets_reminders_unverified && asha.is_two_factor_enabled);
    assert!(asha.password_hash.as_ref().is_some_and(|hash| hash.as_str().starts_with("$2a$10$")), "kept as it is");
    let google = user(&world, "g@example.com").await;
    assert_eq!((google.auth_provider, google.password_hash.is_some()), (AuthProvider::Google, false));
    assert!(google.email_verified);
    let matches = world.store.google_matches("11223344", Some(&google.email)).await.unwrap();
    assert_eq!(matches.linked, Some(google.id));

    let rent = TaskId::parse("20000000-0000-4000-8000-000000000001").unwrap();
    let rent = world.store.task(asha.id, rent).await.unwrap().unwrap().task;
    assert_eq!(rent.due_date.map(|due| due.to_string()).as_deref(), Some("2027-01-01T09:30:00.000Z"));
    assert_eq!(rent.reminders.len(), 1);
    let reminder = |n: u8| ReminderId::parse(&format!("30000000-0000-4000-8000-00000000000{n}")).unwrap();
    let pending = world.store.reminder(asha.id, reminder(1)).await.unwrap().unwrap();
    assert!(pending.fires_at().is_some_and(|at| at > clock::now()), "it is planned anew");
    let sent = world.store.reminder(asha.id, reminder(2)).await.unwrap().unwrap();
    assert_eq!((sent.status, sent.email_sent), (ReminderStatus::Completed, true));
    let missed = world.store.reminder(asha.id, reminder(3)).await.unwrap().unwrap();
    assert_eq!((missed.status, missed.fires_at()), (ReminderStatus::Pending, None), "its time has passed");

    let (totals, _) = world.store.totals(asha.id, clock::now()).await.unwrap().unwrap();
    assert_eq!((totals.tasks, totals.pending, totals.overdue, totals.completed), (2, 2, 1, 1));
    assert!(replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap().wrong.is_empty());
}

#[tokio::test]
async fn of_two_spellings_of_one_mailbox_one_is_taken_and_an_address_without_mail_is_refused() {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    client
        .batch_execute(
            "INSERT INTO users (id, name, email) VALUES
               ('10000000-0000-4000-8000-000000000001', 'Asha Rao', 'a@b\u{fc}cher.example'),
               ('10000000-0000-4000-8000-000000000002', 'Asha Again', 'A@xn--bcher-kva.example'),
               ('10000000-0000-4000-8000-000000000003', 'U Nal', '\u{fc}nal@example.com');",
        )
        .await
        .unwrap();
    let report = run(&world, &postgres, Start::WhereItStopped).await;
    assert_eq!(reasons(&report.refused), ["User 2", "User 3"], "{report}");
    assert!(report.refused[0].reason.contains("another account has its e-mail address"), "{report}");
    assert!(report.refused[1].reason.contains("only ASCII characters before the @"), "{report}");
    assert_eq!(user(&world, "a@b\u{fc}cher.example").await.email.as_str(), "a@xn--bcher-kva.example");
}

#[tokio::test]
async fn a_second_import_adds_nothing_and_undoes_no_change() {
    let (world, postgres) = (World::new().await, original().await);
    let first = run(&world, &postgres, Start::WhereItStopped).await;
    let asha = user(&world, "asha@example.com").await;
    let rent = TaskId::parse("20000000-0000-4000-8000-000000000001").unwrap();
    let row = world.store.task(asha.id, rent).await.unwrap().unwrap();
    let patch = test_support::parsed(serde_json::json!({"title": "Pay the rent"}), clock::now());
    let system = shared::store::Permit::of_system();
    world.store.update_task(&system, &row, &row.task.change(patch, &Zone::UTC, clock::now()).unwrap()).await.unwrap();
    assert_eq!(run(&world, &postgres, Start::WhereItStopped).await, Report::default(), "it goes on at the end");
    assert_eq!(run(&world, &postgres, Start::Anew).await, first);
    let task = world.store.task(asha.id, rent).await.unwrap().unwrap().task;
    assert_eq!((task.title.as_str(), task.reminders.len()), ("Pay the rent", 1));
    assert!(replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap().wrong.is_empty());
}

#[tokio::test]
async fn the_other_spelling_of_the_columns_is_read_as_well() {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_QUERIES).await.unwrap();
    client
        .batch_execute(
            "INSERT INTO users VALUES ('10000000-0000-4000-8000-000000000001', 'John Doe', 'john@example.com',
               '$2a$10$abc', 'local', false, '2024-12-01 10:00:00+05:30', NOW());
             INSERT INTO tasks VALUES ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001',
               'Complete project', 'Finish the backend', 'Work', 'High', 'https://github.com/', NOW(), NOW());
             INSERT INTO reminders VALUES ('30000000-0000-4000-8000-000000000001',
               '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001',
               '2024-12-10 09:00:00+00', 'completed', true, NOW(), NOW());",
        )
        .await
        .unwrap();
    let report = run(&world, &postgres, Start::WhereItStopped).await;
    assert!(report.refused.is_empty() && report.altered.is_empty(), "{report}");
    let john = user(&world, "john@example.com").await;
    assert_eq!(john.created_at.to_string(), "2024-12-01T04:30:00.000Z");
    let task = TaskId::parse("20000000-0000-4000-8000-000000000001").unwrap();
    let task = world.store.task(john.id, task).await.unwrap().unwrap().task;
    assert_eq!((task.due_date, task.link.is_some()), (None, true));
}

#[tokio::test]
async fn ten_thousand_rows_come_over_complete() {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    client
        .batch_execute(
            "INSERT INTO users (name, email, password)
               SELECT 'User ' || n, 'user' || n || '@example.com', '$2a$10$abc' FROM generate_series(1, 20) n;
             INSERT INTO tasks (user_id, title, due_date, category)
               SELECT id, 'Task ' || n, NOW(), 'c' || n % 5 FROM users, generate_series(1, 49) n;
             INSERT INTO reminders (user_id, task_id, scheduled_at, status)
               SELECT user_id, id, NOW() + (n - 5) * interval '1 day', CASE WHEN n < 5 THEN 'completed' ELSE 'pending' END
               FROM tasks, generate_series(1, 9) n;
             INSERT INTO notifications (user_id, type, title, message)
               SELECT id, 'general', 'Hello', 'Hello' FROM users, generate_series(1, 9) n;",
        )
        .await
        .unwrap();
    let start = Instant::now();
    let report = run(&world, &postgres, Start::WhereItStopped).await;
    println!("import, 10,000 rows: {:?}", start.elapsed());
    assert!(report.refused.is_empty() && report.altered.is_empty(), "{report}");
    assert_eq!(report.taken.values().sum::<u64>(), 20 + 980 + 8_820 + 180);
    let summary = replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap();
    assert_eq!((summary.rows, summary.wrong.len()), (9_800, 0), "{summary}");
}

#[tokio::test]
async fn the_unread_notifications_are_counted_as_the_list_shows_them_also_after_a_second_import() {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    let rows = "INSERT INTO notifications (user_id, type, title, message, is_read, created_at)
                  SELECT id, 'general', 'Hello', 'Hello', n % 3 = 0, NOW() - n * interval '1 day'
                  FROM users, generate_series(1, 12) n";
    let user_row = "INSERT INTO users (name, email) VALUES ('Asha Rao', 'asha@example.com')";
    client.batch_execute(&format!("{user_row}; {rows}")).await.unwrap();
    run(&world, &postgres, Start::WhereItStopped).await;
    let asha = user(&world, "asha@example.com").await.id;
    let unread = async || {
        let now = clock::now();
        let listed = world.store.notifications(asha, None, 100, now).await.unwrap().rows;
        let shown = listed.iter().filter(|row| !row.value.0.is_read).count();
        let counted = world.store.unread_notifications(asha, now).await.unwrap();
        assert_eq!(counted, shown as u64, "count and list agree");
        (listed.len(), counted)
    };
    assert_eq!(unread().await, (12, 8));
    // What the user has read since stays read, and what came since stays counted.
    world.store.mark_all_read(&Permit::of_system(), asha, clock::now()).await.unwrap();
    let read = world.store.account_with_sessions(asha, clock::now()).await.unwrap().unwrap();
    let later = read.user.switch_two_factor(TwoFactor::On, clock::now()).unwrap();
    let notice = test_support::notice(later.mail.clone(), &read.user);
    world.store.switch_two_factor(&Permit::of_system(), &read, &later, OtherSessions::Keep, &notice).await.unwrap();
    assert_eq!(unread().await, (13, 1));
    run(&world, &postgres, Start::Anew).await;
    assert_eq!(unread().await, (13, 1));
}

#[tokio::test]
async fn a_reminder_that_the_original_made_since_or_its_user_deleted_here_is_not_forced_on_a_task() {
    let (world, postgres) = (World::new().await, original().await);
    run(&world, &postgres, Start::WhereItStopped).await;
    let asha = user(&world, "asha@example.com").await;
    let deleted = ReminderId::parse("30000000-0000-4000-8000-000000000001").unwrap();
    let reminder = world.store.reminder(asha.id, deleted).await.unwrap().unwrap();
    world
        .store
        .delete_reminder(&Permit::of_system(), &reminder, &CounterSnapshot::default(), clock::now())
        .await
        .unwrap();
    let since = "INSERT INTO reminders (id, user_id, task_id, scheduled_at) VALUES
        ('30000000-0000-4000-8000-000000000009', '10000000-0000-4000-8000-000000000001',
         '20000000-0000-4000-8000-000000000001', NOW() + interval '9 days')";
    postgres.client().await.batch_execute(since).await.unwrap();
    let report = run(&world, &postgres, Start::Anew).await;
    let left_out: Vec<&str> = report
        .refused
        .iter()
        .filter(|row| row.reason.contains("brought in before"))
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(left_out, ["30000000-0000-4000-8000-000000000001", "30000000-0000-4000-8000-000000000009"]);
    for id in left_out {
        assert!(world.store.reminder(asha.id, ReminderId::parse(id).unwrap()).await.unwrap().is_none(), "{id}");
    }
    let summary = replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap();
    assert!(summary.wrong.is_empty() && summary.failed.is_empty(), "{summary}");
}
