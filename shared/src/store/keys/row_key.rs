//! Keys as values: [`RowKey::parse`] is the inverse of building a key. Whoever matches rows matches this enum without a
//! catch-all, so that a new entity does not compile until it is handled everywhere.

use jiff::civil::Date;

use super::Key;
use crate::domain::email::Email;
use crate::domain::mailbox::MailboxTag;
use crate::id::{AttachmentId, ChallengeId, MailId, NotificationId, ReminderId, SessionId, TaskId, UserId};
use crate::limits::MailBudget;

/// What a row is, by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKey {
    /// A row in a user's own partition.
    OfUser(UserId, UserRowKey),
    /// The claim of an e-mail address.
    EmailClaim(Email),
    /// The claim of a Google account, by its subject identifier.
    GoogleClaim(String),
    /// A mailed token, by its SHA-256 in lower-case hexadecimal.
    MailedToken(String),
    /// A login that waits for its code.
    Challenge(ChallengeId),
    /// A client's rate windows, by the keyed hash of its address.
    RateWindows(String),
    /// What counts a mailbox's mails of a budget.
    MailBudget(MailboxTag, MailBudget),
    /// When reminder mails went to a mailbox at an unverified address.
    UnverifiedReminders(MailboxTag),
    /// An entry of the ledger of migrations.
    Migration(u32),
    /// The lock of migrations.
    MigrationLock,
    /// The progress of an import.
    ImportProgress,
}

/// What a row in a user's partition is, by its sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRowKey {
    /// The account.
    Account,
    /// A session.
    Session(SessionId),
    /// The newest export.
    Export,
    /// The last change of what open reviews follow.
    ReviewMove,
    /// The counters.
    Counters,
    /// The number of tasks of a category.
    Category(String),
    /// The completed reminders of each day of a month, by the first of the month.
    Days(Date),
    /// The days of a year that have completed reminders.
    Streak(i16),
    /// A completion of a reminder of a task on a day.
    Completion(TaskId, ReminderId, Date),
    /// A task.
    Task(TaskId),
    /// An occurrence of a task that is over, by the task's version from then on.
    Occurrence(TaskId, u64),
    /// A reminder.
    Reminder(ReminderId),
    /// What was pressed on the page of a reminder's mail, by the reminder's plan.
    Tap(ReminderId, u64),
    /// An attachment.
    Attachment(AttachmentId),
    /// A notification.
    Notification(NotificationId),
    /// The unread notifications of each day.
    Inbox,
    /// The files that are being processed.
    Processing,
    /// A mail.
    Mail(MailId),
    /// The first answer to a request with an idempotency key, by the tag of route and key.
    Idempotency(String),
}

impl RowKey {
    /// Reads a primary key; `None` for one that no entity has.
    pub fn parse(pk: &str, sk: &str) -> Option<Self> {
        // Ids and addresses can be spelled in several ways; keys hold one of them.
        Self::read(pk, sk).filter(|row| matches!(row.key(), key if key.pk == pk && key.sk == sk))
    }

    fn read(pk: &str, sk: &str) -> Option<Self> {
        if pk == super::MIGRATIONS {
            return match sk {
                super::MIGRATION_LOCK => Some(Self::MigrationLock),
                super::IMPORT => Some(Self::ImportProgress),
                _ => number(sk.strip_prefix(super::MIGRATION_PREFIX)?).map(Self::Migration),
            };
        }
        let (prefix, rest) = after_first_hash(pk)?;
        match (prefix, sk) {
            (super::USER_PREFIX, _) => Some(Self::OfUser(UserId::parse(rest).ok()?, UserRowKey::read(sk)?)),
            (super::EMAIL_PREFIX, super::CLAIM) => Email::parse(rest).ok().map(Self::EmailClaim),
            (super::GOOGLE_PREFIX, super::CLAIM) => Some(Self::GoogleClaim(rest.to_owned())),
            (super::TOKEN_PREFIX, super::TOKEN) => Some(Self::MailedToken(rest.to_owned())),
            (super::CHALLENGE_PREFIX, super::CHALLENGE) => ChallengeId::parse(rest).ok().map(Self::Challenge),
            (super::RATE_PREFIX, super::RATE) => Some(Self::RateWindows(rest.to_owned())),
            (super::MAILBOX_PREFIX, _) => {
                let mailbox = MailboxTag::from_hash(rest.to_owned());
                match sk {
                    super::BUDGET_OF_ANYONE => Some(Self::MailBudget(mailbox, MailBudget::Anyone)),
                    super::BUDGET_OF_CODES => Some(Self::MailBudget(mailbox, MailBudget::Code)),
                    super::BUDGET_OF_UNVERIFIED_CODES => Some(Self::MailBudget(mailbox, MailBudget::UnverifiedCode)),
                    super::UNVERIFIED_REMINDERS => Some(Self::UnverifiedReminders(mailbox)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The primary key.
    pub fn key(&self) -> Key {
        match self {
            Self::OfUser(user, row) => row.key(*user),
            Self::EmailClaim(email) => super::email_claim(email),
            Self::GoogleClaim(subject) => super::google_claim(subject),
            Self::MailedToken(hash) => super::mailed_token(hash),
            Self::Challenge(id) => super::challenge(*id),
            Self::RateWindows(client) => super::rate_windows(client),
            Self::MailBudget(mailbox, budget) => super::mail_budget(mailbox, *budget),
            Self::UnverifiedReminders(mailbox) => super::unverified_reminders(mailbox),
            Self::Migration(number) => super::migration(*number),
            Self::MigrationLock => super::migration_lock(),
            Self::ImportProgress => super::import_progress(),
        }
    }
}

impl UserRowKey {
    fn read(sk: &str) -> Option<Self> {
        match sk {
            super::ACCOUNT => return Some(Self::Account),
            super::EXPORT => return Some(Self::Export),
            super::REVIEW_MOVE => return Some(Self::ReviewMove),
            super::COUNTERS => return Some(Self::Counters),
            super::INBOX => return Some(Self::Inbox),
            super::PROCESSING => return Some(Self::Processing),
            _ => {}
        }
        if let Some(id) = sk.strip_prefix(super::SESSION_PREFIX) {
            return SessionId::parse(id).ok().map(Self::Session);
        }
        let (prefix, rest) = after_first_hash(sk)?;
        match prefix {
            super::CATEGORY_PREFIX => Some(Self::Category(rest.to_owned())),
            super::DAYS_PREFIX => month(rest).map(Self::Days),
            super::STREAK_PREFIX => number(rest).map(Self::Streak),
            super::COMPLETION_PREFIX => completion(rest),
            super::TASK_PREFIX => TaskId::parse(rest).ok().map(Self::Task),
            super::OCCURRENCE_PREFIX => {
                let (task, version) = rest.split_once('#')?;
                Some(Self::Occurrence(TaskId::parse(task).ok()?, number(version)?))
            }
            super::REMINDER_PREFIX => ReminderId::parse(rest).ok().map(Self::Reminder),
            super::TAP_PREFIX => {
                let (reminder, plan) = rest.split_once('#')?;
                Some(Self::Tap(ReminderId::parse(reminder).ok()?, number(plan)?))
            }
            super::ATTACHMENT_PREFIX => AttachmentId::parse(rest).ok().map(Self::Attachment),
            super::NOTIFICATION_PREFIX => NotificationId::parse(rest).ok().map(Self::Notification),
            super::MAIL_PREFIX => MailId::parse(rest).ok().map(Self::Mail),
            super::IDEMPOTENCY_PREFIX => Some(Self::Idempotency(rest.to_owned())),
            _ => None,
        }
    }

    /// The primary key in `user`'s partition.
    pub fn key(&self, user: UserId) -> Key {
        match self {
            Self::Account => super::account(user),
            Self::Session(id) => super::session(user, *id),
            Self::Export => super::export(user),
            Self::ReviewMove => super::review_move(user),
            Self::Counters => super::counters(user),
            Self::Category(name) => super::category(user, name),
            Self::Days(month) => super::days(user, *month),
            Self::Streak(year) => super::streak(user, *year),
            Self::Completion(task, reminder, day) => super::completion(user, (*task, *reminder), *day),
            Self::Task(id) => super::task(user, *id),
            Self::Occurrence(task, version) => super::occurrence(user, *task, *version),
            Self::Reminder(id) => super::reminder(user, *id),
            Self::Tap(reminder, plan) => super::tap(user, *reminder, *plan),
            Self::Attachment(id) => super::attachment(user, *id),
            Self::Notification(id) => super::notification(user, *id),
            Self::Inbox => super::inbox(user),
            Self::Processing => super::processing(user),
            Self::Mail(id) => super::mail(user, *id),
            Self::Idempotency(tag) => super::idempotency(user, tag),
        }
    }
}

/// Splits a key behind its first `#`.
fn after_first_hash(key: &str) -> Option<(&str, &str)> {
    key.split_at_checked(key.find('#')? + 1)
}

/// A number without a sign.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A task, a reminder and a day, `<task>#<reminder>#2026-03-01`.
fn completion(text: &str) -> Option<UserRowKey> {
    let (task, rest) = text.split_once('#')?;
    let (reminder, day) = rest.split_once('#')?;
    Some(UserRowKey::Completion(TaskId::parse(task).ok()?, ReminderId::parse(reminder).ok()?, day.parse().ok()?))
}

/// The first of a month, `2026-03`.
fn month(text: &str) -> Option<Date> {
    let (year, month) = text.split_once('-')?;
    Date::new(number(year)?, number(month)?, 1).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user_row() -> impl Strategy<Value = UserRowKey> {
        prop_oneof![
            Just(UserRowKey::Account),
            Just(UserRowKey::Export),
            Just(UserRowKey::ReviewMove),
            Just(UserRowKey::Counters),
            Just(UserRowKey::Inbox),
            Just(UserRowKey::Processing),
            any::<()>().prop_map(|()| UserRowKey::Session(SessionId::new())),
            any::<()>().prop_map(|()| UserRowKey::Task(TaskId::new())),
            any::<u64>().prop_map(|version| UserRowKey::Occurrence(TaskId::new(), version)),
            any::<()>().prop_map(|()| UserRowKey::Reminder(ReminderId::new())),
            any::<u64>().prop_map(|plan| UserRowKey::Tap(ReminderId::new(), plan)),
            any::<()>().prop_map(|()| UserRowKey::Attachment(AttachmentId::new())),
            any::<()>().prop_map(|()| UserRowKey::Notification(NotificationId::new())),
            any::<()>().prop_map(|()| UserRowKey::Mail(MailId::new())),
            ".{0,50}".prop_map(UserRowKey::Category),
            "[0-9a-f]{64}".prop_map(UserRowKey::Idempotency),
            (1970_i16..=9999, 1_i8..=12).prop_map(|(year, month)| UserRowKey::Days(Date::constant(year, month, 1))),
            (1970_i16..=9999).prop_map(UserRowKey::Streak),
            (1970_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| {
                UserRowKey::Completion(TaskId::new(), ReminderId::new(), Date::constant(year, month, day))
            }),
        ]
    }

    fn row() -> impl Strategy<Value = RowKey> {
        prop_oneof![
            8 => user_row().prop_map(|row| RowKey::OfUser(UserId::new(), row)),
            1 => "[a-z]{1,9}#?[a-z]{0,3}@[a-z]{1,9}\\.org".prop_filter_map("an address", |text| Email::parse(&text).ok()).prop_map(RowKey::EmailClaim),
            1 => "[0-9#]{1,30}".prop_map(RowKey::GoogleClaim),
            1 => "[0-9a-f]{64}".prop_map(RowKey::MailedToken),
            1 => any::<()>().prop_map(|()| RowKey::Challenge(ChallengeId::new())),
            1 => "[0-9a-f]{32}".prop_map(RowKey::RateWindows),
            1 => ("[0-9a-f]{32}", 0..=MailBudget::ALL.len()).prop_map(|(hash, kind)| {
                let mailbox = MailboxTag::from_hash(hash);
                match MailBudget::ALL.get(kind) {
                    Some(budget) => RowKey::MailBudget(mailbox, *budget),
                    None => RowKey::UnverifiedReminders(mailbox),
                }
            }),
            1 => (1_u32..20_000).prop_map(RowKey::Migration),
            1 => Just(RowKey::MigrationLock),
            1 => Just(RowKey::ImportProgress),
        ]
    }

    proptest! {
        #[test]
        fn reading_a_key_is_the_inverse_of_building_it(row in row()) {
            let Key { pk, sk } = row.key();
            prop_assert_eq!(RowKey::parse(&pk, &sk), Some(row));
        }

        #[test]
        fn what_can_be_read_is_built_again_the_same(pk in "(USER|EMAIL|GOOGLE|TOKEN|RATE|MAILBOX|MIGRATIONS)#?.{0,9}", sk in ".{0,20}") {
            if let Some(row) = RowKey::parse(&pk, &sk) {
                prop_assert_eq!(row.key(), Key { pk, sk });
            }
        }
    }

    #[test]
    fn other_keys_are_no_rows() {
        let user = super::super::user_partition(UserId::new());
        for (pk, sk) in [
            ("HEALTH", "HEALTH"),
            ("USER#", "ACCOUNT"),
            ("USER#1", "ACCOUNT"),
            ("EMAIL#a@b.c", "ACCOUNT"),
            (&user, "TASK#1"),
            (&user, "DAYS#2026-13"),
            (&user, "DAYS#+026-03"),
            (&user, "DONE#2026-03-01"),
            (&user, "TASK#019B0B6A-0000-7000-8000-00000000000A"),
            (&user, "ACCOUNT#"),
            (&user, ""),
        ] {
            assert_eq!(RowKey::parse(pk, sk), None, "{pk} {sk}");
        }
    }
}
