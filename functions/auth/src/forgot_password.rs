//! `POST /api/auth/forgot-password`: asks for the mail that sets a new password.
//!
//! Only a message is queued, whether there is such an account or not: the answer, its time and its cost are the same.

use std::time::Duration;

use serde_json::json;
use shared::aws::queue::{IssueReset, Queue};
use shared::domain::email::Email;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};
use shared::id::{MailId, TokenSeed};

/// Answers 200, always the same.
///
/// # Errors
/// 503 when the queue cannot be reached.
pub async fn handle(queue: &Queue<IssueReset>, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let email: Email = request.body(|fields| fields.required("email", "Email"))?;
    request.permit().await?;
    let kid = app.keyring().await?.current().to_owned();
    let message = IssueReset { email, seed: TokenSeed::new(), kid, mail_id: MailId::new() };
    let sent = queue.send(&message, Duration::ZERO).await;
    sent.map_err(|error| ApiError::new(ErrorCode::Unavailable).because(error))?;
    Ok(Reply::ok("If email exists, reset link has been sent", json!({})))
}
