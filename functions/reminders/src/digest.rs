//! `reminders-digest`: the morning mail of what is due today.
//!
//! The account plans its next digest, and one transaction settles a day: it plans the day after, writes the
//! notification and the mail. A message that comes twice, or after the plan was changed, finds another plan and does
//! nothing. A digest whose day is over by the time it runs would tell of yesterday as today: it is left out.

use serde_json::{Map, json};
use shared::clock::Timestamp;
use shared::domain::digest::{self, Digest, PlannedDigest};
use shared::domain::user::User;
use shared::domain::user_change::DigestSettlement;
use shared::events::{Environment, Failure, Message, QueueFunction, retry_races};
use shared::messages::{DigestCause, SendDigest};
use shared::runtime::Error;
use shared::store::{Permit, Refusal, Store, StoreError, WriteError};
use shared::telemetry::{self, Metric};

/// What the function works with.
#[derive(Debug)]
pub struct DigestSender {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// The stage, for the metrics.
    pub stage: String,
}

impl QueueFunction for DigestSender {
    type Message = SendDigest;

    async fn start(environment: Environment) -> Result<Self, Error> {
        Ok(Self { store: environment.store, permit: environment.permit, stage: environment.config.stage })
    }

    async fn handle(&self, message: Message<SendDigest>, now: Timestamp) -> Result<(), Failure> {
        handle(&self.store, &self.permit, &self.stage, &message.body, now).await
    }
}

/// Settles the digest that a message names, and repeats that while the account changes.
///
/// # Errors
/// The table failed, or the account changed at every try.
pub async fn handle(
    store: &Store,
    permit: &Permit,
    stage: &str,
    message: &SendDigest,
    now: Timestamp,
) -> Result<(), Failure> {
    retry_races(&[Refusal::AccountChanged, Refusal::MailboxChanged], async || {
        attempt(store, permit, stage, message, now).await
    })
    .await
}

async fn attempt(
    store: &Store,
    permit: &Permit,
    stage: &str,
    message: &SendDigest,
    now: Timestamp,
) -> Result<(), WriteError> {
    let Some(user) = store.user(message.user_id).await? else {
        tracing::info!(user_id = %message.user_id, "digest.gone");
        return Ok(());
    };
    if let Some(mail_id) = message.mail_id
        && store.outgoing(user.id, mail_id).await?.is_some()
    {
        tracing::info!(%mail_id, "digest.repeated");
        return Ok(());
    }
    let Some(planned) = wanted(&user, message.cause, now) else {
        tracing::info!(user_id = %user.id, "digest.stale");
        return Ok(());
    };
    let is_over = digest::bounds(planned.day, &user.timezone).is_none_or(|(_, end)| end <= now);
    let found = if is_over { None } else { of_day(store, &user, planned).await? };
    let unverified = store.unverified_mailbox(&user).await?;
    if message.cause == DigestCause::DryRun {
        show(&user, planned, found.as_ref(), user.refuses_mail(unverified.as_ref(), now));
        return Ok(());
    }
    let mut settlement = user.settle(planned, found, unverified, now);
    if let (Some(mail), Some(id)) = (&mut settlement.mail, message.mail_id) {
        mail.id = id;
    }
    store.settle_digest(permit, &user, &settlement).await?;
    log(stage, &user, (planned, now), is_over, &settlement);
    Ok(())
}

/// The digest that the message means, if it still is to go out.
fn wanted(user: &User, cause: DigestCause, now: Timestamp) -> Option<PlannedDigest> {
    match cause {
        DigestCause::Planned => user.next_digest.filter(|planned| planned.at <= now),
        DigestCause::Operator | DigestCause::DryRun => {
            Some(PlannedDigest { day: digest::day_of(now, &user.timezone), at: now })
        }
    }
}

async fn of_day(store: &Store, user: &User, planned: PlannedDigest) -> Result<Option<Digest>, StoreError> {
    let Some(bounds) = digest::bounds(planned.day, &user.timezone) else {
        return Ok(None);
    };
    let at = digest::moment(planned.day, &user.morning_digest, &user.timezone);
    Ok(digest::select(store.tasks_of_day(user.id, bounds).await?, bounds, at))
}

/// What would go out, for an operator: ids and counts, no addresses and no titles.
fn show(user: &User, planned: PlannedDigest, found: Option<&Digest>, refused: Option<&str>) {
    let mut line = Map::new();
    let tasks = found.map(|found| found.tasks.iter().map(|task| task.id).collect::<Vec<_>>());
    line.insert("user_id".to_owned(), json!(user.id));
    line.insert("day".to_owned(), json!(planned.day));
    line.insert("tasks".to_owned(), json!(found.map_or(0, |found| found.total)));
    line.insert("task_ids".to_owned(), json!(tasks));
    line.insert("mail".to_owned(), json!(found.is_some() && refused.is_none()));
    line.insert("refused".to_owned(), json!(refused));
    line.insert("next".to_owned(), json!(user.next_digest));
    telemetry::emit("digest.dry_run", "INFO", "", &[], line);
}

fn log(
    stage: &str,
    user: &User,
    (planned, now): (PlannedDigest, Timestamp),
    is_over: bool,
    settlement: &DigestSettlement,
) {
    let mut line = Map::new();
    line.insert("user_id".to_owned(), json!(user.id));
    line.insert("day".to_owned(), json!(planned.day));
    line.insert("told".to_owned(), json!(settlement.notification.is_some()));
    line.insert("mail_refused".to_owned(), json!(settlement.refused));
    let late = now.since(planned.at).as_secs_f64() * 1000.0;
    let mut metrics = vec![(Metric::DigestLateness, late)];
    if is_over {
        metrics.push((Metric::DigestMissed, 1.0));
    }
    let level = if is_over { "ERROR" } else { "INFO" };
    telemetry::emit("digest.settled", level, stage, &metrics, line);
}
