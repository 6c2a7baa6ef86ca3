//! The links of reminder mails that act without a login: signed, so that nobody makes one for others, and bound to the address
//! that they are mailed to. No table and no queue holds one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::keyring::{Keyring, Purpose};
use crate::clock::Timestamp;
use crate::domain::email::Email;
use crate::domain::tap::{ActionLink, LinkKind};
use crate::id::{ReminderId, TaskId, UserId};

/// Bytes of the tag: 128 bits.
const TAG_LENGTH: usize = 16;
/// Bytes of the address's tag, which only ties a link to an address that its holder knows.
const ADDRESS_LENGTH: usize = 8;
/// Characters of a token.
const LENGTH: usize = (TAG_LENGTH + BODY_LENGTH) * 4 / 3 + 1;
/// Kind, three ids, plan, occurrence, end, address.
const BODY_LENGTH: usize = 1 + 3 * 16 + 3 * 8 + ADDRESS_LENGTH;
/// In place of the occurrence of a task without a due date.
const NO_OCCURRENCE: i64 = i64::MIN;

/// A link as a request presents it, which was given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentedLink {
    pub link: ActionLink,
    address: [u8; ADDRESS_LENGTH],
}

impl ActionLink {
    /// The token of the link that is mailed to `address`.
    pub fn to_token(self, address: &Email, keyring: &Keyring) -> String {
        let body = self.body(address, keyring);
        let tag = keyring.tag(Purpose::ActionLink, &body);
        URL_SAFE_NO_PAD.encode([tag.get(..TAG_LENGTH).unwrap_or(&tag), &body].concat())
    }

    fn body(self, address: &Email, keyring: &Keyring) -> Vec<u8> {
        let Self { kind, user, task, reminder, plan, occurrence, expires_at } = self;
        let occurrence = occurrence.map_or(NO_OCCURRENCE, Timestamp::as_millisecond);
        let address = keyring.tag(Purpose::ActionLinkAddress, address.as_str().as_bytes());
        [
            &[byte_of(kind)],
            &user.to_bytes()[..],
            &task.to_bytes(),
            &reminder.to_bytes(),
            &plan.to_be_bytes(),
            &occurrence.to_be_bytes(),
            &expires_at.as_millisecond().to_be_bytes(),
            address.get(..ADDRESS_LENGTH).unwrap_or_default(),
        ]
        .concat()
    }
}

impl PresentedLink {
    /// Reads a token; `None` for any that was not given out. Whether it still works depends on the account too.
    pub fn from_token(token: &str, keyring: &Keyring) -> Option<Self> {
        if token.len() > LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG_LENGTH)?;
        if !keyring.verifies(Purpose::ActionLink, body, tag) {
            return None;
        }
        let (kind, body) = body.split_first()?;
        let (user, body) = body.split_first_chunk()?;
        let (task, body) = body.split_first_chunk()?;
        let (reminder, body) = body.split_first_chunk()?;
        let (plan, body) = body.split_first_chunk()?;
        let (occurrence, body) = body.split_first_chunk()?;
        let (expires_at, address) = body.split_first_chunk()?;
        let occurrence = match i64::from_be_bytes(*occurrence) {
            NO_OCCURRENCE => None,
            millisecond => Some(Timestamp::from_millisecond(millisecond).ok()?),
        };
        let link = ActionLink {
            kind: kind_of(*kind)?,
            user: UserId::from_bytes(*user),
            task: TaskId::from_bytes(*task),
            reminder: ReminderId::from_bytes(*reminder),
            plan: u64::from_be_bytes(*plan),
            occurrence,
            expires_at: Timestamp::from_millisecond(i64::from_be_bytes(*expires_at)).ok()?,
        };
        Some(Self { link, address: address.try_into().ok()? })
    }

    /// Whether it was mailed to this address.
    pub fn is_for(&self, address: &Email, keyring: &Keyring) -> bool {
        keyring.verifies(Purpose::ActionLinkAddress, address.as_str().as_bytes(), &self.address)
    }
}

/// Kinds never change their byte.
fn byte_of(kind: LinkKind) -> u8 {
    match kind {
        LinkKind::Reminder => 1,
        LinkKind::Undo => 2,
        LinkKind::Review => 3,
    }
}

fn kind_of(byte: u8) -> Option<LinkKind> {
    [LinkKind::Reminder, LinkKind::Undo, LinkKind::Review].into_iter().find(|kind| byte_of(*kind) == byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::keyring;

    fn link() -> ActionLink {
        ActionLink {
            kind: LinkKind::Reminder,
            user: UserId::new(),
            task: TaskId::new(),
            reminder: ReminderId::new(),
            plan: 7,
            occurrence: Some(Timestamp::parse("2026-03-02T08:00:00.123Z").unwrap()),
            expires_at: Timestamp::parse("2026-03-09T07:00:00.456Z").unwrap(),
        }
    }

    fn address() -> Email {
        Email::parse("asha@example.com").unwrap()
    }

    fn read(token: &str) -> Option<ActionLink> {
        PresentedLink::from_token(token, &keyring()).map(|presented| presented.link)
    }

    #[test]
    fn a_token_is_read_back_with_the_address_that_it_was_mailed_to() {
        let undo = ActionLink { kind: LinkKind::Undo, occurrence: None, plan: u64::MAX, ..link() };
        for link in [link(), undo, ActionLink { kind: LinkKind::Review, ..link() }] {
            let token = link.to_token(&address(), &keyring());
            assert_eq!(token.len(), LENGTH);
            let presented = PresentedLink::from_token(&token, &keyring()).unwrap();
            assert_eq!(presented.link, link);
            assert!(presented.is_for(&address(), &keyring()));
            assert!(!presented.is_for(&Email::parse("other@example.com").unwrap(), &keyring()));
        }
    }

    #[test]
    fn a_changed_cut_or_prolonged_token_is_none() {
        let token = link().to_token(&address(), &keyring());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(read(&changed), None, "{changed}");
            assert_eq!(read(token.get(..at).unwrap()), None, "{at}");
        }
        for bad in ["", "x", "AAAA", &format!("{token}A"), &format!("{token}="), &"A".repeat(LENGTH)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_tag_of_another_purpose_is_no_token() {
        let body = link().body(&address(), &keyring());
        for purpose in [Purpose::Unsubscribe, Purpose::ActionLinkAddress, Purpose::Cursor] {
            let bytes = [&keyring().tag(purpose, &body)[..TAG_LENGTH], &body].concat();
            assert_eq!(read(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }
    }
}
