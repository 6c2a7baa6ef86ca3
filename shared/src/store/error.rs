//! Why a read or a write failed.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::result::SdkError;

use super::idempotency::Once;
use super::transact::CONFLICT;
use crate::limits::Limit;

/// The table did not do what was asked. Not for callers of the API.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table, or the way to it, is overloaded.
    #[error("{operation} was throttled")]
    Throttled {
        /// The API operation.
        operation: &'static str,
    },
    /// The call failed in another way, after the SDK's retries.
    #[error("{operation} failed: {code}: {detail}")]
    Failed {
        /// The API operation.
        operation: &'static str,
        /// The service's error code.
        code: String,
        /// The service's message.
        detail: String,
    },
    /// The rate limiter refused the request before this read began.
    #[error("the rate limiter refused the request")]
    NotAdmitted,
    /// A row does not have the shape that the code expects.
    #[error("a row is malformed: {0}")]
    Malformed(#[from] serde_dynamo::Error),
}

/// A condition of a write that did not hold. Writes of event functions and operators have refusals of their own, so that a
/// request cannot meet them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another account has the address.
    EmailTaken,
    /// The account is gone, or was changed in the meantime.
    AccountChanged,
    /// The user has as many tasks as allowed.
    TooManyTasks,
    /// The task is gone.
    TaskGone,
    /// The task was changed in the meantime.
    TaskChanged,
    /// The task has as many reminders as allowed.
    TooManyReminders,
    /// The task has as many attachments as allowed.
    TooManyAttachments,
    /// The attachment was changed or deleted in the meantime.
    AttachmentChanged,
    /// The user's files would take more bytes than allowed.
    QuotaExceeded,
    /// The reminder was changed or deleted in the meantime.
    ReminderChanged,
    /// The session was rotated or ended in the meantime.
    SessionChanged,
    /// The mailed token was used, or a newer one was sent.
    TokenVoid,
    /// The notification was read or deleted in the meantime.
    NotificationChanged,
    /// The number of a counted day was changed in the meantime.
    DaysChanged,
    /// A completion of that day is counted already.
    AlreadyCounted,
    /// The task is completed: its reminders are not to come.
    NotOpen,
    /// The link of a mail was used, or its use undone, in the meantime.
    Tapped,
    /// The counters were changed while they were recounted.
    CountersChanged,
    /// The login that waited for its code is over, or has another code.
    ChallengeOver,
    /// Another account is linked with the Google account.
    GoogleTaken,
    /// The export was finished or replaced in the meantime.
    ExportChanged,
    /// Another mail to the unverified mailbox was counted in the meantime.
    MailboxChanged,
}

/// Why a write was not done. `R` is what the write may be refused with.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<R = Refusal> {
    /// The permit's session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// A request with the same idempotency key was written before: this is its answer.
    #[error("written before")]
    Repeated(Box<Once>),
    /// A condition did not hold.
    #[error("refused: {0:?}")]
    Refused(R),
    /// Others changed a row that the write depends on, at every try.
    #[error("overtaken by other writes")]
    Overtaken,
    /// The mailbox that a mail of the write goes to has had as many as it may.
    #[error("the mailbox gets no more mail for {retry_after} s")]
    MailboxFull {
        /// Seconds until it may get another.
        retry_after: i64,
        /// The limit that is exceeded.
        limit: Limit,
    },
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why rows were not read that only a live session may read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<serde_dynamo::Error> for ReadError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a write may be refused with.
pub trait Refuse: Clone + std::fmt::Debug + Send + Sync + 'static {}

impl<R: Clone + std::fmt::Debug + Send + Sync + 'static> Refuse for R {}

impl<R> From<serde_dynamo::Error> for WriteError<R> {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Store(error.into())
    }
}

pub(super) fn failed<E: ProvideErrorMetadata, H>(operation: &'static str, error: &SdkError<E, H>) -> StoreError {
    let code = error.code().unwrap_or("none");
    if is_throttling(code) || code == CONFLICT {
        return StoreError::Throttled { operation };
    }
    let kind = match error {
        SdkError::ConstructionFailure(_) => "construction failure",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "dispatch failure",
        SdkError::ResponseError(_) => "unparsable response",
        _ => "service error",
    };
    let detail = format!("{kind}: {}", error.message().unwrap_or("no message"));
    StoreError::Failed { operation, code: code.to_owned(), detail }
}

pub(super) fn malformed(operation: &'static str, error: &dyn std::error::Error) -> StoreError {
    StoreError::Failed { operation, code: "none".to_owned(), detail: error.to_string() }
}

pub(super) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ThrottlingError"
            | "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
    )
}
