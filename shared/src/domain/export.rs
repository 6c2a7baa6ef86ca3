//! Exports: all of a user's data as one file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::user::User;
use crate::id::{ExportId, UserId};
use crate::word_type;

/// How long the file is kept.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// An export is not made again before so long.
pub const FRESH: Duration = Duration::from_secs(10 * 60);
/// An export that was not finished after so long may be asked for again.
pub const GIVEN_UP: Duration = Duration::from_secs(3600);

word_type! {
    /// How far an export is.
    ExportState {
        /// The file is being written.
        Pending = "pending",
        /// The file can be fetched.
        Ready = "ready",
    }
}

/// A user's newest export.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// Identity.
    pub id: ExportId,
    pub user_id: UserId,
    /// How far it is.
    pub state: ExportState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The password's version at that time: the mailed link ends with it. Rows of earlier versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_version: Option<u64>,
    /// Bytes of the file, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When the row goes, epoch seconds, and the file with it.
    pub expires_at: i64,
}

impl Export {
    /// An export that `user` asks for.
    pub fn new(user: &User, now: Timestamp) -> Self {
        Self {
            id: ExportId::new(),
            user_id: user.id,
            password_version: Some(user.password_version),
            state: ExportState::Pending,
            requested_at: now,
            size: None,
            expires_at: now.plus(KEPT).as_second(),
        }
    }

    /// Whether it is returned instead of a new one: it is being built, or was finished minutes ago.
    pub fn will_do(&self, now: Timestamp) -> bool {
        let age = now.since(self.requested_at);
        match self.state {
            ExportState::Pending => age < GIVEN_UP,
            ExportState::Ready => age < FRESH,
        }
    }

    /// Whether the file is there.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        self.state == ExportState::Ready && self.expires_at > now.as_second()
    }

    /// Until when the file is there.
    pub fn expiry(&self) -> Timestamp {
        Timestamp::from_second(self.expires_at).unwrap_or(Timestamp::MAX)
    }

    /// Key of the file in the bucket.
    pub fn object_key(&self) -> String {
        object_key(self.user_id, self.id)
    }
}

/// Key of an export's file in the bucket.
pub fn object_key(user: UserId, export: ExportId) -> String {
    format!("{}{export}.json", objects_of(user))
}

/// Where in the bucket all exports of a user lie.
pub fn objects_of(user: UserId) -> String {
    format!("exports/{user}/")
}
