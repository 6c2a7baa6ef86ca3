//! Typed identifiers: UUIDs, version 7 for new ones (RFC 9562 §5.7), so that they sort by creation.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is no hyphenated UUID.
#[derive(Debug, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

fn parse(text: &str) -> Result<Uuid, InvalidId> {
    const HYPHENATED: usize = 36;
    if text.len() != HYPHENATED {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier, later in order than every earlier one of another millisecond.
            #[expect(clippy::new_without_default, reason = "a default that differs each time misleads")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// One of `shards` numbers, evenly spread and always the same for this identifier.
            pub fn shard(self, shards: u8) -> u8 {
                let [.., last] = *self.0.as_bytes();
                last % shards.max(1)
            }

            /// Reads the hyphenated form, in either case.
            ///
            /// # Errors
            /// [`InvalidId`] for any other text.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }

            /// Its 16 bytes.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// The identifier of these bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        crate::inline_schema!($name, { "type": "string", "format": "uuid" });

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )+};
}

ids! {
    /// A user.
    UserId;
    /// One signed-in device of a user.
    SessionId;
    /// A login that waits for its code.
    ChallengeId;
    /// A file with all of a user's data.
    ExportId;
    /// A task.
    TaskId;
    /// A reminder of a task.
    ReminderId;
    /// A file attached to a task.
    AttachmentId;
    /// An in-app notification.
    NotificationId;
    /// A mail on its way out.
    MailId;
    /// The random seed from which a mailed token is derived.
    TokenSeed;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_read() {
        let id = TaskId::new();
        assert_eq!(TaskId::parse(&id.to_string()).unwrap(), id);
        assert_eq!(TaskId::parse(&id.to_string().to_uppercase()).unwrap(), id);
        for bad in
            ["", "1", "not-a-uuid", &format!("{{{id}}}"), &format!("urn:uuid:{id}"), &id.to_string().replace('-', "")]
        {
            assert!(TaskId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn its_bytes_are_read_back() {
        let id = TaskId::new();
        assert_eq!(TaskId::from_bytes(id.to_bytes()), id);
    }
}
