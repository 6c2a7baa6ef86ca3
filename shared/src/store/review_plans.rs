//! Plans of reviews. A plan is part of its task's row; its open review is a reminder, which moves.

use serde::{Deserialize, Serialize};

use super::counters::{Cap, DaySnapshot, likely_month};
use super::keys::{self, Index};
use super::page::{Direction, IndexQuery, Position, end_of};
use super::reminders::{card_path, reminder_row};
use super::row::Row;
use super::tasks::{CARDS_VERSION, TaskRow, own_row};
use super::transact::{OnRefusal, Transaction};
use super::update::Expression;
use super::{Permit, Refusal, Store, StoreError, WriteError, number};
use crate::clock::Timestamp;
use crate::domain::completion::CompletionChange;
use crate::domain::reminder::Reminder;
use crate::domain::task::{MAX_REMINDERS, ReminderCard};
use crate::domain::task_plan::{PlanChange, PlannedReview};
use crate::domain::user::User;
use crate::domain::zone::Zone;
use crate::id::{ReminderId, UserId};

/// A review that is to be rated, with what that depends on besides its task.
#[derive(Debug)]
pub struct ReviewToRate {
    /// The reminder, which may be none of a plan.
    pub reminder: Reminder,
    /// Its user.
    pub user: User,
    /// What this month's days hold.
    pub days: DaySnapshot,
}

/// When a user last changed what open reviews follow.
#[derive(Debug, Serialize, Deserialize)]
struct ReviewMove {
    at: Timestamp,
}

/// The reviews of a user that follow the digest's time, a page of them.
#[derive(Debug)]
pub struct FollowingReviews {
    /// The user.
    pub user: User,
    /// The reviews.
    pub reviews: Vec<Reminder>,
    /// Behind which of them the next page begins; `None` at the end.
    pub next: Option<ReminderId>,
}

impl Store {
    /// A review that is to be rated; `None` where the reminder or its user is gone. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn review_to_rate(
        &self,
        user: UserId,
        reminder: ReminderId,
        now: Timestamp,
    ) -> Result<Option<ReviewToRate>, StoreError> {
        let month = likely_month(now);
        let (reminder, account, days) = (keys::reminder(user, reminder), keys::account(user), keys::days(user, month));
        let mut rows = self.get_rows(vec![reminder.clone(), account.clone(), days.clone()]).await?;
        let Some((reminder, user)) = rows.take(&reminder)?.zip(rows.take(&account)?) else { return Ok(None) };
        Ok(Some(ReviewToRate { reminder, user, days: DaySnapshot::of(month, rows.take_item(&days)) }))
    }

    /// A user, and a reminder of theirs if one is named. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn user_and_reminder(
        &self,
        user: UserId,
        reminder: Option<ReminderId>,
    ) -> Result<(Option<User>, Option<Reminder>), StoreError> {
        let (account, reminder) = (keys::account(user), reminder.map(|id| keys::reminder(user, id)));
        let mut rows = self.get_rows([account.clone()].into_iter().chain(reminder.clone()).collect()).await?;
        let reminder = reminder.map(|key| rows.take(&key)).transpose()?.flatten();
        Ok((rows.take(&account)?, reminder))
    }

    /// Writes a change of a task's plan with its review: the row, its card, and what a rating counts. 1 call, which writes nothing
    /// where nothing changes, but the first answer to a request with an `Idempotency-Key`; the same again when a rating of that
    /// day is counted already; 1 more before it when the day is not in `days`.
    ///
    /// # Errors
    /// [`Refusal::TaskChanged`], [`Refusal::ReminderChanged`] when the task or its review was changed in the meantime;
    /// [`Refusal::TooManyReminders`] for a new plan.
    pub async fn change_plan(
        &self,
        permit: &Permit,
        read: &TaskRow,
        change: &PlanChange,
        days: &DaySnapshot,
    ) -> Result<(), WriteError> {
        if matches!(change.review, PlannedReview::Keep) {
            return self.write_nothing(permit, change.at).await;
        }
        self.write_plan_change(permit, read, (change, days), |_, _| {}).await
    }

    /// Writes a change of a task's plan, and what `add` puts beside it. 1 call; the same again when a rating of that day is counted
    /// already; 1 more before it when the day is not in `days`.
    pub(super) async fn write_plan_change(
        &self,
        permit: &Permit,
        read: &TaskRow,
        (change, days): (&PlanChange, &DaySnapshot),
        add: impl Fn(&mut Transaction, &PlanChange),
    ) -> Result<(), WriteError> {
        let mut change = change.clone();
        loop {
            let mut transaction = permit.transaction(change.at);
            add(&mut transaction, &change);
            let mut counters = change.counters.clone();
            let mut update = Expression::between(&own_row(&read.task), &own_row(&change.task));
            update.require_equal("version", number(read.task.version));
            let mut counted_on = None;
            match &change.review {
                PlannedReview::Open(review) => {
                    update.set_value(&card_path(review.id), &ReminderCard::from(&**review));
                    update.require_smaller("reminders", MAX_REMINDERS);
                    transaction.put_new(reminder_row(review));
                }
                PlannedReview::Change(review) if review.is_empty() => {}
                PlannedReview::Change(review) => {
                    // A rating fixes its day itself.
                    let marked = review.marked(&Zone::UTC);
                    update.set_value(&card_path(marked.reminder.id), &ReminderCard::from(&marked.reminder));
                    transaction.replace_reminder(&review.read, &marked.reminder);
                    if let Some(completion) = &marked.completion {
                        transaction.complete(completion);
                    }
                    counters = marked.counters;
                    if let Some(CompletionChange::Count(completion)) = marked.completion {
                        counted_on = Some(completion.day);
                    }
                }
                PlannedReview::Close(review) => {
                    // How the review is counted was read from its card.
                    update.remove(&card_path(*review)).require_equal(CARDS_VERSION, number(read.cards_version));
                    transaction.remove(keys::reminder(read.task.user_id, *review));
                }
                PlannedReview::Keep => {}
            }
            let opens = matches!(change.review, PlannedReview::Open(_));
            let refusal = refusal(read.task.version, opens);
            transaction.update_cards((read.task.user_id, read.task.id), update, refusal);
            let counters = (&counters, Cap::None);
            match (self.transact_counted(read.task.user_id, transaction, counters, days).await, counted_on) {
                (Err(WriteError::Refused(Refusal::AlreadyCounted)), Some(day)) => change = change.keeping(day),
                (written, _) => return written,
            }
        }
    }

    /// When the user last changed what open reviews follow; `None` before the first change. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn reviews_moved_at(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<ReviewMove> = self.get(keys::review_move(user)).await?;
        Ok(found.map(|found| found.at))
    }

    /// A page of the reviews that follow the digest's time of a user who changed it last at `since`; `None` where it was changed
    /// again, or the user is gone. 2 calls.
    ///
    /// # Errors
    /// The table failed.
    pub async fn following_reviews(
        &self,
        user: UserId,
        since: Timestamp,
        (after, limit): (Option<ReminderId>, u32),
    ) -> Result<Option<FollowingReviews>, StoreError> {
        let (account, moved) = (keys::account(user), keys::review_move(user));
        let mut rows = self.get_rows(vec![account.clone(), moved.clone()]).await?;
        let found = rows.take::<User>(&account)?.zip(rows.take::<ReviewMove>(&moved)?);
        let Some((account, _)) = found.filter(|(_, moved)| moved.at == since) else { return Ok(None) };
        let prefix = keys::FOLLOWING_REVIEW;
        let position = |id| Position { sk: keys::reminder(user, id).sk, index_sk: keys::following_review(id) };
        let query = IndexQuery {
            user,
            index: Index::Created,
            range: (prefix, &end_of(prefix)),
            direction: Direction::Ascending,
            after: after.map(position),
            limit,
        };
        let page = self.page(query).await?.read()?;
        let reviews: Vec<Reminder> = page.rows.into_iter().map(|row| row.value).collect();
        let next = page.next.and(reviews.last().map(|review| review.id));
        Ok(Some(FollowingReviews { user: account, reviews, next }))
    }
}

impl Transaction {
    /// Notes that what open reviews follow has changed: the stream has them moved.
    pub(super) fn move_reviews(&mut self, user: UserId, at: Timestamp) {
        self.overwrite(Row::new(keys::review_move(user), &ReviewMove { at }));
    }
}

/// What it means that the task is not as it was read, at `version`, or has no room for a review that is to open. A card may change
/// without the version.
fn refusal(version: u64, opens: bool) -> OnRefusal<Refusal> {
    OnRefusal::interpret(move |found| {
        WriteError::Refused(match found {
            None => Refusal::TaskGone,
            Some(task) if !opens || u64::try_from(super::counters::count(task, "version")) != Ok(version) => {
                Refusal::TaskChanged
            }
            Some(_) => Refusal::TooManyReminders,
        })
    })
}
