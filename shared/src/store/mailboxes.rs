//! How many mails a mailbox gets, whatever accounts, addresses and spellings cause them.
//!
//! Each budget of a mailbox is a row of its own, which outlives the accounts that use the mailbox. It counts two windows, an
//! hour and a day, in the transaction that writes the mail. The row is not read beforehand: the count assumes the usual case,
//! a row that is missing or of these windows and has room, and its condition checks that. Otherwise the transaction fails
//! with the row, and is sent once more: with the windows turned, or, where the budget is spent, without the mail.

use serde::Deserialize;

use super::counters::count;
use super::error::Refuse;
use super::keys;
use super::mails::mail_row;
use super::transact::{Dependent, Found, OnRefusal, Transaction, Write};
use super::update::Expression;
use super::{Item, Refusal, Store, StoreError, WriteError, number};
use crate::clock::Timestamp;
use crate::domain::mail::{BeyondBudget, Mail, SecurityMails};
use crate::domain::mailbox::{MailboxTag, UNVERIFIED_SPAN, UnverifiedMail, UnverifiedMailbox};
use crate::domain::user::User;
use crate::limits::{Limit, MailBudget, MailLimit};

/// A mail, and the budget that it counts in.
#[derive(Clone, Debug)]
pub struct AddressedMail {
    /// The mail.
    pub mail: Mail,
    /// The budget; `None` for a mail that no budget limits.
    pub counted: Option<CountedIn>,
}

/// A budget of a mailbox.
#[derive(Clone, Debug)]
pub struct CountedIn {
    /// The mailbox.
    pub mailbox: MailboxTag,
    /// The budget.
    pub budget: MailBudget,
    /// Its limits.
    pub limit: MailLimit,
    /// What happens to a mail beyond it.
    pub beyond: BeyondBudget,
}

/// The mail of a security notice, and the account's latest ones: one of a kind is mailed in ten minutes.
#[derive(Clone, Debug)]
pub struct SecurityNotice {
    /// The mail.
    pub mail: AddressedMail,
    /// When the account's latest ones were mailed.
    pub latest: SecurityMails,
}

/// The attribute of the account that tells when its latest security notices were mailed.
const SECURITY_MAILS: &str = "securityMails";
/// The attribute that lists when mails were sent.
const SENT: &str = "sent";

impl<R: Refuse> Transaction<R> {
    /// Puts a mail on its way, with the writes that make sense only with it.
    pub(crate) fn post(&mut self, posted: &AddressedMail, with: Vec<Write<R>>) {
        let mail = Write::put_new(mail_row(&posted.mail));
        self.post_writes(posted, std::iter::once(mail).chain(with).collect());
    }

    /// Puts a mail on its way, unless it was put there before, with the writes that make sense only with it.
    pub(crate) fn post_once(&mut self, posted: &AddressedMail, refusal: R, with: Vec<Write<R>>) {
        let mut absent = Expression::default();
        absent.require_absent(keys::PK);
        let mail = Write::put(mail_row(&posted.mail), absent, refusal);
        self.post_writes(posted, std::iter::once(mail).chain(with).collect());
    }

    fn post_writes(&mut self, posted: &AddressedMail, writes: Vec<Write<R>>) {
        let Some(counted) = posted.counted.clone() else { return self.extend(writes) };
        let now = posted.mail.created_at;
        self.add_dependent(Dependent::new(move |found| counted.writes(found, &writes, now)));
    }

    /// Notifies an account's owner in the app and, unless a notice of the same kind was mailed less than ten minutes ago, by
    /// mail. `account` is the change of the account's row in the same transaction.
    pub(super) fn notify_of_security(&mut self, notice: &SecurityNotice, account: &mut Expression) {
        let SecurityNotice { mail: posted, latest } = notice;
        let mailed = latest.with(&posted.mail);
        // Set in either case: an update must change something, and this may be all that changes of the account.
        account.set_value(SECURITY_MAILS, mailed.as_ref().unwrap_or(latest));
        if mailed.is_some() {
            self.post(posted, Vec::new());
        }
        if let Some(notification) = posted.mail.notification() {
            self.notify(&notification);
        }
    }
}

impl CountedIn {
    /// The writes that go with a mail, and the count of it; what `beyond` says where the budget is spent.
    fn writes<R: Refuse>(
        &self,
        found: &Found,
        with: &[Write<R>],
        now: Timestamp,
    ) -> Result<Vec<Write<R>>, WriteError<R>> {
        let count = match found {
            Found::Unread => Ok(self.assume_room(now)),
            Found::Absent => self.count_beside(&Item::default(), now),
            Found::Row(row) => self.count_beside(row, now),
        };
        if count.is_err() {
            // An alarm counts these lines: somebody floods mailboxes, or the limits are too low.
            tracing::warn!(budget = ?self.budget, beyond = ?self.beyond, "mailbox.budget_spent");
        }
        match (count, self.beyond) {
            (Ok(count), _) => {
                let key = keys::mail_budget(&self.mailbox, self.budget);
                let count = Write::update(key, count, OnRefusal::Rebuild);
                Ok(with.iter().cloned().chain([count]).collect())
            }
            (Err(_), BeyondBudget::SentAnyway) => Ok(with.to_vec()),
            (Err(_), BeyondBudget::NotSent) => Ok(Vec::new()),
            (Err(Spent { retry_after, limit }), BeyondBudget::Refused) => {
                Err(WriteError::MailboxFull { retry_after, limit })
            }
        }
    }

    /// Counts a mail in a row that was not read, if that is missing, or of these windows and has room.
    fn assume_room(&self, now: Timestamp) -> Expression {
        let mut change = Expression::default();
        let mut has_room = Vec::new();
        for window in Window::all(self.limit) {
            let (of_now, left) = window.at(now);
            change.set(window.number, number(of_now)).add(window.count, 1);
            let (before, zero) = (change.name(window.before), change.value(number(0)));
            change.set_expression(format!("{before} = if_not_exists({before}, {zero})"));
            let (same, of_now) = (change.name(window.number), change.value(number(of_now)));
            // A condition cannot multiply, so the weight of the window before is taken in steps.
            let most = window.limit.requests;
            let steps = [0, most / 2, most].map(|previous| {
                let (current, before) = (change.name(window.count), change.name(window.before));
                let room = change.value(number(window.limit.room_beside(previous, left)));
                let previous = change.value(number(previous));
                format!("({before} <= {previous} AND {current} < {room})")
            });
            has_room.push(format!("{same} = {of_now} AND ({})", steps.join(" OR ")));
        }
        let row = change.name(keys::PK);
        change.require(format!("(attribute_not_exists({row}) OR ({}))", has_room.join(" AND ")));
        self.expire(&mut change, now);
        change
    }

    /// Counts a mail in a row as it was found.
    fn count_beside(&self, row: &Item, now: Timestamp) -> Result<Expression, Spent> {
        let mut change = Expression::default();
        let mut spent: Option<Spent> = None;
        for window in Window::all(self.limit) {
            let Counts { number: stored, current, before, has_turned, left } = window.read(row, now);
            let room = window.limit.room_beside(before, left);
            if current >= room {
                let retry_after = window.limit.wait(current, before, left);
                spent = spent
                    .into_iter()
                    .chain([Spent { retry_after, limit: window.limit }])
                    .max_by_key(|it| it.retry_after);
                continue;
            }
            match stored {
                Some(stored) => change.require_equal(window.number, number(stored)),
                None => change.require_absent(window.number),
            };
            if has_turned {
                change
                    .set(window.number, number(window.at(now).0))
                    .set(window.count, number(1))
                    .set(window.before, number(before));
                if stored.is_some() {
                    change.require_equal(window.count, number(count(row, window.count)));
                }
            } else {
                change
                    .add(window.count, 1)
                    .require_equal(window.before, number(before))
                    .require_below(window.count, number(room));
            }
        }
        self.expire(&mut change, now);
        spent.map_or(Ok(change), Err)
    }

    /// A day's count weighs on the day after it.
    fn expire(&self, change: &mut Expression, now: Timestamp) {
        change.set(keys::EXPIRES_AT, number(now.as_second() + 2 * self.limit.day.window));
    }
}

/// A budget that has no room for another mail.
struct Spent {
    /// Seconds until it has.
    retry_after: i64,
    /// The limit that is reached.
    limit: Limit,
}

/// One of a budget's two windows: its attributes in the row, and its limit.
#[derive(Clone, Copy)]
struct Window {
    /// The attribute with the window's number: epoch seconds divided by its length.
    number: &'static str,
    /// The attribute with the number of mails in it.
    count: &'static str,
    /// The attribute with the number of mails in the window before.
    before: &'static str,
    limit: Limit,
}

/// What a row says of a window, as seen from now.
struct Counts {
    /// The window's number in the row.
    number: Option<i64>,
    current: u32,
    before: u32,
    /// Whether the row is of an earlier window than now is in.
    has_turned: bool,
    /// Seconds until the window ends.
    left: i64,
}

impl Window {
    fn all(limit: MailLimit) -> [Self; 2] {
        [
            Self { number: "hour", count: "hourCount", before: "hourBefore", limit: limit.hour },
            Self { number: "day", count: "dayCount", before: "dayBefore", limit: limit.day },
        ]
    }

    /// The number of the window of `now`, and the seconds until it ends.
    fn at(self, now: Timestamp) -> (i64, i64) {
        (now.as_second().div_euclid(self.limit.window), self.limit.left(now.as_second()))
    }

    fn read(self, row: &Item, now: Timestamp) -> Counts {
        let (of_now, left) = self.at(now);
        let stored = row.contains_key(self.number).then(|| count(row, self.number));
        let counted = |name| u32::try_from(count(row, name)).unwrap_or_default();
        let (current, before) = (counted(self.count), counted(self.before));
        match stored {
            Some(number) if number == of_now => Counts { number: stored, current, before, has_turned: false, left },
            // Another function's clock is ahead, and its window has all of its time to go.
            Some(number) if number > of_now => {
                Counts { number: stored, current, before, has_turned: false, left: self.limit.window }
            }
            Some(number) if number == of_now - 1 => {
                Counts { number: stored, current: 0, before: current, has_turned: true, left }
            }
            _ => Counts { number: stored, current: 0, before: 0, has_turned: true, left },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReminderRow {
    sent: Vec<Timestamp>,
}

impl Store {
    /// The mailbox of a user to whom few reminder mails may go, since nobody has verified the address; `None` for any other.
    /// 1 call, none for any other.
    ///
    /// # Errors
    /// The table failed.
    pub async fn unverified_mailbox(&self, user: &User) -> Result<Option<UnverifiedMailbox>, StoreError> {
        if !user.counts_reminder_mails() {
            return Ok(None);
        }
        let tag = user.mailbox_tag();
        let row: Option<ReminderRow> = self.get(keys::unverified_reminders(&tag)).await?;
        Ok(Some(UnverifiedMailbox { tag, sent: row.unwrap_or_default().sent }))
    }
}

impl Transaction {
    /// Counts a reminder or digest mail to an address that nobody has verified.
    pub(super) fn count_unverified(&mut self, mail: &UnverifiedMail) {
        let UnverifiedMail { mailbox, at } = mail;
        let mut change = Expression::default();
        change
            .set_value(SENT, &mailbox.with_another(*at))
            .set(keys::EXPIRES_AT, number(at.plus(UNVERIFIED_SPAN).as_second()));
        if mailbox.sent.is_empty() {
            change.require_absent(SENT);
        } else {
            change.require_value(SENT, &mailbox.sent);
        }
        self.update(keys::unverified_reminders(&mailbox.tag), change, Refusal::MailboxChanged);
    }
}
