//! Logins that wait for a mailed code: how a request names one, and the answer that starts one.

use serde::{Serialize, Serializer};
use serde_json::Value;
use shared::auth::challenge::Challenge;
use shared::clock::Timestamp;
use shared::domain::body::Body;
use shared::domain::field::{Field, Fields, string};
use shared::http::cookies::SetCookie;
use shared::http::{App, Success, WithHead};
use shared::id::ChallengeId;
use shared::inline_schema;
#[cfg(feature = "schema")]
use shared::schema::ObjectSchema;

const CHALLENGE_ID: &str = "challengeId";

/// The challenges that a request may mean: the one of the body's `challengeId`, or else those that its cookies name. The
/// first one that waits for a code counts.
pub struct ChallengeReference(pub(crate) Vec<ChallengeId>);

impl Body for ChallengeReference {
    fn read(fields: &mut Fields) -> Option<Self> {
        const LABEL: &str = "Challenge id";
        let cookies = fields.context().challenges.clone();
        let named: Option<IdInBody> = if cookies.is_empty() {
            fields.required(CHALLENGE_ID, LABEL)
        } else {
            fields.optional(CHALLENGE_ID, LABEL)
        };
        let challenges = named.map_or(cookies, |IdInBody(id)| vec![id]);
        (!challenges.is_empty()).then_some(Self(challenges))
    }

    #[cfg(feature = "schema")]
    fn describe(object: &mut ObjectSchema<'_>) {
        object.not_null::<IdInBody>(CHALLENGE_ID, "From the response to the login. Required without its cookie.");
    }
}

struct IdInBody(ChallengeId);

impl Field for IdInBody {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let id = ChallengeId::parse(string(label, value)?.trim());
        id.map(Self).map_err(|_| format!("{label} must be a UUID"))
    }
}

inline_schema!(IdInBody, { "type": "string", "format": "uuid" });

/// A challenge whose code was mailed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct CodeSent {
    /// The login continues with `POST /api/auth/verify-otp`.
    requires_otp: True,
    /// Names the login in the requests that follow.
    challenge_id: ChallengeId,
    /// When the code expires.
    expires_at: Timestamp,
}

/// Asks the client for the code.
pub(crate) fn code_sent<T: From<CodeSent>>(app: &App, challenge: &Challenge) -> Success<T> {
    let data = CodeSent { requires_otp: True, challenge_id: challenge.id, expires_at: challenge.expiry() };
    Success::new("OTP sent to your email", data.into()).cookie(SetCookie::challenge(&app.http, challenge.id))
}

/// The constant `true`.
struct True;

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

inline_schema!(True, { "const": true });
