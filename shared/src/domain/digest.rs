//! The morning digest: on which day, at which moment, and what it lists.
//!
//! A digest belongs to a local day, and a day is settled once, sent or not: the account keeps the last settled day
//! and the next planned one. So no change of clocks, zone or digest time gives a day two digests.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::reminder::{ReminderKind, ReminderStatus};
use crate::domain::task::{Category, Priority, ReminderCard, Task, TaskStatus, TaskTitle};
use crate::domain::zone::Zone;
use crate::id::{ReminderId, TaskId};

/// Maximum number of tasks in a digest's mail; its total counts all.
pub const MAX_LISTED: usize = 50;
/// Maximum number of reminders that one digest marks as sent.
pub const MAX_MARKED: usize = 200;
/// Days to try for the next one that exists. Zones skip one day at a time.
const LOOK_AHEAD: usize = 4;

/// When the morning digest is sent, in the user's time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct MorningDigest {
    /// Whether it is sent.
    pub enabled: bool,
    /// Local time of day, `HH:MM`.
    pub time: String,
}

impl Default for MorningDigest {
    fn default() -> Self {
        Self { enabled: true, time: "05:00".to_owned() }
    }
}

/// A digest to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDigest {
    /// The local day that it is for.
    pub day: Date,
    pub at: Timestamp,
}

/// The first and the next instant of a local day; `None` for a day that the zone skips, or outside 1970 to 9999.
pub fn bounds(day: Date, zone: &Zone) -> Option<(Timestamp, Timestamp)> {
    let start = Timestamp::start_of_day(day, zone.rules()).ok()?;
    let end = Timestamp::start_of_day(day.tomorrow().ok()?, zone.rules()).ok()?;
    (start < end).then_some((start, end))
}

/// The local day of an instant.
pub fn day_of(instant: Timestamp, zone: &Zone) -> Date {
    instant.in_zone(zone.rules()).date()
}

/// When the digest of a local day is sent: at the configured local time, or the next one that exists. `None` for a day
/// that the zone skips.
pub fn moment(day: Date, digest: &MorningDigest, zone: &Zone) -> Option<Timestamp> {
    moment_at(day, &digest.time, zone)
}

/// The same for a local time of day, `HH:MM`.
fn moment_at(day: Date, time: &str, zone: &Zone) -> Option<Timestamp> {
    let (start, _) = bounds(day, zone)?;
    let at = Timestamp::at_local(day.to_datetime(time_of_day(time)), zone.rules()).ok()?;
    // Where the clock is put back over midnight, the first reading of a late time may lie before the day's beginning.
    Some(at.max(start))
}

/// A local time of day on a local day, or on the next day that exists where the zone skips it. The last instant for days after
/// which none exists.
pub fn first_moment(mut day: Date, time: &str, zone: &Zone) -> (Date, Timestamp) {
    for _ in 0..LOOK_AHEAD {
        if let Some(at) = moment_at(day, time, zone) {
            return (day, at);
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    (day, Timestamp::MAX)
}

/// The digest after `settled`. Today's, when its moment has passed, is due at once: `now`.
pub fn next(digest: &MorningDigest, zone: &Zone, settled: Option<Date>, now: Timestamp) -> Option<PlannedDigest> {
    if !digest.enabled {
        return None;
    }
    let mut day = day_of(now, zone);
    if let Some(settled) = settled.filter(|settled| *settled >= day) {
        day = settled.tomorrow().ok()?;
    }
    for _ in 0..LOOK_AHEAD {
        if let Some(at) = moment(day, digest, zone) {
            return Some(PlannedDigest { day, at: at.max(now) });
        }
        day = day.tomorrow().ok()?;
    }
    None
}

/// The last day that is settled for a user who starts now: today if its digest time has passed, else none.
pub fn passed(digest: &MorningDigest, zone: &Zone, now: Timestamp) -> Option<Date> {
    let today = day_of(now, zone);
    moment(today, digest, zone).is_none_or(|at| at <= now).then_some(today)
}

fn time_of_day(time: &str) -> Time {
    let fallback = Time::constant(5, 0, 0, 0);
    time.parse().unwrap_or(fallback)
}

/// A task as a digest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestTask {
    pub id: TaskId,
    /// In a line.
    pub title: TaskTitle,
    /// When it is due that day, or else the first of its reminders that day.
    pub at: Timestamp,
    /// How much it matters.
    pub priority: Priority,
    /// The user's grouping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
}

/// The contents of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// How many tasks it is about.
    pub total: usize,
    /// The first [`MAX_LISTED`] of them, by time.
    pub tasks: Vec<DigestTask>,
    /// The pending reminders that made it list those.
    pub reminders: Vec<ReminderId>,
}

/// Chooses among tasks those of the day from `start` to before `end`: each once, not completed, with a pending
/// reminder by mail, and due that day or with such a reminder that day. A review counts on its own day only, and does not have its
/// task listed if its mail leaves in the minute of the digest, `at`. `None` when there are none.
pub fn select(tasks: Vec<Task>, (start, end): (Timestamp, Timestamp), at: Option<Timestamp>) -> Option<Digest> {
    let within = |at: Timestamp| start <= at && at < end;
    let open: BTreeMap<TaskId, Task> =
        tasks.into_iter().filter(|task| task.status != TaskStatus::Completed).map(|task| (task.id, task)).collect();
    let mut chosen: Vec<(DigestTask, Vec<ReminderId>)> = Vec::new();
    for task in open.into_values() {
        let due = task.due_date.filter(|due| within(*due));
        let mails = |card: &ReminderCard| card.status == ReminderStatus::Pending && card.channel.mails();
        let is_review = |card: &ReminderCard| card.kind == ReminderKind::Review;
        let of_day = |card: &ReminderCard| within(card.scheduled_at) || (due.is_some() && !is_review(card));
        let cards: Vec<_> = task.reminders.iter().filter(|(_, card)| mails(card) && of_day(card)).collect();
        let is_beside = |card: &ReminderCard| {
            at.is_some_and(|at| card.scheduled_at.floor_to_minute() == at.floor_to_minute()) && is_review(card)
        };
        if due.is_none() && cards.iter().all(|(_, card)| is_beside(card)) {
            continue;
        }
        let counted: Vec<(Timestamp, ReminderId)> = cards.iter().map(|(id, card)| (card.scheduled_at, **id)).collect();
        let Some(first) = counted.iter().map(|(at, _)| *at).min() else {
            continue;
        };
        let listed = DigestTask {
            id: task.id,
            title: task.title,
            at: due.unwrap_or(first),
            priority: task.priority,
            category: task.category,
        };
        chosen.push((listed, counted.into_iter().map(|(_, id)| id).collect()));
    }
    let total = chosen.len();
    chosen.sort_by_key(|(task, _)| (task.at, task.id));
    chosen.truncate(MAX_LISTED);
    let (tasks, reminders): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
    let mut reminders = reminders.concat();
    reminders.truncate(MAX_MARKED);
    (total > 0).then_some(Digest { total, tasks, reminders })
}

/// `You have 1 task due today`, `You have 3 tasks due today`.
pub fn sentence(total: usize) -> String {
    let noun = if total == 1 { "task" } else { "tasks" };
    format!("You have {total} {noun} due today")
}

/// The rules of a zone by name, for tests over all of them.
#[cfg(test)]
fn every_zone() -> Vec<Zone> {
    jiff::tz::db().available().filter_map(|name| Zone::parse(name.as_str()).ok()).collect()
}

/// When a zone's clocks change between two instants.
#[cfg(test)]
fn changes(zone: &jiff::tz::TimeZone, from: jiff::Timestamp, to: jiff::Timestamp) -> Vec<jiff::Timestamp> {
    zone.following(from).map(|change| change.timestamp()).take_while(|at| *at < to).collect()
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
