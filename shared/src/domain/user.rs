//! Users: who they are and how they want to be reached.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::digest::{self, MorningDigest, PlannedDigest};
use crate::domain::email::Email;
use crate::domain::field::{Field, string};
use crate::domain::mail::{AddressState, SecurityMails};
use crate::domain::mailbox::{MailboxTag, UnverifiedMailbox};
use crate::domain::password::PasswordHash;
use crate::domain::zone::Zone;
use crate::id::UserId;
use crate::{body, inline_schema, text_type};

text_type! {
    /// A person's name.
    PersonName, 2..=255, Single
}

/// Network addresses of earlier sign-ins that are remembered.
pub const KNOWN_ADDRESSES: usize = 20;

/// The owner is told of blocked logins at most once in so long.
pub const ALERT_AGAIN: Duration = Duration::from_secs(3600);

/// How an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub enum AuthProvider {
    /// With a password.
    Local,
    /// With Google.
    Google,
}

/// Why mail to an address is stopped until its owner verifies it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailStop {
    /// The address does not take mail.
    Bounced,
    /// Its owner called a mail spam.
    Complained,
}

impl MailStop {
    /// The reason, for the user.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Bounced => "mail to the e-mail address bounced; verify the address again",
            Self::Complained => "a mail was reported as spam; verify the address again",
        }
    }
}

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// What mails address the user by.
    pub name: PersonName,
    /// Unique among all users.
    pub email: Email,
    /// Missing for an account that only ever signed in with Google.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<PasswordHash>,
    /// How it signs in.
    pub auth_provider: AuthProvider,
    /// Whether a login needs a mailed code besides the password.
    pub is_two_factor_enabled: bool,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// Whether reminders and digests go to the address without limit although nobody has proven it: the original sent them
    /// to every account that was imported from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gets_reminders_unverified: bool,
    /// The user's days are this zone's.
    pub timezone: Zone,
    /// When the digest goes out.
    pub morning_digest: MorningDigest,
    /// The last local day whose digest was settled, sent or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_day: Option<Date>,
    /// The last local day that a digest told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_told: Option<Date>,
    /// The digest that is to go out next; missing while there is to be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_digest: Option<PlannedDigest>,
    /// Whether the user has unsubscribed from reminder mails.
    #[serde(default)]
    pub reminder_mails_off: bool,
    /// Why mail to the address was stopped, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_stopped: Option<MailStop>,
    /// What the address's mailbox is counted under; accounts from before mailboxes were counted have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<MailboxTag>,
    /// When the latest security notices were mailed.
    #[serde(default, skip_serializing_if = "SecurityMails::is_empty")]
    pub security_mails: SecurityMails,
    /// SHA-256 of the token that verifies the address, while one is out: an older one is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_hash: Option<String>,
    /// SHA-256 of the token that sets a new password, while one is out: an older one is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_hash: Option<String>,
    /// The user's id at Google, once linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google_id: Option<String>,
    /// Keyed hashes of the network addresses that signed in last, newest last.
    #[serde(default)]
    pub known_addresses: Vec<String>,
    /// When the owner was last told that somebody fails to sign in too often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logins_blocked_at: Option<Timestamp>,
    /// Counts the passwords set: a login that began with an older one is over.
    #[serde(default)]
    pub password_version: u64,
    /// Counts the sessions opened and the passwords set: what rests on an older reading is refused.
    #[serde(default)]
    pub sessions_version: u64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// A new account with a password.
    pub fn register(name: PersonName, email: Email, hash: PasswordHash, timezone: Zone, now: Timestamp) -> Self {
        let morning_digest = MorningDigest::default();
        let digest_day = digest::passed(&morning_digest, &timezone, now);
        let next_digest = digest::next(&morning_digest, &timezone, digest_day, now);
        Self {
            id: UserId::new(),
            name,
            email,
            password_hash: Some(hash),
            auth_provider: AuthProvider::Local,
            is_two_factor_enabled: false,
            email_verified: false,
            gets_reminders_unverified: false,
            timezone,
            morning_digest,
            digest_day,
            digest_told: None,
            next_digest,
            reminder_mails_off: false,
            mail_stopped: None,
            mailbox: None,
            security_mails: SecurityMails::default(),
            verification_hash: None,
            reset_hash: None,
            google_id: None,
            known_addresses: Vec::new(),
            logins_blocked_at: None,
            password_version: 0,
            sessions_version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// A new account that signs in with Google, at an address that Google has verified.
    pub fn register_with_google(
        name: PersonName,
        email: Email,
        google_id: String,
        timezone: Zone,
        now: Timestamp,
    ) -> Self {
        Self {
            password_hash: None,
            auth_provider: AuthProvider::Google,
            email_verified: true,
            google_id: Some(google_id),
            ..Self::register(name, email, PasswordHash::from_phc(String::new()), timezone, now)
        }
    }

    /// The known addresses once `address` has signed in; `None` when it is among them.
    pub fn addresses_with(&self, address: &str) -> Option<Vec<String>> {
        if self.known_addresses.iter().any(|known| known == address) {
            return None;
        }
        let surplus = (self.known_addresses.len() + 1).saturating_sub(KNOWN_ADDRESSES);
        let kept = self.known_addresses.iter().skip(surplus).cloned();
        Some(kept.chain([address.to_owned()]).collect())
    }

    /// What open reviews without a time of their own follow.
    pub fn reviews_follow(&self) -> impl PartialEq {
        (&self.timezone, &self.morning_digest.time)
    }

    /// Changes the zone and the digest, and plans the digest again if that makes a difference.
    pub(super) fn set_digest(&mut self, timezone: Zone, morning_digest: MorningDigest, now: Timestamp) {
        if (&timezone, &morning_digest) == (&self.timezone, &self.morning_digest) {
            return;
        }
        let was_enabled = self.morning_digest.enabled;
        (self.timezone, self.morning_digest) = (timezone, morning_digest);
        if !was_enabled {
            // Whoever turns it on this afternoon does not mean this morning's.
            self.digest_day = self.digest_day.max(digest::passed(&self.morning_digest, &self.timezone, now));
        }
        self.reopen_today(now);
        self.plan_digest(now);
    }

    /// Settles the digest of a day, sent or not, and plans the one after it.
    pub(super) fn settle_digest(&mut self, day: Date, now: Timestamp) {
        self.digest_day = self.digest_day.max(Some(day));
        self.plan_digest(now);
    }

    /// A day that was settled without content, and whose moment is now in the future, is planned again.
    fn reopen_today(&mut self, now: Timestamp) {
        let today = digest::day_of(now, &self.timezone);
        let is_ahead = digest::moment(today, &self.morning_digest, &self.timezone).is_some_and(|at| at > now);
        if is_ahead && self.digest_told < Some(today) {
            self.digest_day = self.digest_day.filter(|day| *day < today);
        }
    }

    fn plan_digest(&mut self, now: Timestamp) {
        self.next_digest = digest::next(&self.morning_digest, &self.timezone, self.digest_day, now);
    }

    /// Why no digest or reminder mail goes to this address at `now`; `None` when one may. `unverified` is its mailbox, if
    /// [`Self::counts_reminder_mails`].
    pub fn refuses_mail(&self, unverified: Option<&UnverifiedMailbox>, now: Timestamp) -> Option<&'static str> {
        if let Some(stop) = self.mail_stopped {
            return Some(stop.reason());
        }
        unverified.filter(|mailbox| !mailbox.has_room(now)).map(|_| "the e-mail address is not verified")
    }

    /// Whether its address was proven.
    pub fn address_state(&self) -> AddressState {
        if self.email_verified { AddressState::Verified } else { AddressState::Unverified }
    }

    /// What the address's mailbox is counted under.
    pub fn mailbox_tag(&self) -> MailboxTag {
        self.mailbox.clone().unwrap_or_else(|| MailboxTag::of_account(self.id))
    }

    /// Whether the owner is to be told of blocked logins: not again within the hour.
    pub fn is_to_be_alerted(&self, now: Timestamp) -> bool {
        self.logins_blocked_at.is_none_or(|last| now.since(last) > ALERT_AGAIN)
    }

    /// Whether reminder mails to this address are counted, since only a few may go to it.
    pub fn counts_reminder_mails(&self) -> bool {
        !self.email_verified && !self.gets_reminders_unverified
    }
}

/// A local time of day, `HH:MM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalTime(String);

impl LocalTime {
    /// The time, `HH:MM`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for LocalTime {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        let well_formed = text.len() == 5
            && text.bytes().enumerate().all(|(at, b)| if at == 2 { b == b':' } else { b.is_ascii_digit() });
        let good = well_formed && text.parse::<jiff::civil::Time>().is_ok();
        if good { Ok(Self(text.to_owned())) } else { Err(format!("{label} must be HH:MM")) }
    }
}

inline_schema!(LocalTime, {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["05:00"]});

body! {
    /// Changes to an account. A field that is not sent stays as it is.
    #[derive(Clone, Debug, Default)]
    pub struct UserPatch {
        /// The name that mails use.
        pub name: Option<PersonName> = not_null "name",
        /// The time zone of the user's days.
        pub timezone: Option<Zone> = optional "timezone",
        /// Whether the morning digest is sent.
        pub digest_enabled: Option<bool> = optional "morning_digest.enabled",
        /// Local time of day at which the morning digest is sent.
        pub digest_time: Option<LocalTime> = optional "morning_digest.time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::body::testing::parsed;
    use serde_json::json;

    #[test]
    fn the_oldest_address_makes_room_for_a_new_one() {
        let hash = PasswordHash::from_phc(String::new());
        let name = PersonName::read("Name", &json!("Asha")).unwrap();
        let mut user =
            User::register(name, Email::parse("a@b.c").unwrap(), hash, Zone::UTC, crate::clock::testing::now());
        for number in 0..=KNOWN_ADDRESSES {
            user.known_addresses = user.addresses_with(&number.to_string()).unwrap();
        }
        assert_eq!(user.known_addresses.len(), KNOWN_ADDRESSES);
        assert!(user.addresses_with("0").is_some(), "the first was forgotten");
        assert!(user.addresses_with("1").is_none());
    }

    #[test]
    fn an_update_names_every_bad_field() {
        let read = |body: Value| parsed::<UserPatch>(body);
        let bad = json!({"name": null, "timezone": "Mars/Olympus", "morning_digest": {"enabled": 1, "time": "25:00"}});
        let named: Vec<_> = read(bad).unwrap_err().into_iter().map(|error| error.field).collect();
        assert_eq!(named, ["name", "timezone", "morning_digest.enabled", "morning_digest.time"]);
        assert_eq!(read(json!({"morning_digest": []})).unwrap_err().len(), 1);
    }
}
