//! The catalogue of errors: every code, status and text that a caller may see, in one enum.

use std::borrow::Cow;
use std::panic::Location;

use serde::Serialize;

use super::reply::Reply;
use crate::domain::field::FieldError;
use crate::domain::task_change::DueDateNeeded;
use crate::domain::task_plan::PlanExists;
use crate::inline_schema;
use crate::store::{ReadError, Refusal, StoreError, WriteError};

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $code:ident = $status:literal, $word:literal, $message:literal;)+) => {
        /// What went wrong, in a form that programs can rely on. Codes never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $code,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The HTTP status (RFC 9110 §15).
            pub fn status(self) -> u16 {
                match self { $(Self::$code => $status),+ }
            }

            /// The code as callers see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => $word),+ }
            }

            /// The text that goes with it unless a route says it better.
            pub fn message(self) -> &'static str {
                match self { $(Self::$code => $message),+ }
            }

            /// What it means, in a sentence or two.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$code => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

catalogue! {
    /// One or more fields or parameters are invalid; `errors` names each.
    ValidationFailed = 400, "VALIDATION_FAILED", "Validation failed";
    /// The body is not a JSON object in UTF-8.
    MalformedJson = 400, "MALFORMED_JSON", "Request body must be a valid JSON object";
    /// The cursor was not issued for this list.
    InvalidCursor = 400, "INVALID_CURSOR", "Invalid cursor";
    /// Another account has this address.
    UserExists = 400, "USER_EXISTS", "User already exists";
    /// The account signs in with Google and has no password.
    PasswordNotSet = 400, "PASSWORD_NOT_SET", "This account is linked with google. Please use google to login";
    /// The account has a password already.
    PasswordAlreadySet = 400, "PASSWORD_ALREADY_SET", "Password is already set";
    /// The given current password is wrong.
    WrongPassword = 400, "WRONG_PASSWORD", "Current password is incorrect";
    /// The mailed token is unknown, used, revoked or expired.
    InvalidToken = 400, "INVALID_TOKEN", "Invalid or expired verification token";
    /// The one-time code is wrong, used, expired, or belongs to another login.
    InvalidOtp = 400, "INVALID_OTP", "Invalid or expired OTP";
    /// The login that this one-time code belongs to has expired.
    InvalidChallenge = 400, "INVALID_CHALLENGE", "This sign-in has expired. Please log in again";
    /// The password reset token is unknown, used or revoked.
    InvalidResetToken = 400, "INVALID_RESET_TOKEN", "Invalid or expired reset token";
    /// The password reset token has expired.
    ResetTokenExpired = 400, "RESET_TOKEN_EXPIRED", "Reset token has expired";
    /// No valid session.
    Unauthorized = 401, "UNAUTHORIZED", "Unauthorized";
    /// Wrong email address or password.
    InvalidCredentials = 401, "INVALID_CREDENTIALS", "Invalid credentials";
    /// The token is valid, but verifying the address also needs the account's own session or its password.
    SignInToVerify = 401, "SIGN_IN_TO_VERIFY", "Sign in to verify your email address";
    /// This action needs a recent sign-in.
    ReauthRequired = 403, "REAUTH_REQUIRED", "Sign in again to do this";
    /// The request comes from an origin that is not allowed.
    OriginNotAllowed = 403, "ORIGIN_NOT_ALLOWED", "Not allowed by CORS";
    /// It does not exist or belongs to another user.
    NotFound = 404, "NOT_FOUND", "Not found";
    /// No route has this path.
    RouteNotFound = 404, "ROUTE_NOT_FOUND", "Route not found";
    /// The path exists, but not with this method; `Allow` lists its methods.
    MethodNotAllowed = 405, "METHOD_NOT_ALLOWED", "Method not allowed";
    /// The user has reached the maximum number.
    LimitReached = 409, "LIMIT_REACHED", "Limit reached";
    /// The file is still being processed, or was rejected.
    AttachmentNotReady = 409, "ATTACHMENT_NOT_READY", "The file is not ready yet";
    /// The notification is a security notice of the last seven days.
    SecurityNotice = 409, "SECURITY_NOTICE", "Security notices can be deleted after 7 days";
    /// There is nothing open to act on: the reminder is skipped or was completed by hand, the review's day has not come or it was rated,
    /// the task does not recur, or it is completed.
    NotOpen = 409, "NOT_OPEN", "It is not open";
    /// A task recurs or has a plan of reviews, not both.
    PlanExists = 409, "PLAN_EXISTS", "A task recurs or has a plan of reviews, not both";
    /// Reminders depend on the due date; delete them or give them a time of their own first.
    DueDateNeeded = 409, "DUE_DATE_NEEDED", "Reminders depend on the due date";
    /// Concurrent changes kept conflicting; retry.
    Conflict = 409, "CONFLICT", "Changed by another request. Try again";
    /// The ETag in `If-Match` is outdated; nothing was changed.
    PreconditionFailed = 412, "PRECONDITION_FAILED", "Changed since it was read";
    /// The user's storage quota would be exceeded.
    QuotaExceeded = 413, "QUOTA_EXCEEDED", "Your storage is full. Delete some files first";
    /// The body exceeds the route's size limit.
    BodyTooLarge = 413, "BODY_TOO_LARGE", "Request body is too large";
    /// The route does not accept this content type, charset (UTF-8 only) or content encoding.
    UnsupportedMediaType = 415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json";
    /// The `Idempotency-Key` was used with a different request within a day; nothing was changed.
    IdempotencyKeyReused = 422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key was used for another request";
    /// The account or the address has exceeded a rate limit; `Retry-After` gives the seconds to wait.
    TooManyRequests = 429, "TOO_MANY_REQUESTS", "Too many requests. Try again later";
    /// Unexpected server error; report the `requestId`.
    Internal = 500, "INTERNAL", "Internal Server Error";
    /// The service or a dependency is temporarily unavailable; retry with backoff.
    Unavailable = 503, "UNAVAILABLE", "Service temporarily unavailable. Try again later";
}

/// An error on its way to the caller. What the caller sees and what only the log sees are held apart by type.
#[derive(Debug)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    fields: Vec<FieldError>,
    headers: Vec<(&'static str, String)>,
    cause: Option<String>,
    presented_nothing: bool,
    raised_at: &'static Location<'static>,
}

/// The body of an error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Error"))]
pub struct ErrorOut<'a> {
    #[cfg_attr(feature = "schema", schemars(with = "Failure"))]
    success: bool,
    /// For people. For bad fields, the messages of `errors`, joined.
    message: &'a str,
    /// For programs; a code never changes its meaning.
    #[cfg_attr(feature = "schema", schemars(with = "ErrorCode"))]
    code: &'static str,
    /// Every bad field, with `VALIDATION_FAILED` only.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    errors: &'a [FieldError],
    /// Names the request in the logs; report it with a problem.
    request_id: &'a str,
}

inline_schema!(ErrorCode, {
    "type": "string",
    "enum": Self::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
});

/// The value of `success` in an error.
#[cfg(feature = "schema")]
struct Failure;

inline_schema!(Failure, { "const": false });

impl ApiError {
    /// An error with its code's own text.
    #[track_caller]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: Cow::Borrowed(code.message()),
            fields: Vec::new(),
            headers: Vec::new(),
            cause: None,
            presented_nothing: false,
            raised_at: Location::caller(),
        }
    }

    /// `<what> not found`.
    #[track_caller]
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound).with_message(format!("{what} not found"))
    }

    /// 503; `cause` is for the log.
    #[track_caller]
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::Unavailable).with_cause(cause)
    }

    /// 500; `cause` is for the log.
    #[track_caller]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::Internal).with_cause(cause)
    }

    /// Replaces the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// For a request that presented no secret and no token: nothing was guessed.
    #[must_use]
    pub fn presented_nothing(mut self) -> Self {
        self.presented_nothing = true;
        self
    }

    /// Whether a secret or token that was presented is refused: see [`ErrorCode::refuses_proof`].
    pub(super) fn refuses_proof(&self) -> bool {
        self.code.refuses_proof() && !self.presented_nothing
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Further response headers.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The body.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ErrorOut<'a> {
        ErrorOut { success: false, message: &self.message, code: self.code.as_str(), errors: &self.fields, request_id }
    }

    /// The answer that it becomes.
    pub(super) fn into_reply(self, request_id: &str) -> Reply {
        let body = serde_json::to_string(&self.body(request_id)).unwrap_or_default();
        Reply::error(self.code.status(), body, self.headers)
    }

    /// Logs the cause, if there is one, and every server error.
    pub fn log(&self, request_id: &str) {
        if self.code.status() >= 500 || self.cause.is_some() {
            let cause = self.cause.as_deref().unwrap_or("none given");
            tracing::error!(request_id, code = self.code.as_str(), cause, raised_at = %self.raised_at, "http.error");
        }
    }
}

impl ErrorCode {
    /// Whether it refuses a secret or token that the request presented, or tells that an address is taken: what guessing
    /// meets. Such an error counts in the route's rate limit class; every other one is given back.
    pub fn refuses_proof(self) -> bool {
        matches!(
            self,
            Self::UserExists
                | Self::PasswordNotSet
                | Self::WrongPassword
                | Self::InvalidToken
                | Self::InvalidOtp
                | Self::InvalidChallenge
                | Self::InvalidResetToken
                | Self::ResetTokenExpired
                | Self::Unauthorized
                | Self::InvalidCredentials
        )
    }
}

impl ErrorCode {
    /// Whether it refuses a credential, a session, an origin, or a request beyond a limit: what an investigation looks for.
    pub(super) fn is_security_event(self) -> bool {
        let refuses_access = matches!(
            self,
            Self::SignInToVerify | Self::ReauthRequired | Self::OriginNotAllowed | Self::TooManyRequests
        );
        self.refuses_proof() || refuses_access
    }
}

impl From<Vec<FieldError>> for ApiError {
    #[track_caller]
    fn from(fields: Vec<FieldError>) -> Self {
        let messages: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
        let message = messages.join(", ");
        Self { fields, ..Self::new(ErrorCode::ValidationFailed).with_message(message) }
    }
}

impl From<DueDateNeeded> for ApiError {
    #[track_caller]
    fn from(DueDateNeeded(reminders): DueDateNeeded) -> Self {
        let reminders: Vec<String> = reminders.iter().map(ToString::to_string).collect();
        let message = format!("Reminders depend on the due date: {}", reminders.join(", "));
        Self::new(ErrorCode::DueDateNeeded).with_message(message)
    }
}

impl From<PlanExists> for ApiError {
    #[track_caller]
    fn from(PlanExists: PlanExists) -> Self {
        Self::new(ErrorCode::PlanExists)
    }
}

impl From<StoreError> for ApiError {
    #[track_caller]
    fn from(error: StoreError) -> Self {
        let code = match error {
            // No later try will read it better.
            StoreError::Malformed(_) => ErrorCode::Internal,
            StoreError::NotAdmitted => ErrorCode::TooManyRequests,
            StoreError::Throttled { .. } | StoreError::Failed { .. } => ErrorCode::Unavailable,
        };
        Self::new(code).with_cause(error)
    }
}

impl From<ReadError> for ApiError {
    #[track_caller]
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::SessionEnded => Self::new(ErrorCode::Unauthorized),
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for ApiError {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        use crate::domain::attachment::MAX_ATTACHMENTS;
        use crate::domain::task::{MAX_REMINDERS, MAX_TASKS};
        match refusal {
            Refusal::EmailTaken => Self::new(ErrorCode::UserExists),
            Refusal::TooManyTasks => {
                Self::new(ErrorCode::LimitReached).with_message(format!("You can have at most {MAX_TASKS} tasks"))
            }
            Refusal::TooManyReminders => Self::new(ErrorCode::LimitReached)
                .with_message(format!("A task can have at most {MAX_REMINDERS} reminders")),
            Refusal::TooManyAttachments => Self::new(ErrorCode::LimitReached)
                .with_message(format!("A task can have at most {MAX_ATTACHMENTS} attachments")),
            Refusal::QuotaExceeded => Self::new(ErrorCode::QuotaExceeded),
            Refusal::TaskGone => Self::not_found("Task"),
            Refusal::TaskChanged
            | Refusal::ReminderChanged
            | Refusal::AttachmentChanged
            | Refusal::AccountChanged
            | Refusal::SessionChanged
            | Refusal::NotificationChanged
            | Refusal::DaysChanged
            | Refusal::AlreadyCounted
            | Refusal::CountersChanged
            | Refusal::GoogleTaken
            | Refusal::ExportChanged
            | Refusal::MailboxChanged => Self::new(ErrorCode::Conflict),
            Refusal::NotOpen => Self::new(ErrorCode::NotOpen),
            Refusal::TokenVoid => Self::new(ErrorCode::InvalidToken),
            Refusal::ChallengeOver => Self::new(ErrorCode::InvalidOtp),
        }
    }
}

impl<R: std::fmt::Debug + Into<Self>> From<WriteError<R>> for ApiError {
    #[track_caller]
    fn from(error: WriteError<R>) -> Self {
        match error {
            WriteError::SessionEnded => Self::new(ErrorCode::Unauthorized),
            WriteError::Repeated(_) => Self::internal("a route that creates does not answer repeated requests"),
            WriteError::Refused(refusal) => refusal.into(),
            WriteError::Overtaken => Self::new(ErrorCode::Conflict),
            WriteError::MailboxFull { retry_after, limit } => {
                super::limiter::too_many_requests(limit).with_header("retry-after", retry_after.to_string())
            }
            WriteError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_and_shout() {
        let words: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), ErrorCode::ALL.len());
        assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_')));
    }

    #[test]
    fn the_cause_stays_out_of_the_body() {
        let error = ApiError::internal("table spacedly-x is on fire");
        let body = serde_json::to_string(&error.body("r-1")).unwrap();
        assert_eq!(body, r#"{"success":false,"message":"Internal Server Error","code":"INTERNAL","requestId":"r-1"}"#);
    }
}
