//! What each route does, answers, and may refuse besides what every route may.

use serde_json::{Value, json};
use shared::domain::field::Field;
use shared::domain::task::{Priority, TaskStatus};
use shared::domain::task_query::TaskQuery;
use shared::http::ErrorCode::{self, *};

use crate::schemas::reference;

/// What a success holds.
pub enum Answer {
    /// The envelope with this data.
    Data(u16, Value),
    /// JSON without the envelope.
    Bare(u16, Value),
    /// An HTML page.
    Page(u16),
    /// A redirect.
    Redirect,
}

/// What is said of a route.
pub struct Operation {
    /// In a line.
    pub summary: &'static str,
    /// Successes.
    pub answers: Vec<Answer>,
    /// Refusals of its own.
    pub errors: Vec<ErrorCode>,
    /// Query parameters.
    pub query: Vec<(&'static str, Value)>,
    /// Whether it answers an `ETag`.
    pub has_etag: bool,
    /// Whether it looks at `If-Match`.
    pub has_match: bool,
    /// Whether it takes an `Idempotency-Key`.
    pub is_once: bool,
    /// Whether it looks at `X-Token-Delivery`.
    pub gives_tokens: bool,
}

fn says(summary: &'static str, answers: Vec<Answer>) -> Operation {
    let (errors, query) = (Vec::new(), Vec::new());
    Operation {
        summary,
        answers,
        errors,
        query,
        has_etag: false,
        has_match: false,
        is_once: false,
        gives_tokens: false,
    }
}

fn data(properties: Value) -> Answer {
    Answer::Data(200, properties)
}

fn nothing() -> Vec<Answer> {
    vec![data(json!({}))]
}

impl Operation {
    fn or(mut self, errors: &[ErrorCode]) -> Self {
        self.errors.extend(errors);
        self
    }

    fn with(mut self, query: Vec<(&'static str, Value)>) -> Self {
        self.query.extend(query);
        self
    }

    fn paged(self) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 50 });
        let cursor = json!({ "type": "string", "description": "What the page before gave as nextCursor" });
        self.with(vec![("limit", limit), ("cursor", cursor)]).or(&[ValidationFailed, InvalidCursor])
    }

    fn etag(mut self) -> Self {
        self.has_etag = true;
        self
    }

    fn matching(mut self) -> Self {
        self.has_match = true;
        self.or(&[PreconditionFailed, Conflict])
    }

    fn once(mut self) -> Self {
        self.is_once = true;
        self.or(&[IdempotencyKeyReused, Conflict, ValidationFailed])
    }

    fn tokens(mut self) -> Self {
        self.gives_tokens = true;
        self
    }
}

fn of(name: &str, field: &str) -> Value {
    json!({ field: reference(name) })
}

fn page_of(name: &str, field: &str) -> Value {
    json!({
        field: { "type": "array", "maxItems": 100, "items": reference(name) },
        "nextCursor": { "type": ["string", "null"], "description": "null at the end" },
    })
}

/// A pattern of lists of these names, between commas.
fn names(names: &[&str]) -> String {
    let name = format!("(?:{})?", names.join("|"));
    format!("^ *{name} *(?:, *{name} *)*$")
}

/// What is said of a function's route; `None` for one that nothing is said of.
pub fn operation(function: &str) -> Option<Operation> {
    auth(function).or_else(|| user(function)).or_else(|| task(function)).or_else(|| rest(function))
}

fn auth(function: &str) -> Option<Operation> {
    let signed_in = || json!({ "user": reference("SignedInUser"), "tokens?": reference("Tokens") });
    let code = json!({
        "requiresOtp": { "const": true },
        "challengeId": { "type": "string", "format": "uuid" },
        "expiresAt": { "type": "string", "format": "date-time" },
    });
    Some(match function {
        "auth-register" => {
            says("Makes an account; a mail asks to verify the address", vec![Answer::Data(201, of("NewUser", "user"))])
                .or(&[UserExists])
                .once()
        }
        "auth-login" => says("Opens a session, or mails a code", vec![data(signed_in()), data(code)])
            .or(&[InvalidCredentials, PasswordNotSet, Conflict])
            .tokens(),
        "auth-verify-otp" => says("Opens the session that waited for its code", vec![data(signed_in())])
            .or(&[InvalidOtp, InvalidChallenge, Conflict])
            .tokens(),
        "auth-resend-otp" => {
            says("Mails another code", vec![data(code)]).or(&[InvalidChallenge, LimitReached, Conflict])
        }
        "auth-forgot-password" => says("Mails a link that sets a new password, if there is such an account", nothing()),
        "auth-reset-password" => says("Sets a new password with the mailed token; ends every session", nothing())
            .or(&[InvalidResetToken, ResetTokenExpired, Conflict]),
        "auth-google" => says("Leads to the sign-in at Google", vec![Answer::Redirect]),
        "auth-google-callback" => {
            says("Where Google sends back to; leads to the app", vec![Answer::Redirect]).with(vec![
                ("code", json!({ "type": "string" })),
                ("state", json!({ "type": "string" })),
                ("error", json!({ "type": "string" })),
            ])
        }
        "auth-verify-email" => {
            says("Verifies the address with the mailed token", nothing()).or(&[InvalidToken, Conflict])
        }
        "auth-resend-verification" => says("Mails another such token", nothing()).or(&[Conflict]),
        "auth-refresh" => says("Rotates the session's tokens", vec![data(json!({ "tokens?": reference("Tokens") }))])
            .or(&[Unauthorized, Conflict])
            .tokens(),
        "auth-logout" => says("Ends the session", nothing()),
        _ => return None,
    })
}

fn user(function: &str) -> Option<Operation> {
    Some(match function {
        "users-me" => says("The account", vec![data(of("User", "user"))]),
        "users-update" => says("Changes the account", vec![data(of("User", "user"))]).or(&[Conflict]),
        "users-delete" => {
            says("Deletes the account and all that is in it", nothing()).or(&[WrongPassword, ReauthRequired, Conflict])
        }
        "users-two-factor" => says("Switches the mailed code at login", vec![data(of("User", "user"))]).or(&[Conflict]),
        "users-export" => {
            says("Has all of the user's data written into one file", vec![Answer::Data(202, of("Export", "export"))])
                .or(&[Conflict])
        }
        "users-get-export" => {
            says("How far the export is, and where its file is", vec![data(of("Export", "export")), Answer::Redirect])
                .with(vec![("token", json!({ "type": "string", "description": "Of the mail, in place of a session" }))])
                .or(&[NotFound, InvalidToken, Unauthorized])
        }
        "users-sessions" => says(
            "Where the user is signed in",
            vec![data(json!({
                "sessions": { "type": "array", "maxItems": 10, "items": reference("Session") },
            }))],
        ),
        "users-end-session" => says("Ends a session", nothing()).or(&[Conflict]),
        "users-end-other-sessions" => says("Ends all other sessions", nothing()).or(&[Conflict]),
        "users-change-password" => says("Sets another password; ends all other sessions", nothing()).or(&[
            WrongPassword,
            PasswordNotSet,
            Conflict,
        ]),
        "users-set-password" => {
            says("Sets a password where there is none", nothing()).or(&[PasswordAlreadySet, Conflict])
        }
        _ => return None,
    })
}

fn task(function: &str) -> Option<Operation> {
    let text = || json!({ "type": "string" });
    Some(match function {
        "tasks-create" => says("Makes a task", vec![Answer::Data(201, of("Task", "task"))]).or(&[LimitReached]).once().etag(),
        "tasks-list" => says("A page of the tasks; a filtered one may be shorter than its limit", vec![data(page_of("TaskFields", "tasks"))])
            .paged()
            .with(vec![
                ("status", json!({ "type": "array", "items": TaskStatus::schema() })),
                ("priority", json!({ "type": "array", "items": Priority::schema() })),
                ("category", json!({ "type": "array", "items": text() })),
                ("dueBefore", json!({ "type": "string", "format": "date-time", "description": "Exclusive" })),
                ("dueAfter", json!({ "type": "string", "format": "date-time", "description": "Inclusive" })),
                ("q", json!({ "type": "string", "maxLength": 200, "description": "Text in title or description" })),
                ("sort", json!({ "type": "string", "enum": ["dueDate", "-dueDate", "createdAt", "-createdAt"], "default": "dueDate" })),
                ("fields", json!({ "type": "string", "pattern": names(&TaskQuery::FIELDS), "description": "Names of a task's fields, between commas" })),
            ]),
        "tasks-get" => says("A task", vec![data(of("Task", "task"))]).etag(),
        "tasks-update" => says("Changes the fields that are sent; null clears one", vec![data(of("Task", "task"))]).matching().etag(),
        "tasks-delete" => says("Deletes a task with its attachments, reminders and notifications", nothing()).matching(),
        "tasks-reminders" => says("A task's reminders, by time", vec![data(json!({
            "reminders": { "type": "array", "maxItems": 30, "items": reference("Reminder") },
        }))]),
        "attachments-create" => says("Announces files, or takes them in the body", vec![
            Answer::Data(201, json!({ "files": { "type": "array", "items": {
                "type": "object",
                "required": ["attachment", "upload"],
                "properties": { "attachment": reference("Attachment"), "upload": reference("Upload") },
                "additionalProperties": false,
            } } })),
            Answer::Data(201, json!({ "attachments": { "type": "array", "items": reference("Attachment") } })),
        ])
        .or(&[NotFound, LimitReached, QuotaExceeded])
        .once(),
        "attachments-get" => says("Leads to the file, or tells where it is", vec![
            Answer::Redirect,
            data(json!({ "url": { "type": "string", "format": "uri" }, "expiresAt": { "type": "string", "format": "date-time" } })),
        ])
        .with(vec![("thumbnail", json!({ "type": "string", "examples": ["true"], "description": "`true` for the thumbnail" }))])
        .or(&[AttachmentNotReady]),
        "attachments-delete" => says("Deletes an attachment", nothing()).or(&[Conflict]),
        "reminders-create" => says("Makes a reminder", vec![Answer::Data(201, of("Reminder", "reminder"))])
            .or(&[NotFound, LimitReached])
            .once()
            .etag(),
        "reminders-list" => says("A page of the reminders, by time, each with its task", vec![data(page_of("ListedReminder", "reminders"))]).paged(),
        "reminders-update" => says("Changes the fields that are sent", vec![data(of("Reminder", "reminder"))]).matching().etag(),
        "reminders-delete" => says("Deletes a reminder", nothing()).matching(),
        _ => return None,
    })
}

fn rest(function: &str) -> Option<Operation> {
    let token = || {
        vec![
            ("token", json!({ "type": "string" })),
            ("undo", json!({ "type": "string", "examples": ["1"], "description": "`1` subscribes again" })),
        ]
    };
    Some(match function {
        "notifications-list" => {
            says("A page of the notifications, newest first", vec![data(page_of("Notification", "notifications"))])
                .paged()
        }
        "notifications-count" => {
            says("How many are unread", vec![data(json!({ "count": { "type": "integer", "minimum": 0 } }))])
        }
        "notifications-read" => {
            says("Marks one as read", vec![data(of("Notification", "notification"))]).or(&[Conflict])
        }
        "notifications-read-all" => says("Marks all as read", nothing()).or(&[Conflict]),
        "notifications-delete" => says("Deletes one", nothing()).or(&[Conflict]),
        "analytics-get" => says("Totals, the last days and weeks, categories", vec![data(reference("Analytics"))]),
        "analytics-streaks" => says("Days in a row with a completed reminder", vec![data(reference("Streaks"))]),
        "mail-subscription" => {
            says("A page with a button that unsubscribes", vec![Answer::Page(200), Answer::Page(400)]).with(token())
        }
        "mail-unsubscribe" => says("Unsubscribes with one click (RFC 8058)", vec![data(json!({})), Answer::Page(200)])
            .with(token())
            .or(&[InvalidToken, Conflict]),
        "service-openapi" => says("This document", vec![Answer::Bare(200, json!({ "type": "object" }))]),
        "service-docs" => says("This document as a page", vec![Answer::Page(200)]),
        "service-health" => says(
            "Whether it works",
            vec![Answer::Bare(200, reference("Health")), Answer::Bare(503, reference("Health"))],
        ),
        _ => return None,
    })
}
