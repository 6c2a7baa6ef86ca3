//! Every key of the table, and the page that explains them.
//!
//! # Keys
//! Partition key `PK`, sort key `SK`, both strings. `expiresAt` (epoch seconds) is the TTL; since TTL deletes
//! late, readers check it too. Everything of a user but claims, mailed tokens and challenges lies under the user's own
//! partition, so that export is one Query.
//!
//! | Entity | PK | SK | Other keys |
//! |---|---|---|---|
//! | User | `USER#<id>` | `ACCOUNT` | `due` (its next digest, while it wants one) |
//! | Session | `USER#<id>` | `ACCOUNT#SESSION#<sid>` | TTL |
//! | Newest export | `USER#<id>` | `EXPORT` | TTL |
//! | Counters: tasks, pending and completed reminders, bytes of files, changes | `USER#<id>` | `COUNTERS` | |
//! | Tasks of a category | `USER#<id>` | `CATEGORY#<name>` | |
//! | Completed reminders by local day, a number each; days that have any, a mask a month | `USER#<id>` | `DAYS#<yyyy-mm>`, `STREAK#<yyyy>` | |
//! | Task with cards of its children | `USER#<id>` | `TASK#<id>` | `by-time`, `by-created`, `due` until its user was told that it is overdue |
//! | Reminder | `USER#<id>` | `REM#<id>` | `by-time`, `open` while pending, `due` while it is to fire |
//! | Attachment | `USER#<id>` | `ATT#<id>` | `by-task`, `due` while unfinished |
//! | Notification | `USER#<id>` | `NTF#<id>` | `by-time`, `by-task`, TTL |
//! | Inbox: the unread of each day, and up to when all are read | `USER#<id>` | `INBOX` | |
//! | Mail on its way out | `USER#<id>` | `MAIL#<id>` | `due` until it is sent or given up, TTL |
//! | First answer to a request with an `Idempotency-Key`; a new account's is on the claim of its address | `USER#<id>` | `IDEM#<keyed hash of route and key>` | TTL |
//! | Claim of an e-mail address | `EMAIL#<address>` | `CLAIM` | |
//! | Claim of a Google id | `GOOGLE#<sub>` | `CLAIM` | |
//! | Token sent by mail (verification, reset, export) | `TOKEN#<sha-256>` | `TOKEN` | TTL |
//! | Login that waits for its code | `CHALLENGE#<id>` | `CHALLENGE` | TTL |
//! | Rate windows of a client, failed logins of an account | `RATE#<keyed hash>` | `RATE` | TTL |
//! | Health probe (never written) | `HEALTH` | `HEALTH` | |
//! | Migration ledger and its lock, how far an import is | `MIGRATIONS` | `NUMBER#<number>`, `LOCK`, `IMPORT` | |
//!
//! # Indexes
//! | Index | Keys | Projection | Serves |
//! |---|---|---|---|
//! | `by-time` (local) | `PK`, `byTime` | all | a user's tasks by due date, reminders by time, notifications by creation |
//! | `by-created` (local) | `PK`, `byCreated` | all | a user's tasks by creation (imported ids do not sort by it) |
//! | `open` (local) | `PK`, `open` | keys | counting pending reminders before or after now |
//! | `by-task` (local) | `PK`, `byTask` | keys | the notifications and attachments of a deleted task |
//! | `due` (global, sparse, sharded) | `dueShard`, `dueAt` | keys | the tick: digests and due dates of this minute; what was due and did not happen |
//!
//! Local indexes read strongly, so what was just created is listed. They exist only from the table's creation
//! on, hence all of them from the start.
//!
//! # Access patterns and budgets
//! Calls on the request's path, in order; `‖` marks what runs at the same time. Units are DynamoDB's read (RCU)
//! and write units (WCU) for small items, as `shared/tests/store/budgets.rs` asserts them. Every route also makes the
//! limiter's write (1 WCU, beside its first call); a silent refresh adds one read (1 RCU).
//!
//! | Route | Calls | RCU | WCU |
//! |---|---|---|---|
//! | POST /api/auth/register | Transact(claim, account, token, mail) | 0 | 10 |
//! | POST /api/auth/login | Get(claim) → Query(account and sessions) → Transact(account, session, less the oldest) → limiter gives back | 2 | 5 |
//! | the same, from a strange address | …, the guard's write beside the hash, … → the guard gives back | 2 | 7 |
//! | the same, refused | Get(claim) → Query(account and sessions), the guard's write beside the hash | 2 | 1 |
//! | the same, with a code | …, the guard's write → Transact(challenge, mail) → limiter gives back | 2 | 7 |
//! | POST /api/auth/verify-otp | Update(challenge) → Query(account and sessions) → Transact(account, session, challenge) → limiter, guard give back | 1 | 9 |
//! | POST /api/auth/resend-otp | Get(challenge) → Transact(challenge, mail) → limiter gives back | 1 | 6 |
//! | POST /api/auth/forgot-password | none: a message on a queue | 0 | 0 |
//! | auth-issue-reset, per message | Get(claim) → Transact(mail, account, token) | 1 | 7 |
//! | POST /api/auth/reset-password | Get(token) → Query(account and sessions) → Transact(account, token, sessions, mail) | 2 | 7 + 2 per session |
//! | GET /api/auth/google | none; the provider's metadata once an hour | 0 | 0 |
//! | GET /api/auth/google/callback | BatchGet(claims) → Query(account and sessions) → Transact(account, session) → limiter gives back | 3 | 5 |
//! | the same, linking | BatchGet(claims) → Query → Transact(account, claim, mail) → Query → Transact(account, session) → … | 4 | 12 |
//! | the same, new | BatchGet(claims) → Transact(claims, account) → Transact(account, session) → … | 2 | 11 |
//! | POST /api/auth/refresh | Get(session) → Update(session) → limiter gives back | 1 | 2 |
//! | POST /api/auth/verify-email | Get(token) → Transact(account, token) | 1 | 4 |
//! | POST /api/auth/resend-verification | Get(account) → Transact(session, account, token, mail) | 1 | 9 |
//! | POST /api/auth/logout | Delete(session) | 0 | 1 |
//! | GET /api/user/me | Get(account) | 1 | 0 |
//! | PATCH /api/user/me | Get(account) → Transact(session, account) | 1 | 4, 6 when the digest moves |
//! | POST /api/user/enabled-2fa | Get(account) → Transact(session, account, notification) | 1 | 9 |
//! | POST /api/user/export | Get(export) → Transact(session, export) | 1 | 4 |
//! | GET /api/user/export | Get(export); with a token Get(token) → Get(export) | 1, 2 | 0 |
//! | users-build-export, per message | Get(export) → Query(all of the user's rows, 1 MB each) → Transact(export, token, mail) | 1 + 1 per 4 KB | 7 |
//! | DELETE /api/user/me | Query(account and sessions) → Transact(account, claims, sessions) | 1 | 7 + 2 per session |
//! | GET /api/user/sessions | Query(account and sessions) | 1 | 0 |
//! | DELETE /api/user/sessions/{id} | Transact(session, the other) | 0 | 4 |
//! | DELETE /api/user/sessions | Query(account and sessions) → Transact(session, the others) | 1 | 2 + 2 per other |
//! | POST /api/user/change-password, set-password | Query(account and sessions) → Transact(session, account, others, mail) → limiter gives back | 1 | 8 + 2 per other |
//! | POST /api/tasks | Transact(session, task, counters, category); Get(account) first for a plain date | 0 | 10, dated 11 |
//! | GET /api/tasks | Query(`by-time` or `by-created`); two Queries where dated and undated meet, descending | 1 per 4 KB read, see below | 0 |
//! | GET /api/tasks/{id} | Get(task) | 1 | 0 |
//! | PUT /api/tasks/{id} | Get(task), after Get(account) for a plain date → Transact(session, task) | 1 | 6 |
//! | the same, into another category | … → Transact(session, task, counters, both categories) | 1 | 12 |
//! | the same, completing | … → Transact(session, task, pending reminders, notification, counters) | 1 | 12 + 2 with pending reminders + 5 for each |
//! | DELETE /api/tasks/{id} | BatchGet(task, this month's days) → Transact(session, task, its reminders, counters, category, their days) | 2 | 10 + 3 per reminder + 2 per month and year of completed ones |
//! | GET /api/tasks/{id}/reminders | Get(task) → BatchGet(≤ 30 reminders) | 1 + 1 per reminder | 0 |
//! | POST /api/tasks/{id}/attachments | Transact(session, task's cards, rows, counters) | 0 | 12; 4 for each further one, + 2 per KB of the task |
//! | GET /api/attachments/{id} | Get(attachment) | 1 | 0 |
//! | DELETE /api/attachments/{id} | Get(attachment) → Transact(session, task's card, attachment, counters) | 1 | 12 + 2 per further KB of the task |
//! | POST /api/reminders | Transact(session, task's card, reminder, counters); Get(account) and Get(days) first for a completed one | 0 | 13 |
//! | GET /api/reminders | Query(`by-time`) → BatchGet(their tasks) | 1 per 4 KB, + 1 per task | 0 |
//! | PUT /api/reminders/{id} | Get(reminder) → Transact(session, task's card, reminder) | 1 | 14 when moved |
//! | the same, with a status or a time | BatchGet(reminder, account, this month's days) → Transact(…, counters, day, year for a day's first or last) | 3 | 15, a day's first or last 17 |
//! | DELETE /api/reminders/{id} | BatchGet(reminder, account, this month's days) → Transact(session, task's card, reminder, counters, its day if completed) | 3 | 13 |
//! | GET /api/notifications | Query(`by-time`) → BatchGet(their tasks, inbox) | 1 per 4 KB, + 1 per task, + 1 | 0 |
//! | GET /api/notifications/count | Get(inbox) | 1 | 0 |
//! | PATCH /api/notifications/{id}/read | BatchGet(notification, inbox) → Transact(session, notification, inbox) → Get(task) | 3 | 7 |
//! | PATCH /api/notifications/read-all | Transact(session, inbox) | 0 | 4 |
//! | DELETE /api/notifications/{id} | BatchGet(notification, inbox) → Transact(session, notification, inbox) | 2 | 8 |
//! | GET, POST /api/unsubscribe | Get(account); → Transact(account, notification, inbox) | 1 | 0; 7 |
//! | GET /api/analytics | Query(categories, counters) ‖ BatchGet(account, 2 or 3 months) ‖ Query(`open`, overdue, counted) | 5 or 6, whatever the history | 0 |
//! | GET /api/analytics/streaks | Get(account) ‖ Query(years) | 2 for up to some 25 years | 0 |
//! | GET /health | Get(probe) | ½ | 0 |
//! | reminders-fire, per message | BatchGet(reminder, task, account) → Get(its month's days) → Transact(reminder, card, notification, mail, inbox, account while unverified, counters, day, year for a day's first) | 4 | 26 |
//! | mail-send, per message | BatchGet(mail, account) → Update(claim) → SES → Update(mail) → Get(reminder) → Update(reminder); Get(task) before SES for a reminder's mail that is over an hour late | 3, late 4 | 5 |
//! | service-dispatch, per record | Get(reminder), none for other rows → schedule or queue; Delete(category) for one that no task has any more | 1 | 0; 1 for a category |
//! | reminders-digest, per user and day | Get(account) → Query(tasks of the day) ‖ Query(reminders of the day) → BatchGet(their tasks) → Transact(account, notification, mail, inbox), or Update(account) for a day with nothing | 4 | 13, or 3 |
//! | tasks-overdue, per due date | Get(task) → Transact(task, notification, inbox) | 1 | 11 |
//! | mail-send, per digest | as above, then Update(each reminder told of) | 2 | 2 + 2 per reminder |
//! | mail-feedback, per event | BatchGet(mail, account) → Get(reminder) → Update(reminder); first Transact(account, notification, inbox) for one that stops mail | 3 | 2 |
//! | service-sweep, per tick | 16 Queries over `due` (40 more every ten minutes, 80 every hour), one more per 100 rows found; BatchGet(reminders found) | ½ per Query, + 1 per reminder found | 0 |
//! | attachments-optimize, per upload | Get(attachment) → S3 → Transact(card, attachment) → S3 → Get(attachment) → Transact(card, attachment, counters) → S3 | 2 | 20 + 4 per further KB of the task |
//! | service-cleanup, per task's attachments | Query(`by-task`) → S3, three deletes each → BatchWrite(25 deletes) | 1 | 2 each |
//! | service-cleanup, per attachment that was not finished | Get(attachment) → Transact(card, attachment, counters) | 1 | 10 |
//! | service-cleanup, inspection, per user with files | S3, a list for 1,000 objects of whoever comes → Query(attachments) → S3, a delete for each file without a row; Transact(card, attachment, counters) for each row without a file | 1 per 4 KB | 0; 10 per row without a file |
//! | service-cleanup, per 25 notifications of a task | Query(`by-task`) → BatchGet(them, inbox) → Transact(them, inbox) | 2 + 1 each | 2 + 4 each |
//! | service-cleanup, per account | Get(account) → (Query(25 rows) → BatchWrite(25 deletes)) up to 80 times, then its own message again | 1 per 4 KB | 1 to 5 per row |
//!
//! A POST that creates and has an `Idempotency-Key` writes the first answer too, in the same transaction: 2 WCU more for
//! each KB of it, and none for a registration, whose claim holds it.
//!
//! Counting on a day of another month than the likely one, or beside others who count on the same day, reads the
//! days again: one read and perhaps one refused transaction more.
//!
//! # The dearest pages
//! `shared/tests/store/scale.rs` asserts these on accounts of 5,000 rows and more.
//!
//! | List | Looks at | Dearest page, RCU |
//! |---|---|---|
//! | GET /api/tasks | `limit` + 1 rows | 27 for rows of 1 KB; rows are at most some 15 KB |
//! | the same with any filter, `q` included | at most 500 rows, a page may be short | 125 for rows of 1 KB |
//! | the same, the heaviest rows there can be | at most 1 MB a Query | 257, twice that where dated and undated meet |
//! | GET /api/reminders | `limit` + 1 rows, their tasks | 65 for the heaviest reminders + 1 per 4 KB of each task |
//! | GET /api/notifications | `limit` + 1 rows, their tasks, the inbox | 26 + 1 per 4 KB of each task |
//! | GET /api/analytics | a category's row each, 1 per 4 KB (some 30 categories) | + 1 per 30 overdue reminders that are still pending |
//!
//! Operators' commands (`infra/admin`) walk the table by Scan and read a user's rows by Query; no route does.

use std::time::Duration;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::domain::attachment::Attachment;
use crate::domain::email::Email;
use crate::domain::mail::Mail;
use crate::domain::notification::Notification;
use crate::domain::reminder::Reminder;
use crate::domain::sweep::DueKind;
use crate::domain::task::Task;
use crate::id::{AttachmentId, ChallengeId, MailId, NotificationId, ReminderId, SessionId, TaskId, UserId};

/// The table's partition key.
pub const PK: &str = "PK";
/// The table's sort key.
pub const SK: &str = "SK";
/// The TTL attribute, epoch seconds.
pub const EXPIRES_AT: &str = "expiresAt";
/// Sort key of [`Index::Time`].
pub const BY_TIME: &str = "byTime";
/// Sort key of [`Index::Created`].
pub const BY_CREATED: &str = "byCreated";
/// Sort key of [`Index::Open`].
pub const OPEN: &str = "open";
/// Sort key of [`Index::Task`].
pub const BY_TASK: &str = "byTask";
/// Partition key of the index `due`.
pub const DUE_SHARD: &str = "dueShard";
/// Sort key of the index `due`.
pub const DUE_AT: &str = "dueAt";

/// Every attribute that is part of a key, of the table's or of an index's.
pub const ALL_KEYS: [&str; 8] = [PK, SK, BY_TIME, BY_CREATED, OPEN, BY_TASK, DUE_SHARD, DUE_AT];

/// Shards of the index `due`, so that no one partition takes all writes.
pub const DUE_SHARDS: u8 = 8;
/// Longer than a mail takes with all its retries.
const MAIL_LATE: Duration = Duration::from_secs(15 * 60);

/// An index that requests read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// A user's rows of one kind by their own time.
    Time,
    /// A user's tasks by creation.
    Created,
    /// What belongs to one task.
    Task,
    /// A user's pending reminders.
    Open,
}

impl Index {
    /// The index's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "by-time",
            Self::Created => "by-created",
            Self::Task => "by-task",
            Self::Open => "open",
        }
    }

    /// The index's sort key.
    pub fn sort_key(self) -> &'static str {
        match self {
            Self::Time => BY_TIME,
            Self::Created => BY_CREATED,
            Self::Task => BY_TASK,
            Self::Open => OPEN,
        }
    }
}

/// A row's primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

/// Prefix of the sort keys of attachments.
pub const ATTACHMENT_PREFIX: &str = "ATT#";
/// Prefix of the sort keys of tasks.
pub const TASK_PREFIX: &str = "TASK#";
/// Prefix of the sort keys of reminders.
pub const REMINDER_PREFIX: &str = "REM#";
/// Prefix of the sort keys of notifications.
pub const NOTIFICATION_PREFIX: &str = "NTF#";
/// Prefix of the sort keys of mails.
pub const MAIL_PREFIX: &str = "MAIL#";
/// The account's row, and the prefix of its sessions' rows.
pub const ACCOUNT: &str = "ACCOUNT";
/// Sort key of the inbox: how many notifications of each day are unread, and up to when all are read.
pub const INBOX: &str = "INBOX";
/// The sort key of a user's newest export.
pub const EXPORT: &str = "EXPORT";
/// Prefix of the sort keys of sessions.
pub const SESSION_PREFIX: &str = "ACCOUNT#SESSION#";

/// The partition of everything that is a user's.
pub fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

/// The user of a partition; `None` for other partitions.
pub fn user_of_partition(pk: &str) -> Option<UserId> {
    pk.strip_prefix("USER#").and_then(|id| UserId::parse(id).ok())
}

fn of_user(user: UserId, sk: String) -> Key {
    Key { pk: user_partition(user), sk }
}

/// The account's row.
pub fn account(user: UserId) -> Key {
    of_user(user, ACCOUNT.to_owned())
}

/// A session's row.
pub fn session(user: UserId, session: SessionId) -> Key {
    of_user(user, format!("{SESSION_PREFIX}{session}"))
}

/// The counters' row.
pub fn counters(user: UserId) -> Key {
    of_user(user, COUNTERS.to_owned())
}

/// The sort key of the counters' row. Behind the categories' and before the days': one Query has both.
pub const COUNTERS: &str = "COUNTERS";
/// Prefix of the sort keys of categories. Their names may begin with any character: they end at [`COUNTERS`].
pub const CATEGORY_PREFIX: &str = "CATEGORY#";
/// Prefix of the sort keys of months.
pub const DAYS_PREFIX: &str = "DAYS#";
/// Prefix of the sort keys of years.
pub const STREAK_PREFIX: &str = "STREAK#";

/// The row that counts the tasks of a category.
pub fn category(user: UserId, name: &str) -> Key {
    of_user(user, format!("{CATEGORY_PREFIX}{name}"))
}

/// The row that counts the completed reminders of each day of a month.
pub fn days(user: UserId, of_month: Date) -> Key {
    of_user(user, format!("{DAYS_PREFIX}{:04}-{:02}", of_month.year(), of_month.month()))
}

/// The first of the month of a sort key that [`days`] made; `None` for other keys.
pub fn month_of_days(sk: &str) -> Option<Date> {
    let (year, month) = sk.strip_prefix(DAYS_PREFIX)?.split_once('-')?;
    Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
}

/// A day's number in its month's row.
pub fn day_attribute(day: Date) -> String {
    format!("d{:02}", day.day())
}

/// The row that tells which days of a year have completed reminders.
pub fn streak(user: UserId, year: i16) -> Key {
    of_user(user, format!("{STREAK_PREFIX}{year:04}"))
}

/// The year of a sort key that [`streak`] made; `None` for other keys.
pub fn year_of_streak(sk: &str) -> Option<i16> {
    sk.strip_prefix(STREAK_PREFIX)?.parse().ok()
}

/// A month's mask in its year's row; bit 0 is the first day.
pub fn month_attribute(month: i8) -> String {
    format!("m{month:02}")
}

/// A task's row.
pub fn task(user: UserId, task: TaskId) -> Key {
    of_user(user, format!("{TASK_PREFIX}{task}"))
}

/// A reminder's row.
pub fn reminder(user: UserId, reminder: ReminderId) -> Key {
    of_user(user, format!("{REMINDER_PREFIX}{reminder}"))
}

/// An attachment's row.
pub fn attachment(user: UserId, attachment: AttachmentId) -> Key {
    of_user(user, format!("{ATTACHMENT_PREFIX}{attachment}"))
}

/// What a task's attachments share in `by-task`.
pub fn attachments_of_task(task: TaskId) -> String {
    format!("{ATTACHMENT_PREFIX}{task}")
}

/// A notification's row.
pub fn notification(user: UserId, notification: NotificationId) -> Key {
    of_user(user, format!("{NOTIFICATION_PREFIX}{notification}"))
}

/// A mail's row.
pub fn mail(user: UserId, mail: MailId) -> Key {
    of_user(user, format!("{MAIL_PREFIX}{mail}"))
}

/// The row that makes an address unique.
pub fn email_claim(email: &Email) -> Key {
    Key { pk: format!("EMAIL#{}", email.as_str()), sk: "CLAIM".to_owned() }
}

/// The row that tells which notifications are unread.
pub fn inbox(user: UserId) -> Key {
    of_user(user, INBOX.to_owned())
}

/// The row of the first answer to a request that creates, by the tag of its route and key.
pub fn idempotency(user: UserId, tag: &str) -> Key {
    of_user(user, format!("IDEM#{tag}"))
}

/// The row of a mailed token, by the token's hash in lower-case hexadecimal.
pub fn mailed_token(hash: &str) -> Key {
    Key { pk: format!("TOKEN#{hash}"), sk: "TOKEN".to_owned() }
}

/// The row of a login that waits for its code.
pub fn challenge(challenge: ChallengeId) -> Key {
    Key { pk: format!("CHALLENGE#{challenge}"), sk: "CHALLENGE".to_owned() }
}

/// The row that makes a Google account's link unique, by its subject identifier.
pub fn google_claim(subject: &str) -> Key {
    Key { pk: format!("GOOGLE#{subject}"), sk: "CLAIM".to_owned() }
}

/// The row of a user's newest export.
pub fn export(user: UserId) -> Key {
    of_user(user, EXPORT.to_owned())
}

/// The rate windows of a client, by the keyed hash of its address.
pub fn rate_windows(client: &str) -> Key {
    Key { pk: format!("RATE#{client}"), sk: "RATE".to_owned() }
}

/// The partition of the ledger of migrations.
pub const MIGRATIONS: &str = "MIGRATIONS";
/// Prefix of the sort keys of migrations.
pub const MIGRATION_PREFIX: &str = "NUMBER#";

/// A migration's row.
pub fn migration(number: u32) -> Key {
    Key { pk: MIGRATIONS.to_owned(), sk: format!("{MIGRATION_PREFIX}{number:04}") }
}

/// The row that only one operator's migration has at a time.
pub fn migration_lock() -> Key {
    Key { pk: MIGRATIONS.to_owned(), sk: "LOCK".to_owned() }
}

/// How far an import is.
pub fn import_progress() -> Key {
    Key { pk: MIGRATIONS.to_owned(), sk: "IMPORT".to_owned() }
}

/// A key that nothing is ever stored under: reading it shows whether the table answers.
pub fn health_probe() -> Key {
    Key { pk: "HEALTH".to_owned(), sk: "HEALTH".to_owned() }
}

/// Where a task stands among its user's by due date. Undated ones stand behind all dated ones.
pub fn task_by_time(task: &Task) -> String {
    match task.due_date {
        Some(due) => format!("{TASK_DATED}{due}#{}", task.id),
        None => format!("{TASK_UNDATED}{}#{}", task.created_at, task.id),
    }
}

/// Prefix of dated tasks in `by-time`.
pub const TASK_DATED: &str = "TASK#D#";
/// Where the tasks that are due at an instant begin in `by-time`.
pub fn tasks_due(at: Timestamp) -> String {
    format!("{TASK_DATED}{at}")
}

/// Prefix of undated tasks in `by-time`; sorts behind [`TASK_DATED`].
pub const TASK_UNDATED: &str = "TASK#U#";

/// Where a task stands among its user's by creation.
pub fn task_by_created(task: &Task) -> String {
    format!("{TASK_PREFIX}{}#{}", task.created_at, task.id)
}

/// Where a reminder stands among its user's by time.
pub fn reminder_by_time(reminder: &Reminder) -> String {
    format!("{REMINDER_PREFIX}{}#{}", reminder.scheduled_at, reminder.id)
}

/// Where the reminders about an instant begin in `by-time` and `open`.
pub fn reminders_about(at: Timestamp) -> String {
    format!("{REMINDER_PREFIX}{at}")
}

/// Where a notification stands among its user's by creation.
pub fn notification_by_time(notification: &Notification) -> String {
    format!("{NOTIFICATION_PREFIX}{}#{}", notification.created_at, notification.id)
}

/// What a task's notifications share in `by-task`.
pub fn notifications_of_task(task: TaskId) -> String {
    format!("{NOTIFICATION_PREFIX}{task}")
}

/// A shard of the index `due`.
pub fn due_shard(kind: DueKind, shard: u8) -> String {
    let prefix = match kind {
        DueKind::Reminder => REMINDER_PREFIX,
        DueKind::Mail => MAIL_PREFIX,
        DueKind::Digest => "DIGEST#",
        DueKind::Task => TASK_PREFIX,
        DueKind::Attachment => ATTACHMENT_PREFIX,
    };
    format!("{prefix}{shard}")
}

/// Before everything that is due after `at`, behind everything due at it.
pub fn due_after(at: Timestamp) -> String {
    // Keys go on with `#`.
    format!("{at}$")
}

/// Where a reminder that is to fire stands in `due`: shard and sort key.
pub fn reminder_due(reminder: &Reminder, fires_at: Timestamp) -> (String, String) {
    let shard = reminder.id.shard(DUE_SHARDS);
    (due_shard(DueKind::Reminder, shard), format!("{fires_at}#{}", reminder.id))
}

/// Where an account whose digest is to go out stands in `due`: shard and sort key.
pub fn digest_due(user: UserId, at: Timestamp) -> (String, String) {
    (due_shard(DueKind::Digest, user.shard(DUE_SHARDS)), format!("{at}#{user}"))
}

/// Where a task whose user is to be told of its due date stands in `due`: shard and sort key.
pub fn task_due(task: &Task, overdue_at: Timestamp) -> (String, String) {
    // One that was due before it was written is told of by the tick that follows the write.
    let at = overdue_at.max(task.updated_at);
    (due_shard(DueKind::Task, task.id.shard(DUE_SHARDS)), format!("{at}#{}", task.id))
}

/// Where a mail that has not left stands in `due`: shard and sort key. It should have left by then.
pub fn mail_due(mail: &Mail) -> (String, String) {
    let late = mail.created_at.plus(MAIL_LATE);
    (due_shard(DueKind::Mail, mail.id.shard(DUE_SHARDS)), format!("{late}#{}", mail.id))
}

/// Where an attachment that is not finished stands in `due`: shard and sort key.
pub fn attachment_due(attachment: &Attachment, at: Timestamp) -> (String, String) {
    let shard = attachment.id.shard(DUE_SHARDS);
    (due_shard(DueKind::Attachment, shard), format!("{at}#{}", attachment.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn undated_tasks_sort_behind_dated_ones() {
        assert!(TASK_DATED < TASK_UNDATED);
    }

    proptest! {
        #[test]
        fn a_users_partition_names_its_user(_seed in 0u8..8) {
            let user = UserId::new();
            prop_assert_eq!(user_of_partition(&user_partition(user)), Some(user));
        }
    }

    #[test]
    fn other_partitions_name_no_user() {
        for pk in ["RATE#1", "USER#", "USER#1", "EMAIL#a@b.c"] {
            assert_eq!(user_of_partition(pk), None, "{pk}");
        }
    }
}
