//! Mailboxes: who receives mail, whatever accounts and spellings name the address. The limits of mail count by mailbox, so that
//! nobody is flooded through several accounts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::UserId;

/// Reminder and digest mails that a mailbox gets in [`UNVERIFIED_SPAN`] at addresses that nobody has verified.
pub const UNVERIFIED_REMINDER_MAILS: usize = 3;
/// The span in which they are counted.
pub const UNVERIFIED_SPAN: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a mailbox is counted under: a keyed hash of its address, which outlives the accounts that use it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailboxTag(String);

impl MailboxTag {
    /// The tag of a keyed hash in hexadecimal.
    pub fn from_hash(hash: String) -> Self {
        Self(hash)
    }

    /// For an account from before mailboxes were counted: it counts by itself.
    pub fn of_account(user: UserId) -> Self {
        Self(user.to_string())
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mailbox at an address that nobody has verified, and when reminder and digest mails went to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedMailbox {
    /// The mailbox.
    pub tag: MailboxTag,
    /// When such mails went to it, oldest first; those of [`UNVERIFIED_SPAN`] count.
    pub sent: Vec<Timestamp>,
}

impl UnverifiedMailbox {
    fn recent(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let since = now.minus(UNVERIFIED_SPAN);
        self.sent.iter().copied().filter(move |sent| *sent > since)
    }

    /// Whether it may get another at `now`.
    pub fn has_room(&self, now: Timestamp) -> bool {
        self.recent(now).count() < UNVERIFIED_REMINDER_MAILS
    }

    /// When such mails have gone to it once another goes at `now`.
    pub fn with_another(&self, now: Timestamp) -> Vec<Timestamp> {
        self.recent(now).chain([now]).collect()
    }
}

/// A reminder or digest mail that counts, since nobody has verified its address.
#[derive(Clone, Debug)]
pub struct UnverifiedMail {
    /// The mailbox as it was read.
    pub mailbox: UnverifiedMailbox,
    /// When the mail goes to it.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::now;

    #[test]
    fn three_mails_in_any_thirty_days_and_no_more() {
        let day = Duration::from_secs(24 * 3600);
        let mut mailbox = UnverifiedMailbox { tag: MailboxTag::of_account(UserId::new()), sent: Vec::new() };
        let mut sent = 0;
        for hour in 0..(24 * 70) {
            let at = now().plus(Duration::from_secs(3600) * hour);
            if mailbox.has_room(at) {
                mailbox.sent = mailbox.with_another(at);
                sent += 1;
            }
        }
        assert_eq!(sent, 9, "three at once, and again after thirty and sixty days");
        assert!(mailbox.sent.len() <= UNVERIFIED_REMINDER_MAILS);
        assert!(!mailbox.has_room(now().plus(day * 69)) && mailbox.has_room(now().plus(day * 91)));
    }
}
