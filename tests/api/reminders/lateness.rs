//! Two hundred reminders in the same minute: each goes out once, and soon.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::{App, User, eventually_within, now};

const USERS: usize = 8;
const REMINDERS_OF_EACH: usize = 25;
/// The mails leave this long after the reminders were made: time enough to make them all.
const AHEAD: SignedDuration = SignedDuration::from_secs(40);
/// The product's promise is a mail within minutes; a machine that does other tests besides keeps this.
const P99_MS: u64 = 60_000;

/// Makes the user's reminders, each of a task of its own, all of them with their mail at `at`.
async fn remind(user: &User, at: Timestamp) {
    let scheduled = (at + SignedDuration::from_hours(1)).to_string();
    for number in 0..REMINDERS_OF_EACH {
        let task = user.task(&format!("Task {number:02}")).await;
        user.remind(&task, &scheduled).await;
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "`--nocapture` shows the figures")]
async fn of_two_hundred_in_the_same_minute_each_goes_out_once_and_soon() {
    let app = App::new();
    let users = join_all((0..USERS).map(|_| app.user())).await;
    // An address that nobody has verified gets three.
    join_all(users.iter().map(|user| app.verify_address(user))).await;
    let at = now() + AHEAD;
    join_all(users.iter().map(|user| remind(user, at))).await;
    assert!(now() < at, "they were made before the moment of their mails");

    let mut lateness = Vec::new();
    for user in &users {
        let receipts = eventually_within(Duration::from_secs(180), "all reminders have gone out", async || {
            let reminders = user.get("/api/reminders").query(&[("limit", "100")]).await.expect(200).list("reminders");
            let sent = reminders.iter().all(|reminder| reminder["delivery"]["state"] == "sent");
            sent.then(|| reminders.into_iter().map(|reminder| reminder["delivery"].clone()).collect::<Vec<Value>>())
        })
        .await;
        assert_eq!(receipts.len(), REMINDERS_OF_EACH);
        lateness.extend(receipts.iter().filter_map(|delivery| delivery["latenessMs"].as_u64()));
    }
    lateness.sort_unstable();
    assert_eq!(lateness.len(), USERS * REMINDERS_OF_EACH);
    let quantile = |hundredths: usize| lateness[(lateness.len() * hundredths).div_ceil(100) - 1];
    println!(
        "lateness in ms of {}: p50 {}, p99 {}, most {}",
        lateness.len(),
        quantile(50),
        quantile(99),
        quantile(100)
    );
    assert!(quantile(99) < P99_MS, "{lateness:?}");

    for user in &users {
        let mut mails: BTreeMap<String, usize> = BTreeMap::new();
        for mail in app.mailbox.messages(&user.email).await {
            if mail.subject.starts_with("Reminder: ") {
                *mails.entry(mail.subject).or_default() += 1;
            }
        }
        let wanted = (0..REMINDERS_OF_EACH).map(|number| (format!("Reminder: Task {number:02} is due soon"), 1));
        assert_eq!(mails, wanted.collect());
    }
}
