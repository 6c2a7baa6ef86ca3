//! `GET /api/user/me`

use serde::Serialize;
use shared::clock::Timestamp;
use shared::domain::body::NoBody;
use shared::domain::digest::MorningDigest;
use shared::domain::email::Email;
use shared::domain::user::{AuthProvider, PersonName, User};
use shared::domain::zone::Zone;
use shared::http::{ApiError, App, Operation, Request, Success};
use shared::id::UserId;

use crate::account;

/// An account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct UserData {
    user: UserOut,
}

/// An account as its owner sees it.
// Clients of the first version rely on the names in snake case.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "User"))]
struct UserOut {
    id: UserId,
    name: PersonName,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    email: Email,
    /// Whether a login needs a mailed code.
    is_two_factor_enabled: bool,
    auth_provider: AuthProvider,
    has_password: bool,
    /// Whether the owner of the mailbox has confirmed it.
    email_verified: bool,
    /// IANA time zone of the digest, of plain dates and of analytics.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    timezone: Zone,
    morning_digest: MorningDigest,
    #[serde(rename = "createdAt")]
    created_at: Timestamp,
}

impl From<User> for UserData {
    fn from(user: User) -> Self {
        let user = UserOut {
            id: user.id,
            name: user.name,
            email: user.email,
            is_two_factor_enabled: user.is_two_factor_enabled,
            auth_provider: user.auth_provider,
            has_password: user.password_hash.is_some(),
            email_verified: user.email_verified,
            timezone: user.timezone,
            morning_digest: user.morning_digest,
            created_at: user.created_at,
        };
        Self { user }
    }
}

pub const OPERATION: Operation<NoBody, Success<UserData>> = Operation::get("/api/user/me", "Get the account")
    .describe("Returns the profile and the settings, such as the time zone and the morning digest.");

pub async fn handle(app: &App, request: &Request<'_>) -> Result<Success<UserData>, ApiError> {
    let user = account(app, request).await?;
    Ok(Success::new("User retrieved successfully", user.into()))
}
