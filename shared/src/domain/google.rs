//! Accounts and Google: which sign-ins link an account, and what a link changes.

use crate::clock::Timestamp;
use crate::domain::mail::{Mail, MailContent};
use crate::domain::user::{AuthProvider, PersonName, User};

/// A Google account, as Google describes it after a sign-in.
#[derive(Clone, Debug)]
pub struct GoogleProfile {
    /// Google's own id of the account, which never changes.
    pub subject: String,
    /// The user's name; `None` where the profile has none that is a name here.
    pub name: Option<PersonName>,
}

/// What becomes of an account's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsAfterLink {
    /// They go on.
    Kept,
    /// They end: a stranger may have opened them.
    Ended,
}

/// What the link of an account with a Google account changes.
#[derive(Clone, Debug)]
pub struct GoogleLink {
    /// The account from now on.
    pub user: User,
    /// What becomes of its sessions.
    pub sessions: SessionsAfterLink,
    /// The notice to the owner.
    pub mail: Mail,
}

/// The account is linked with another Google account. Its address may have passed to another person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkedElsewhere;

impl User {
    /// Links the account with a Google account of the same address, which Google has verified. As in the original system, the
    /// account takes the profile's name, if there is one.
    ///
    /// A stranger may have made an account whose own address was never verified, in wait for the owner of the address: its
    /// password, its sessions, its reset link and its known network addresses end.
    ///
    /// # Errors
    /// [`LinkedElsewhere`].
    pub fn link_google(&self, profile: GoogleProfile, now: Timestamp) -> Result<GoogleLink, LinkedElsewhere> {
        if self.google_id.is_some() {
            return Err(LinkedElsewhere);
        }
        let mut user = Self {
            google_id: Some(profile.subject),
            name: profile.name.unwrap_or_else(|| self.name.clone()),
            auth_provider: AuthProvider::Google,
            email_verified: true,
            verification_hash: None,
            updated_at: now,
            ..self.clone()
        };
        let sessions = if self.email_verified { SessionsAfterLink::Kept } else { SessionsAfterLink::Ended };
        if sessions == SessionsAfterLink::Ended {
            user.password_hash = None;
            user.reset_hash = None;
            user.known_addresses = Vec::new();
            user.password_version += 1;
        }
        Ok(GoogleLink { user, sessions, mail: Mail::new(self.id, MailContent::GoogleLinked, now) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::testing::now;
    use crate::domain::email::Email;
    use crate::domain::field::Field;
    use crate::domain::password::PasswordHash;
    use crate::domain::zone::Zone;

    fn name(text: &str) -> PersonName {
        PersonName::read("Name", &json!(text)).unwrap()
    }

    fn user() -> User {
        let hash = PasswordHash::from_phc("a hash".to_owned());
        User {
            reset_hash: Some("a reset".to_owned()),
            verification_hash: Some("a verification".to_owned()),
            known_addresses: vec!["known".to_owned()],
            ..User::register(name("Asha"), Email::parse("a@example.com").unwrap(), hash, Zone::UTC, now())
        }
    }

    fn profile(named: Option<&str>) -> GoogleProfile {
        GoogleProfile { subject: "g-1".to_owned(), name: named.map(name) }
    }

    #[test]
    fn what_a_stranger_may_have_set_ends_with_an_address_that_was_never_verified() {
        let link = user().link_google(profile(None), now()).unwrap();
        assert_eq!(link.sessions, SessionsAfterLink::Ended);
        let user = link.user;
        assert_eq!((user.password_hash, user.reset_hash, user.verification_hash), (None, None, None));
        assert_eq!((user.password_version, user.known_addresses.len()), (1, 0));
        assert_eq!((user.email_verified, user.auth_provider), (true, AuthProvider::Google));
        assert_eq!(user.google_id.as_deref(), Some("g-1"));
    }

    #[test]
    fn an_account_with_a_verified_address_keeps_password_sessions_and_reset() {
        let verified = User { email_verified: true, ..user() };
        let link = verified.link_google(profile(None), now()).unwrap();
        assert_eq!(link.sessions, SessionsAfterLink::Kept);
        assert_eq!((link.user.password_hash, link.user.reset_hash), (verified.password_hash, verified.reset_hash));
        assert_eq!((link.user.password_version, link.user.known_addresses), (0, verified.known_addresses));
    }

    #[test]
    fn the_profile_s_name_replaces_the_account_s_if_there_is_one() {
        let linked = |named| user().link_google(profile(named), now()).unwrap().user.name;
        assert_eq!(linked(Some("Asha Rao")), name("Asha Rao"));
        assert_eq!(linked(None), name("Asha"));
    }

    #[test]
    fn an_account_is_linked_with_one_google_account_only() {
        let linked = user().link_google(profile(None), now()).unwrap().user;
        let other = GoogleProfile { subject: "g-2".to_owned(), name: None };
        assert_eq!(linked.link_google(other, now()).unwrap_err(), LinkedElsewhere);
    }
}
