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
//! | Last change of the zone or the digest's time, which open reviews follow | `USER#<id>` | `REVIEWS` | |
//! | Counters: tasks, pending and completed reminders, bytes of files, changes | `USER#<id>` | `COUNTERS` | |
//! | Tasks of a category | `USER#<id>` | `CATEGORY#<name>` | |
//! | Completed reminders by local day, a number each; days that have any, a mask a month | `USER#<id>` | `DAYS#<yyyy-mm>`, `STREAK#<yyyy>` | |
//! | Completion of a reminder, or rating of a review, that stays counted on its local day | `USER#<id>` | `DONE#<task>#<reminder>#<yyyy-mm-dd>` | |
//! | Task with cards of its children | `USER#<id>` | `TASK#<id>` | `by-time`, `by-created`, `due` until its user was told that it is overdue |
//! | Reminder, among them the one review of a plan | `USER#<id>` | `REM#<id>` | `by-time`, `open` while pending, `due` while it is to fire, `by-created` while it is a review that follows the digest's time |
//! | Tap on a button of a reminder's mail | `USER#<id>` | `TAP#<reminder>#<its plan>` | TTL |
//! | Occurrence of a recurring task that is over | `USER#<id>` | `OCC#<task>#<version of the task>` | |
//! | Attachment | `USER#<id>` | `ATT#<id>` | `by-task`, `due` while unfinished |
//! | Files of the user that are being processed, while some are | `USER#<id>` | `PROCESSING` | TTL |
//! | Notification | `USER#<id>` | `NTF#<id>` | `by-time`, `by-task`, TTL |
//! | Inbox: the unread of each day, and up to when all are read | `USER#<id>` | `INBOX` | |
//! | Mail on its way out | `USER#<id>` | `MAIL#<id>` | `due` until it is sent or given up, TTL |
//! | First answer to a request with an `Idempotency-Key`; a new account's is on the claim of its address | `USER#<id>` | `IDEM#<keyed hash of route and key>` | TTL |
//! | Claim of an e-mail address | `EMAIL#<address>` | `CLAIM` | |
//! | Claim of a Google id | `GOOGLE#<sub>` | `CLAIM` | |
//! | Token sent by mail (verification, reset, export) | `TOKEN#<sha-256>` | `TOKEN` | TTL |
//! | Login that waits for its code | `CHALLENGE#<id>` | `CHALLENGE` | TTL |
//! | Rate windows of a client address or account, failed logins of an account | `RATE#<keyed hash>` | `RATE` | TTL |
//! | Mails that a mailbox got: by anyone's doing, login codes, the same and reminders while unverified | `MAILBOX#<keyed hash>` | `ANYONE`, `CODES`, `CODES#UNVERIFIED`, `REMINDERS` | TTL |
//! | Health probe (never written) | `HEALTH` | `HEALTH` | |
//! | Migration ledger and its lock, how far an import is | `MIGRATIONS` | `NUMBER#<number>`, `LOCK`, `IMPORT` | |
//!
//! # Indexes
//! | Index | Keys | Projection | Serves |
//! |---|---|---|---|
//! | `by-time` (local) | `PK`, `byTime` | all | a user's tasks by due date, reminders by time, notifications by creation |
//! | `by-created` (local) | `PK`, `byCreated` | all | a user's tasks by creation (imported ids do not sort by it); reviews that follow the digest's time |
//! | `open` (local) | `PK`, `open` | keys | counting pending reminders before or after now |
//! | `by-task` (local) | `PK`, `byTask` | keys | the notifications and attachments of a deleted task |
//! | `by-changed` (local, sparse) | `PK`, `byChanged` | keys | nothing yet, and no row has the attribute: a feed of changes will need it, and local indexes cannot be added later |
//! | `due` (global, sparse, sharded) | `dueShard`, `dueAt` | keys | the tick: digests and due dates of this minute; what was due and did not happen |
//!
//! Local indexes read strongly, so what was just created is listed. They exist only from the table's creation
//! on, hence all of them from the start.
//!
//! # Access patterns and budgets
//! Calls on the request's path, in order; `‖` marks what runs at the same time. Units are DynamoDB's read (RCU)
//! and write units (WCU) for small items, as `shared/tests/store/budgets.rs` asserts them. Every route also makes the
//! limiter's write (1 WCU, beside its first call); a silent refresh adds one read (1 RCU) for each session that the first four
//! refresh cookies name, until one of them is valid. Where none is valid and one was stolen, its session is ended with one
//! update (1 WCU). The first request with which an instance finds that a session has ended is counted once more (1 WCU), for
//! that session. On a route with a rate limit
//! class, "limiter gives back" is one more write (1 WCU) for a request that does not count in the class; other results of
//! these routes cost it where they do not count, too. A rejected request makes the limiter's write and the first read in
//! the row, if that is bounded, and no other (`functions/service/tests/rejected_requests.rs`).
//!
//! | Route | Calls | RCU | WCU |
//! |---|---|---|---|
//! | POST /api/auth/register | Transact(claim, account, token, mail, mailbox) → limiter gives back | 0 | 13 |
//! | POST /api/auth/login | Get(claim) → Query(account and sessions) → Transact(account, session, less the oldest) → limiter gives back | 2 | 5 |
//! | the same, from a strange address | …, the guard's write beside the hash, … → the guard gives back | 2 | 7 |
//! | the same, refused | Get(claim) → Query(account and sessions), the guard's write beside the hash | 2 | 1 |
//! | the same, with a code | …, from a strange address the guard's write → Transact(challenge, mail, mailbox) → limiter gives back | 2 | 8, strange 9 |
//! | POST /api/auth/verify-otp | Update(challenge) → Query(account and sessions) → Transact(account, session, challenge) → limiter, guard give back | 1 | 9 |
//! | POST /api/auth/resend-otp | Get(challenge) → Transact(challenge, account, mail, mailbox) → limiter gives back | 1 | 10 |
//! | POST /api/auth/forgot-password | none: a message on a queue | 0 | 0 |
//! | auth-issue-reset, per message | Get(claim) → Transact(mail, account, token, mailbox) | 1 | 9 |
//! | POST /api/auth/reset-password | Get(token) → Query(account and sessions) → Transact(account, token, sessions, notification, mail) → the guard's counts go, limiter gives back | 2 | 14 + 2 per session |
//! | GET /api/auth/google | limiter gives back; the provider's metadata once an hour | 0 | 1 |
//! | GET /api/auth/google/callback | BatchGet(claims) → Query(account and sessions) → Transact(account, session) → limiter gives back | 3 | 5 |
//! | the same, linking | BatchGet(claims) → Query → Transact(account, claim, notification, mail) → Query → Transact(account, session) → … | 4 | 17 |
//! | the same, new | BatchGet(claims) → Transact(claims, account) → Transact(account, session) → … | 2 | 11 |
//! | POST /api/auth/refresh | Get(session) → Update(session) → limiter gives back | 1 | 2 |
//! | POST /api/auth/verify-email | Get(token) → Transact(session, account, token) → limiter gives back | 1 | 7 |
//! | the same, with the password | Get(token) → Get(account) ‖ limiter counts → the guard's write beside the hash → Transact(account, token) → limiter twice, guard give back | 2 | 9 |
//! | POST /api/auth/resend-verification | Get(account) → Transact(session, account, token, mail, mailbox) | 1 | 11 |
//! | POST /api/auth/logout | Delete(session), for each that a token names, at once | 0 | 1 per session |
//! | GET /api/user/me | Get(account) | 1 | 0 |
//! | PATCH /api/user/me | Get(account) → Transact(session, account) | 1 | 4, 6 when the digest moves, 8 with another zone or time of it |
//! | PATCH /api/user/me, PUT /api/tasks/{id}, PUT /api/reminders/{id}, where nothing changes | what they read → Get(session) | 1 more | 0 |
//! | POST /api/user/enabled-2fa | Query(account and sessions) → Transact(session, account, notification, mail, others where they end) → limiter gives back | 1 | 13 + 2 per other session that ends |
//! | POST /api/user/export | Query(account and sessions) ‖ Get(export) → Transact(session, export) → limiter gives back | 2 | 5 |
//! | GET /api/user/export | BatchGet(session, export) | 2 | 0 |
//! | POST /api/user/export/open | BatchGet(session, export, account, token) → Transact(session, token) → limiter gives back | 4 | 5 |
//! | users-build-export, per message | Get(export) → Query(all of the user's rows, 1 MB each) → Get(account) → Transact(export, token, mail) | 2 + 1 per 4 KB | 7 |
//! | DELETE /api/user/me | Query(account and sessions) → Transact(account, claims, sessions) → limiter gives back | 1 | 8 + 2 per session |
//! | GET /api/user/sessions | Query(account and sessions) | 1 | 0 |
//! | DELETE /api/user/sessions/{id} | Transact(session, the other) | 0 | 4 |
//! | DELETE /api/user/sessions | Query(account and sessions) → Transact(session, the others) | 1 | 2 + 2 per other |
//! | POST /api/user/change-password, set-password | Query(account and sessions) → Transact(session, account, others, notification, mail) → limiter gives back | 1 | 13 + 2 per other |
//! | POST /api/tasks | Transact(session, task, counters, category); Get(account) first for a plain date, or a recurrence without a zone | 0 | 10, dated 11 |
//! | GET /api/tasks | Query(`by-time` or `by-created`); two Queries where dated and undated meet, descending; Get(account) first for a plain date | 1 per 4 KB read, see below | 0 |
//! | GET /api/tasks/{id} | Get(task) | 1 | 0 |
//! | PUT /api/tasks/{id} | Get(task), after Get(account) for a plain date → Transact(session, task) | 1 | 6 |
//! | the same, into another category | … → Transact(session, task, counters, both categories) | 1 | 12 |
//! | the same, completing | … → Transact(session, task, pending reminders, notification, counters) | 1 | 12 + 2 with pending reminders + 5 for each |
//! | the same, moving the due date | Get(task) → BatchGet(its relative reminders), none without → Transact(session, task, each of them, a completion that it keeps) | 1 + 1 per relative reminder | 9 + 8 per relative reminder + 4 per further KB of the task |
//! | the same, completing an occurrence of a recurring task | … → Transact(session, task, occurrence, pending reminders, notification, inbox) | 1 | 17 + 2 with pending reminders + 5 for each |
//! | POST /api/tasks/{id}/skip | Get(task) → Transact(session, task, occurrence, pending reminders) | 1 | 11 + 2 with pending reminders + 5 for each |
//! | GET /api/tasks/{id}/occurrences | Get(task) ‖ Query(occurrences) | 2 for the 50 of a page | 0 |
//! | PUT /api/tasks/{id}/plan | Get(task) → BatchGet(account, open review) → Transact(session, task, review, counters for a new one) | 2, with an open review 3 | 14, a changed one 15 |
//! | DELETE /api/tasks/{id}/plan | Get(task) → Transact(session, task, review, counters) | 1 | 14 |
//! | PUT /api/tasks/{id}, POST /api/tasks/{id}/skip, sent again with its `Idempotency-Key` after what it changed | … → BatchGet(session, first answer) | 2 more | 0 |
//! | DELETE /api/tasks/{id} | Get(task) → BatchGet(days), with completed reminders only → Transact(session, task, its reminders, counters, category, their completions and days) | 1 + 1 per month | 10 + 3 per reminder + 2 per completed one + 2 per month and year of those |
//! | GET /api/tasks/{id}/reminders | Get(task) → BatchGet(≤ 30 reminders) | 1 + 1 per reminder | 0 |
//! | POST /api/tasks/{id}/attachments | Transact(session, task's cards, rows, counters) | 0 | 12; 4 for each further one, + 2 per KB of the task |
//! | the same, with the files in the body | … → S3 → BatchGet(those not settled), at most six times | 1 per file and look | as above |
//! | GET /api/attachments/{id} | BatchGet(session, attachment) | 2 | 0 |
//! | DELETE /api/attachments/{id} | Get(attachment) → Transact(session, task's card, attachment, counters) | 1 | 12 + 2 per further KB of the task |
//! | POST /api/reminders | Transact(session, task's card, reminder, counters); Get(account) and Get(days) first for a completed one, which writes its completion too; Get(task) first for a relative one | 0 | 13 |
//! | GET /api/reminders | Query(`by-time`) → up to five BatchGet(100 of their tasks) at once | 1 per 4 KB, + 1 per task | 0 |
//! | PUT /api/reminders/{id} | Get(reminder) → Transact(session, task's card, reminder) | 1 | 14 when moved |
//! | the same, with a status or a time | BatchGet(reminder, account, this month's days) → Transact(…, counters, completion, day, year for a day's first or last) | 3 | 17, a day's first or last 19 |
//! | the same, made relative | … → Get(task) → Transact(…) | 1 more | as above |
//! | POST /api/reminders/{id}/snooze | Get(reminder) → Transact(session, task's card, reminder, counters where it had fired); Get(first answer) for one that is refused and has an `Idempotency-Key` | 1 | 14 |
//! | POST /api/reminders/{id}/review | BatchGet(reminder, account, this month's days) → Get(task) → Transact(session, task, reminder, counters, completion, day, year for a day's first); Get(first answer) for one that is refused and has an `Idempotency-Key` | 4 | 23 |
//! | DELETE /api/reminders/{id}, of an open review | … → Get(task) → Transact(session, task, reminder, counters) | 4 | 14 |
//! | DELETE /api/reminders/{id} | BatchGet(reminder, account, this month's days) → Transact(session, task's card, reminder, counters, its completion and day if completed) | 3 | 13, completed 15 |
//! | GET /api/notifications | Query(`by-time`) → BatchGet(their tasks, inbox); up to six at once for 500 | 1 per 4 KB, + 1 per task, + 1 | 0 |
//! | GET /api/notifications/count | Get(inbox) | 1 | 0 |
//! | PATCH /api/notifications/{id}/read | BatchGet(notification, inbox) → Transact(session, notification, inbox) → Get(task) | 3 | 7 |
//! | PATCH /api/notifications/read-all | Transact(session, inbox) | 0 | 4 |
//! | DELETE /api/notifications/{id} | BatchGet(notification, inbox) → Transact(session, notification, inbox) | 2 | 8 |
//! | GET, POST /api/unsubscribe | Get(account); → Transact(account, notification, inbox) | 1 | 0; 7, from the digest 8 |
//! | GET /api/act | BatchGet(account, task, reminder, tap) | 4 | 0 |
//! | POST /api/act, completing the task | BatchGet(account, task, reminder, tap) → BatchGet(its pending and its relative reminders, none without) → Transact(tap, task, the reminders, notification, inbox) | 4 + 1 per reminder | 13 + 2 with pending reminders + 5 for each |
//! | the same, an occurrence of a recurring task | … → Transact(tap, task, the reminders, occurrence, notification, inbox) | 4 + 1 per reminder | 17 + 2 with reminders + 8 per relative and 5 per other one |
//! | the same, putting the reminder off | BatchGet(account, task, reminder, tap) → Transact(tap, task's card, reminder, counters) | 4 | 14 |
//! | the same, rating a review | BatchGet(account, task, reminder, tap, this month's days) → Transact(tap, task, reminder, counters, completion, day, year for a day's first) | 5 | 22 |
//! | the same, undoing a rating | BatchGet(account, task, reminder, tap) → Get(that month's days) → Transact(the same rows) | 5 | 24 |
//! | the same, undoing a completion | BatchGet(account, task, reminder, tap) → BatchGet(the reminders) ‖ BatchGet(notification, inbox) → Transact(…, the same rows) | 6 + 1 per reminder | as many |
//! | the same, undoing a snooze | BatchGet(account, task, reminder, tap) → Transact(tap, task's card, reminder, counters) | 4 | 14 |
//! | GET /api/analytics | Query(categories, counters) ‖ BatchGet(account, 2 or 3 months) ‖ Query(`open`, overdue, counted) | 5 or 6, whatever the history | 0 |
//! | GET /api/analytics/streaks | Get(account) ‖ Query(years) | 2 for up to some 25 years | 0 |
//! | GET /health | Get(probe) | ½ | 0 |
//! | reminders-fire, per message | BatchGet(reminder, task, account) → Get(its month's days) → Transact(reminder, card, notification, mail, inbox, counters, completion, day, year for a day's first) | 4 | 26 |
//! | mail-send, per message | BatchGet(mail, account) → Update(claim) → SES → Update(mail) → Get(reminder) → Update(reminder); Get(task) before SES for a reminder's mail that is over an hour late | 3, late 4 | 5 |
//! | service-dispatch, per record | Get(reminder), none for other rows → schedule or queue; Delete(category) for one that no task has any more | 1 | 0; 1 for a category |
//! | the same, per stolen session | BatchGet(session, account) → Transact(session, account, notification, inbox, mail) | 2 | 12 |
//! | reminders-digest, per user and day | Get(account) → Query(tasks of the day) ‖ Query(reminders of the day) → BatchGet(their tasks) → Transact(account, notification, mail, inbox), or Update(account) for a day with nothing | 4 | 13, or 3 |
//! | tasks-overdue, per due date | Get(task) → Transact(task, notification, inbox) | 1 | 11 |
//! | mail-send, per digest | as above, then Update(each reminder told of) | 2 | 2 + 2 per reminder |
//! | mail-feedback, per event | BatchGet(mail, account) → Get(reminder) → Update(reminder); first Transact(account, notification, inbox) for one that stops mail | 3 | 2 |
//! | service-dispatch, per change of what reviews follow | Get(its row) → queue | 1 | 0 |
//! | service-sweep, per 100 reviews of a user who made one | BatchGet(account, its row) → Query(`by-created`) | 2 + 1 per 4 KB | 0 |
//! | reminders-fire, per review that is moved | BatchGet(reminder, task, account) → Transact(reminder, card) | 3 | 13 |
//! | service-sweep, per tick | 16 Queries over `due` (40 more every ten minutes, 80 every hour), one more per 100 rows found; BatchGet(reminders found) | ½ per Query, + 1 per reminder found | 0 |
//! | attachments-optimize, per upload | Get(attachment) → Update(processing) → S3 → Transact(card, attachment) → S3 → Get(attachment) → Transact(card, attachment, counters) → S3 → Update(processing); its own empty object comes as a second message, which reads nothing | 2 | 22 + 4 per further KB of the task |
//! | the same, put off for others | Get(attachment) → Update(processing) twice → a message on its own queue | 1 | 2 |
//! | service-cleanup, per deleted task, reminder or attachment | Get(it): one that was restored in the meantime keeps what it has | 1 | 0 |
//! | service-cleanup, per task's attachments | Query(`by-task`) → S3, three deletes each → BatchWrite(25 deletes) | 1 | 2 each |
//! | service-cleanup, per task's occurrences | Query(occurrences, 1 MB each) → BatchWrite(25 deletes) | 1 per 4 KB | 1 each |
//! | service-cleanup, per attachment that was not finished | Get(attachment) → Transact(card, attachment, counters) | 1 | 10 |
//! | service-cleanup, reconciliation, per user with files | S3, a list for 1,000 objects of whoever comes → Query(attachments) → S3, a delete for each file without a row; Transact(card, attachment, counters) for each row without a file | 1 per 4 KB | 0; 10 per row without a file |
//! | service-cleanup, per 25 notifications of a task | Query(`by-task`) → BatchGet(them, inbox) → Transact(them, inbox) | 2 + 1 each | 2 + 4 each |
//! | service-cleanup, per 25 completions of a task or a reminder | Query(completions) → BatchGet(days) → Transact(them, counters, days, years) | 1 + 1 per month | 4 + 2 each + 2 per month and year |
//! | service-cleanup, per account | Get(account) → (Query(25 rows) → BatchWrite(25 deletes)) up to 80 times, then its own message again | 1 per 4 KB | 1 to 5 per row |
//!
//! Mails that a budget of their mailbox limits are counted in the transaction that writes them: 2 WCU, in the figures above where
//! every such mail counts. A security notice or an export's mail counts only while the address is not verified: 2 WCU more.
//! Where a window of the budget has turned, or nothing is left of it, the transaction is refused and sent once more. A
//! reminder's or digest's mail to an unverified address takes Get(mailbox) before, 1 RCU, and 2 WCU more.
//!
//! A POST that creates, a skip or a PUT of a task that has an `Idempotency-Key` writes the first answer too, in the same transaction: 2 WCU more for
//! each KB of it, and none for a registration, whose claim holds it. Files in a body that is sent again are read again, with
//! a BatchGet after the refused transaction: 1 RCU each.
//!
//! Counting on a day of another month than the likely one, or beside others who count on the same day, reads the
//! days again: one read and perhaps one refused transaction more.
//!
//! # The dearest pages
//! `shared/tests/store/scale.rs` asserts these on accounts of 5,000 rows and more.
//!
//! | List | Looks at | Dearest page, RCU |
//! |---|---|---|
//! | GET /api/tasks | `limit` + 1 rows, 501 without one | 126 for rows of 1 KB; rows are at most some 40 KB |
//! | the same with any filter, `q` included | at most 500 rows, a page may be short | 125 for rows of 1 KB |
//! | the same, the heaviest rows there can be | at most 1 MB a Query | 257, twice that where dated and undated meet |
//! | GET /api/reminders | `limit` + 1 rows, 501 without one, at most 1 MB; their tasks | 257 for the heaviest reminders + 1 per 4 KB of each task |
//! | GET /api/notifications | `limit` + 1 rows, 51 without one; their tasks, the inbox | 1 per 4 KB, + 1 per 4 KB of each task, + 1 |
//! | GET /api/analytics | a category's row each, 1 per 4 KB (some 30 categories) | + 1 per 30 overdue reminders that are still pending |
//!
//! Operators' commands (`infra/admin`) walk the table by Scan and read a user's rows by Query; no route does.

mod indexes;
mod row_key;

use jiff::civil::Date;

pub use self::indexes::*;
pub use self::row_key::{RowKey, UserRowKey};
use crate::domain::email::Email;
use crate::domain::mailbox::MailboxTag;
use crate::id::{AttachmentId, ChallengeId, MailId, NotificationId, ReminderId, SessionId, TaskId, UserId};
use crate::limits::MailBudget;

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
/// Sort key of the index `by-changed`, which no row has yet.
pub const BY_CHANGED: &str = "byChanged";
/// Partition key of the index `due`.
pub const DUE_SHARD: &str = "dueShard";
/// Sort key of the index `due`.
pub const DUE_AT: &str = "dueAt";

/// Every attribute that is part of a key, of the table's or of an index's.
pub const ALL_KEYS: [&str; 9] = [PK, SK, BY_TIME, BY_CREATED, OPEN, BY_TASK, BY_CHANGED, DUE_SHARD, DUE_AT];

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
/// Prefix of the sort keys of occurrences.
pub const OCCURRENCE_PREFIX: &str = "OCC#";
/// Prefix of the sort keys of taps.
pub const TAP_PREFIX: &str = "TAP#";
/// Prefix of the sort keys of mails.
pub const MAIL_PREFIX: &str = "MAIL#";
/// The account's row, and the prefix of its sessions' rows.
pub const ACCOUNT: &str = "ACCOUNT";
/// Sort key of the inbox: how many notifications of each day are unread, and up to when all are read.
pub const INBOX: &str = "INBOX";
/// The sort key of the files that are being processed.
pub const PROCESSING: &str = "PROCESSING";
/// The sort key of a user's newest export.
pub const EXPORT: &str = "EXPORT";
/// The sort key of the last change of the settings that open reviews follow.
pub const REVIEW_MOVE: &str = "REVIEWS";
/// Prefix of the sort keys of sessions.
pub const SESSION_PREFIX: &str = "ACCOUNT#SESSION#";

const USER_PREFIX: &str = "USER#";
const EMAIL_PREFIX: &str = "EMAIL#";
const GOOGLE_PREFIX: &str = "GOOGLE#";
const TOKEN_PREFIX: &str = "TOKEN#";
const CHALLENGE_PREFIX: &str = "CHALLENGE#";
const RATE_PREFIX: &str = "RATE#";
const MAILBOX_PREFIX: &str = "MAILBOX#";
const IDEMPOTENCY_PREFIX: &str = "IDEM#";
const CLAIM: &str = "CLAIM";
const TOKEN: &str = "TOKEN";
const CHALLENGE: &str = "CHALLENGE";
const RATE: &str = "RATE";
const BUDGET_OF_ANYONE: &str = "ANYONE";
const BUDGET_OF_CODES: &str = "CODES";
const BUDGET_OF_UNVERIFIED_CODES: &str = "CODES#UNVERIFIED";
const UNVERIFIED_REMINDERS: &str = "REMINDERS";
const MIGRATION_LOCK: &str = "LOCK";
const IMPORT: &str = "IMPORT";

/// The partition of everything that is a user's.
pub fn user_partition(user: UserId) -> String {
    format!("{USER_PREFIX}{user}")
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

/// A day's number in its month's row.
pub fn day_attribute(day: Date) -> String {
    format!("d{:02}", day.day())
}

/// The row that tells which days of a year have completed reminders.
pub fn streak(user: UserId, year: i16) -> Key {
    of_user(user, format!("{STREAK_PREFIX}{year:04}"))
}

/// A month's mask in its year's row; bit 0 is the first day.
pub fn month_attribute(month: i8) -> String {
    format!("m{month:02}")
}

/// Prefix of the sort keys of completions.
pub const COMPLETION_PREFIX: &str = "DONE#";

/// The row that keeps a reminder counted as completed on a day.
pub fn completion(user: UserId, (task, reminder): (TaskId, ReminderId), day: Date) -> Key {
    of_user(user, format!("{}{day}", completions_of(task, Some(reminder))))
}

/// What the sort keys of a task's completions begin with, or those of one of its reminders.
pub fn completions_of(task: TaskId, reminder: Option<ReminderId>) -> String {
    match reminder {
        Some(reminder) => format!("{COMPLETION_PREFIX}{task}#{reminder}#"),
        None => format!("{COMPLETION_PREFIX}{task}#"),
    }
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

/// A notification's row.
pub fn notification(user: UserId, notification: NotificationId) -> Key {
    of_user(user, format!("{NOTIFICATION_PREFIX}{notification}"))
}

/// The row of an occurrence that ended with a version of its task. Occurrences sort by that version: as a number of at most ten
/// digits, far above what a task reaches.
pub fn occurrence(user: UserId, task: TaskId, task_version: u64) -> Key {
    of_user(user, format!("{}{task_version:010}", occurrences_of_task(task)))
}

/// Prefix of the sort keys of a task's occurrences.
pub fn occurrences_of_task(task: TaskId) -> String {
    format!("{OCCURRENCE_PREFIX}{task}#")
}

/// The row of what was pressed on the page of a reminder's mail, which was sent for a plan of the reminder.
pub fn tap(user: UserId, reminder: ReminderId, plan: u64) -> Key {
    of_user(user, format!("{TAP_PREFIX}{reminder}#{plan}"))
}

/// A mail's row.
pub fn mail(user: UserId, mail: MailId) -> Key {
    of_user(user, format!("{MAIL_PREFIX}{mail}"))
}

/// The row that makes an address unique.
pub fn email_claim(email: &Email) -> Key {
    Key { pk: format!("{EMAIL_PREFIX}{}", email.as_str()), sk: CLAIM.to_owned() }
}

/// The row that tells which notifications are unread.
pub fn inbox(user: UserId) -> Key {
    of_user(user, INBOX.to_owned())
}

/// The row of the first answer to a request that creates, by the tag of its route and key.
pub fn idempotency(user: UserId, tag: &str) -> Key {
    of_user(user, format!("{IDEMPOTENCY_PREFIX}{tag}"))
}

/// The row of a mailed token, by the token's hash in lower-case hexadecimal.
pub fn mailed_token(hash: &str) -> Key {
    Key { pk: format!("{TOKEN_PREFIX}{hash}"), sk: TOKEN.to_owned() }
}

/// The row of a login that waits for its code.
pub fn challenge(challenge: ChallengeId) -> Key {
    Key { pk: format!("{CHALLENGE_PREFIX}{challenge}"), sk: CHALLENGE.to_owned() }
}

/// The row that makes a Google account's link unique, by its subject identifier.
pub fn google_claim(subject: &str) -> Key {
    Key { pk: format!("{GOOGLE_PREFIX}{subject}"), sk: CLAIM.to_owned() }
}

/// The row of a user's newest export.
pub fn export(user: UserId) -> Key {
    of_user(user, EXPORT.to_owned())
}

/// The row that tells when a user last changed what open reviews follow: the zone, or the time of the digest.
pub fn review_move(user: UserId) -> Key {
    of_user(user, REVIEW_MOVE.to_owned())
}

/// The row of a user's files that are being processed.
pub fn processing(user: UserId) -> Key {
    of_user(user, PROCESSING.to_owned())
}

/// The rate windows of a client, by the keyed hash of its address.
pub fn rate_windows(client: &str) -> Key {
    Key { pk: format!("{RATE_PREFIX}{client}"), sk: RATE.to_owned() }
}

/// The row that counts a mailbox's mails of a budget.
pub fn mail_budget(mailbox: &MailboxTag, budget: MailBudget) -> Key {
    let sk = match budget {
        MailBudget::Anyone => BUDGET_OF_ANYONE,
        MailBudget::Code => BUDGET_OF_CODES,
        MailBudget::UnverifiedCode => BUDGET_OF_UNVERIFIED_CODES,
    };
    of_mailbox(mailbox, sk)
}

/// The row that tells when reminder mails went to a mailbox at an address that nobody has verified.
pub fn unverified_reminders(mailbox: &MailboxTag) -> Key {
    of_mailbox(mailbox, UNVERIFIED_REMINDERS)
}

fn of_mailbox(mailbox: &MailboxTag, sk: &str) -> Key {
    Key { pk: format!("{MAILBOX_PREFIX}{}", mailbox.as_str()), sk: sk.to_owned() }
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
    Key { pk: MIGRATIONS.to_owned(), sk: MIGRATION_LOCK.to_owned() }
}

/// How far an import is.
pub fn import_progress() -> Key {
    Key { pk: MIGRATIONS.to_owned(), sk: IMPORT.to_owned() }
}

/// A key that nothing is ever stored under: reading it shows whether the table answers.
pub fn health_probe() -> Key {
    Key { pk: "HEALTH".to_owned(), sk: "HEALTH".to_owned() }
}
