//! `GET /api/user/sessions`

use serde::Serialize;
use shared::auth::session::Session;
use shared::clock::Timestamp;
use shared::domain::body::NoBody;
use shared::http::{ApiError, App, Operation, Request, Success};
use shared::id::SessionId;

use crate::account_with_sessions;

/// The live sessions, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Sessions {
    #[cfg_attr(feature = "schema", schemars(length(max = shared::auth::session::MAX_SESSIONS)))]
    sessions: Vec<SessionOut>,
}

/// A signed-in device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Session"))]
struct SessionOut {
    id: SessionId,
    /// Browser and system, from `User-Agent`.
    device: String,
    /// Client address of the sign-in.
    ip: String,
    created_at: Timestamp,
    /// When its tokens were last refreshed.
    last_used_at: Timestamp,
    /// Whether it is the session of this request.
    current: bool,
}

impl SessionOut {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            device: session.device,
            ip: session.address,
            created_at: session.created_at,
            last_used_at: session.refreshed_at,
            current: session.id == current,
        }
    }
}

pub const OPERATION: Operation<NoBody, Success<Sessions>> =
    Operation::get("/api/user/sessions", "List the sessions of the account, newest first")
        .describe("A session is a signed-in device. An account has at most ten; a further login ends the oldest one.");

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<Sessions>, ApiError> {
    let current = request.caller()?.session;
    let sessions = account_with_sessions(app, request).await?.sessions;
    let sessions = sessions.into_iter().rev().map(|session| SessionOut::new(session, current)).collect();
    Ok(Success::new("Sessions retrieved successfully", Sessions { sessions }))
}
