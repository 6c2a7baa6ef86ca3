//! Addressing mail: which mailbox it goes to, and which of the mailbox's budgets it counts in.

use super::keyring::{Keyring, Purpose, hex};
use crate::domain::email::Email;
use crate::domain::mail::{AddressState, Mail};
use crate::domain::mailbox::MailboxTag;
use crate::domain::user::User;
use crate::limits::Limits;
use crate::store::mailboxes::{AddressedMail, CountedIn, SecurityNotice};

/// Bytes of a mailbox's keyed hash.
const LENGTH: usize = 16;

/// What the mailbox of an address is counted under: one for all spellings and tags of the address.
pub fn mailbox_tag(keyring: &Keyring, email: &Email) -> MailboxTag {
    let tag = keyring.lasting_tag(Purpose::Mailbox, email.untagged().as_bytes());
    MailboxTag::from_hash(hex(tag.get(..LENGTH).unwrap_or_default()))
}

impl AddressedMail {
    /// A mail to a mailbox.
    pub fn new(mail: Mail, mailbox: MailboxTag, address: AddressState, limits: &Limits) -> Self {
        let counted = mail.content.budget(address).map(|(budget, beyond)| CountedIn {
            mailbox,
            budget,
            limit: limits.of_mail(budget),
            beyond,
        });
        Self { mail, counted }
    }
}

impl SecurityNotice {
    /// A notice to the owner of `user`, which has its address from now on.
    pub fn new(mail: Mail, mailbox: MailboxTag, user: &User, limits: &Limits) -> Self {
        let mail = AddressedMail::new(mail, mailbox, user.address_state(), limits);
        Self { mail, latest: user.security_mails.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_counted_under_a_hash_of_its_untagged_address() {
        let keys = crate::http::testing::keyring();
        let tag = |text: &str| mailbox_tag(&keys, &Email::parse(text).unwrap());
        assert_eq!(tag("asha+1@example.com"), tag("Asha@Example.com"));
        assert_ne!(tag("asha@example.com"), tag("asha@example.org"));
        assert!(!tag("asha@example.com").as_str().contains("asha"));
        assert_eq!(tag("asha@example.com").as_str().len(), 2 * LENGTH);
    }
}
