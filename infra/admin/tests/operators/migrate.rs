//! Migrations and replays.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use admin::Failure;
use admin::migrate::{self, End, Plan};
use admin::replay;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::domain::email::Email;
use shared::domain::reminder::ReminderStatus;
use shared::domain::user::User;
use shared::id::{ReminderId, UserId};
use shared::store::Permit;
use shared::store::addresses::AddressOutcome;
use shared::store::import::Family;
use shared::store::ledger::MigrationState;
use shared::store::replay::Mode;
use shared::store::users::AccountWithSessions;

use test_support::{World, clock, new_reminder, new_task, sign_up};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A user with so many tasks of 24 reminders each, none of them marked or counted: rows of before the counters.
async fn uncounted(world: &World, tasks: usize) {
    let families = (0..tasks).map(|n| {
        let task = new_task(&world.user, json!({"title": format!("Task {n}"), "category": format!("c{}", n % 7)}));
        let mut reminders = Vec::new();
        for at in 0..24_u32 {
            let mut reminder = new_reminder(&task, DAY * (at + 1));
            reminder.status =
                [ReminderStatus::Pending, ReminderStatus::Completed, ReminderStatus::Skipped][at as usize % 3];
            reminders.push(reminder);
        }
        Family { task, reminders }
    });
    let families: Vec<Family> = families.collect();
    for some in families.chunks(100) {
        world
            .store
            .import_tasks(&Permit::of_system(), some.to_vec(), &world.user.timezone, clock::now())
            .await
            .unwrap();
    }
    world.store.forget_counters(&Permit::of_system(), world.user.id, clock::now()).await.unwrap();
}

#[tokio::test]
async fn ten_thousand_rows_of_before_the_counters_are_counted_and_uncounted_again() {
    let world = World::new().await;
    uncounted(&world, 400).await;
    let dry = migrate::dry_run(&world.store, clock::fixed()).await.unwrap();
    assert!(dry.steps[0].rows > 6_000, "{dry}");
    assert!(migrate::status(&world.store).await.unwrap()[0].2.is_none(), "a dry run leaves no trace");
    let start = Instant::now();
    let up = migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap();
    println!("up, 10,000 rows: {:?}", start.elapsed());
    assert_eq!((up.steps[0].users, up.steps[0].rows, up.steps[0].end), (1, dry.steps[0].rows, End::Reached));
    let summary = replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap();
    assert_eq!((summary.rows, summary.wrong.len()), (10_000, 0), "{summary}");
    let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
    assert_eq!((totals.tasks, totals.pending, totals.completed), (400, 3_200, 3_200));
    let status = &migrate::status(&world.store).await.unwrap()[0];
    assert_eq!(status.2.as_ref().map(|entry| entry.state), Some(MigrationState::Applied));
    assert!(
        migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap().steps.is_empty(),
        "once is enough"
    );
    migrate::down(&world.store, clock::fixed(), Plan::default()).await.unwrap();
    let start = Instant::now();
    let down = migrate::down(&world.store, clock::fixed(), Plan::default()).await.unwrap();
    println!("down, 10,000 rows: {:?}", start.elapsed());
    assert_eq!(down.steps[0].end, End::Reached);
    assert_eq!(world.count("DAYS#").await + world.count("STREAK#").await + world.count("CATEGORY#").await, 0);
    let (totals, _) = world.store.totals(world.user.id, clock::now()).await.unwrap().unwrap();
    assert_eq!((totals.tasks, totals.pending, totals.completed), (400, 0, 0));
    assert!(migrate::status(&world.store).await.unwrap()[0].2.is_none());
    assert_eq!(migrate::dry_run(&world.store, clock::fixed()).await.unwrap(), dry, "as it was before");
}

#[tokio::test]
async fn an_interrupted_migration_goes_on_where_it_stopped_both_ways() {
    let world = World::new().await;
    for n in 0..12 {
        sign_up(&world.store, &format!("user{n}@example.com")).await;
    }
    uncounted(&world, 2).await;
    let some = Plan { page: 20, pages: Some(1) };
    let mut runs = 0;
    loop {
        let outcome = migrate::up(&world.store, clock::fixed(), some).await.unwrap();
        runs += 1;
        assert!(runs < 50, "it ends");
        if outcome.steps[0].end == End::Reached {
            assert_eq!(outcome.steps[0].users, 13, "each user once, over all runs");
            break;
        }
        let entry = migrate::status(&world.store).await.unwrap()[0].2.clone().unwrap();
        assert_eq!(entry.state, MigrationState::Applying);
        assert!(entry.position.is_some() || entry.users == 0);
    }
    assert!(runs > 2, "{runs} runs");
    assert!(replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap().wrong.is_empty());
    assert_eq!(migrate::down(&world.store, clock::fixed(), some).await.unwrap().steps[0].end, End::Interrupted);
    let refused = migrate::up(&world.store, clock::fixed(), some).await;
    assert!(refused.is_err(), "half down is finished downwards: {refused:?}");
}

#[tokio::test]
async fn two_operators_do_not_migrate_at_once_and_a_dead_ones_lock_runs_out() {
    let world = World::new().await;
    let now = clock::now();
    world.store.lock_migrations(&Permit::of_system(), "another", now, now.plus(DAY)).await.unwrap();
    let refused = migrate::up(&world.store, clock::fixed(), Plan::default()).await;
    assert!(refused.is_err(), "{refused:?}");
    world.store.lock_migrations(&Permit::of_system(), "another", now.minus(DAY), now.minus(DAY / 2)).await.unwrap();
    assert_eq!(migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap().steps[0].end, End::Reached);
}

#[tokio::test]
async fn a_replay_of_nobody_is_an_error_and_of_one_user_counts_one() {
    let world = World::new().await;
    world.task(json!({"title": "Pay rent"})).await;
    let summary = replay::one(&world.store, world.user.id, Mode::Compare, clock::now()).await.unwrap();
    assert_eq!((summary.users, summary.rows, summary.wrong.len()), (1, 1, 0));
    assert!(replay::one(&world.store, shared::id::UserId::new(), Mode::Compare, clock::now()).await.is_err());
}

/// Gives the user a reminder that its task knows nothing of, as no code of ours does. Returns its sort key.
async fn contradict(world: &World) -> String {
    let task = world.task(json!({"title": "Pay rent"})).await;
    let reminder = world.reminder(&task, DAY).await;
    let key = |sk: String| {
        let pk = AttributeValue::S(format!("USER#{}", world.user.id));
        HashMap::from([("PK".to_owned(), pk), ("SK".to_owned(), AttributeValue::S(sk))])
    };
    let get =
        world.client.get_item().table_name(test_support::TABLE).set_key(Some(key(format!("REM#{}", reminder.id))));
    let mut row = get.send().await.unwrap().item.unwrap();
    let stray = ReminderId::new();
    row.extend(key(format!("REM#{stray}")));
    row.insert("id".to_owned(), AttributeValue::S(stray.to_string()));
    row.remove("counted");
    world.client.put_item().table_name(test_support::TABLE).set_item(Some(row)).send().await.unwrap();
    format!("REM#{stray}")
}

#[tokio::test]
async fn one_user_whose_rows_contradict_each_other_keeps_none_of_the_others_from_it() {
    let world = World::new().await;
    for n in 0..3 {
        sign_up(&world.store, &format!("user{n}@example.com")).await;
    }
    let stray = contradict(&world).await;
    let summary = replay::all(&world.store, clock::fixed(), Mode::Repair).await.unwrap();
    assert_eq!(summary.failed.iter().map(|(user, _)| *user).collect::<Vec<_>>(), [world.user.id], "{summary}");
    assert_eq!(summary.users, 3);
    let refused = migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap_err();
    assert!(matches!(&refused, Failure::Users(users) if users == &[world.user.id]), "{refused}");
    let entry = migrate::status(&world.store).await.unwrap()[0].2.clone().unwrap();
    assert_eq!(entry.state, MigrationState::Applying, "it is not done");
    // The lock was given back, and mended, the rest is made up for.
    let pk = AttributeValue::S(format!("USER#{}", world.user.id));
    let delete =
        world.client.delete_item().table_name(test_support::TABLE).key("PK", pk).key("SK", AttributeValue::S(stray));
    delete.send().await.unwrap();
    assert_eq!(migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap().steps[0].end, End::Reached);
    assert!(replay::all(&world.store, clock::fixed(), Mode::Compare).await.unwrap().failed.is_empty());
}

/// An account whose address was stored and claimed as it was typed, as earlier versions did.
async fn account_of_before(world: &World, typed: &str) -> User {
    let email: Email = serde_json::from_value(json!(typed)).unwrap();
    let user = User { email, id: UserId::new(), ..test_support::new_user("placeholder@example.com") };
    let (mail, token) = test_support::verification(&user);
    world.store.register(&Permit::of_system(), &user, &mail, &token).await.unwrap();
    let read = AccountWithSessions { user: user.clone(), sessions: Vec::new() };
    let session = test_support::new_session(&user);
    world.store.open_session(&Permit::of_system(), test_support::sign_in(&session, &read)).await.unwrap();
    user
}

async fn claimed_by(world: &World, address: &str) -> Option<UserId> {
    let email: Email = serde_json::from_value(json!(address)).unwrap();
    world.store.user_id_of(&email).await.unwrap()
}

/// The address in the account and in its one session.
async fn addresses_of(world: &World, user: &User) -> [String; 2] {
    let read = world.store.account_with_sessions(user.id, clock::now()).await.unwrap().unwrap();
    [read.user.email.as_str().to_owned(), read.sessions[0].email.as_str().to_owned()]
}

#[tokio::test]
async fn an_address_of_before_is_claimed_in_its_canonical_form_and_given_back() {
    const TYPED: &str = "a@b\u{fc}cher.example";
    const CANONICAL: &str = "a@xn--bcher-kva.example";
    let world = World::new().await;
    let user = account_of_before(&world, TYPED).await;
    assert_eq!(claimed_by(&world, CANONICAL).await, None);
    let dry = migrate::dry_run(&world.store, clock::fixed()).await.unwrap();
    assert_eq!(
        (dry.steps[1].name, dry.steps[1].rows, addresses_of(&world, &user).await),
        ("addresses", 4, [TYPED; 2].map(str::to_owned))
    );

    let up = migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap();
    assert_eq!((up.steps[1].users, up.steps[1].rows, up.steps[1].left.len()), (2, 4, 0), "{up}");
    assert_eq!(addresses_of(&world, &user).await, [CANONICAL; 2]);
    assert_eq!((claimed_by(&world, CANONICAL).await, claimed_by(&world, TYPED).await), (Some(user.id), None));
    let again = world.store.canonicalize_address(&Permit::of_system(), user.id, Mode::Repair, clock::now()).await;
    assert_eq!(again.unwrap(), AddressOutcome::Unchanged);

    let down = migrate::down(&world.store, clock::fixed(), Plan::default()).await.unwrap();
    assert_eq!((down.steps[0].name, down.steps[0].rows), ("addresses", 4));
    assert_eq!(addresses_of(&world, &user).await, [TYPED; 2]);
    assert_eq!((claimed_by(&world, CANONICAL).await, claimed_by(&world, TYPED).await), (None, Some(user.id)));
    assert_eq!(migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap().steps[0].rows, 4, "up again");
}

#[tokio::test]
async fn accounts_of_one_mailbox_and_addresses_without_mail_are_listed_and_left() {
    let world = World::new().await;
    let (first, _) = sign_up(&world.store, "a@b\u{fc}cher.example").await;
    let second = account_of_before(&world, "a@b\u{fc}cher.example").await;
    let unreachable = account_of_before(&world, "\u{fc}nal@example.com").await;
    let dry = migrate::dry_run(&world.store, clock::fixed()).await.unwrap();
    let up = migrate::up(&world.store, clock::fixed(), Plan::default()).await.unwrap();
    for outcome in [&dry, &up] {
        let mut left = outcome.steps[1].left.clone();
        left.sort();
        let mut expected = vec![
            (second.id, "another account has the same mailbox"),
            (unreachable.id, "mail cannot be delivered to its address"),
        ];
        expected.sort();
        assert_eq!((left, outcome.steps[1].rows), (expected, 0), "{outcome}");
        assert!(outcome.to_string().contains(&format!("{} left as it is: another account", second.id)), "{outcome}");
        assert!(!outcome.to_string().contains('@'), "no address in what is printed: {outcome}");
    }
    assert_eq!(claimed_by(&world, "a@xn--bcher-kva.example").await, Some(first.id));
    assert_eq!(claimed_by(&world, "a@b\u{fc}cher.example").await, Some(second.id));
    assert_eq!(addresses_of(&world, &unreachable).await, ["\u{fc}nal@example.com"; 2]);
}
