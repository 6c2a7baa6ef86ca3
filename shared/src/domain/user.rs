//! Users: who they are and how they want to be reached.

use std::fmt;
use std::num::NonZeroU8;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::clock::Timestamp;
use crate::domain::field::{Field, Fields, string};
use crate::id::UserId;
use crate::text_type;

text_type! {
    /// A person's name.
    PersonName, 2..=255, Single
}

/// Reminder mails that an address gets before its owner has verified it.
pub const UNVERIFIED_REMINDER_MAILS: u32 = 3;

/// An e-mail address as it is stored and compared: trimmed, NFC, lower case.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Most octets of an address that a mail server must take (RFC 5321 §4.5.3.1.3, less the brackets).
    pub const MAX: usize = 254;
    /// Most octets before the `@` (RFC 5321 §4.5.3.1.1).
    const LOCAL_MAX: usize = 64;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an address: one `@`, a dotted domain, nothing that could end a header line or start a display name.
    pub fn parse(text: &str) -> Option<Self> {
        let address: String = text.trim().nfc().collect::<String>().to_lowercase().nfc().collect();
        let (local, domain) = address.rsplit_once('@')?;
        let good = address.len() <= Self::MAX && is_local_part(local) && is_domain(domain);
        good.then_some(Self(address))
    }
}

/// RFC 5321's unquoted local part, with RFC 6531's letters beyond ASCII.
fn is_local_part(local: &str) -> bool {
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let atext = |c: char| c.is_alphanumeric() || c == '.' || "!#$%&'*+/=?^_`{|}~-".contains(c);
    !local.is_empty() && local.len() <= Email::LOCAL_MAX && dots && local.chars().all(atext)
}

fn is_domain(domain: &str) -> bool {
    const LABEL_MAX: usize = 63;
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

impl Field for Email {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        if text.trim().is_empty() {
            return Err(format!("{label} is required"));
        }
        Self::parse(text).ok_or_else(|| format!("{label} must be a valid email"))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// A password as typed, on its way to being hashed or compared. Never stored, never shown.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Most characters, so that hashing stays bounded.
    pub const MAX: usize = 128;

    /// The characters.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Checks a new password against the policy.
    ///
    /// # Errors
    /// Every rule that it breaks, as one sentence.
    pub fn check_new(&self, label: &str, min_length: NonZeroU8) -> Result<(), String> {
        let count = self.0.chars().count();
        let min = usize::from(min_length.get());
        if count < min {
            return Err(format!("{label} must be at least {min} characters"));
        }
        let has = |test: fn(char) -> bool| self.0.chars().any(test);
        if !has(char::is_lowercase) || !has(char::is_uppercase) || !has(|c| c.is_ascii_digit()) {
            return Err(format!("{label} must contain a lower-case letter, an upper-case letter and a digit"));
        }
        Ok(())
    }
}

impl Field for Password {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let text = string(label, value)?;
        if text.is_empty() {
            return Err(format!("{label} is required"));
        }
        if text.chars().count() > Self::MAX {
            return Err(format!("{label} cannot exceed {} characters", Self::MAX));
        }
        // Composed, so that the same password typed on another keyboard compares equal (RFC 8265 §4.2).
        Ok(Self(text.nfc().collect()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password's hash in PHC string format.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// An IANA time zone that the bundled database knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The name is no IANA time zone.
#[derive(Debug, thiserror::Error)]
#[error("not an IANA time zone")]
pub struct UnknownZone;

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of an IANA name, in any case.
    ///
    /// # Errors
    /// [`UnknownZone`] when the bundled database does not have it.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone)
    }

    /// The zone's rules.
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

/// How an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthProvider {
    /// With a password.
    Local,
    /// With Google.
    Google,
}

/// When the morning digest goes out, in the user's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MorningDigest {
    /// Whether it goes out at all.
    pub enabled: bool,
    /// Local time of day, `HH:MM`.
    pub time: String,
}

impl Default for MorningDigest {
    fn default() -> Self {
        Self { enabled: true, time: "05:00".to_owned() }
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
    /// The user's days are this zone's.
    pub timezone: Zone,
    /// When the digest goes out.
    pub morning_digest: MorningDigest,
    /// Reminder mails sent while the address was not verified, at most [`UNVERIFIED_REMINDER_MAILS`].
    #[serde(default)]
    pub unverified_reminder_mails: u32,
    /// SHA-256 of the token that verifies the address, while one is out: an older one is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_hash: Option<String>,
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
        Self {
            id: UserId::new(),
            name,
            email,
            password_hash: Some(hash),
            auth_provider: AuthProvider::Local,
            is_two_factor_enabled: false,
            email_verified: false,
            timezone,
            morning_digest: MorningDigest::default(),
            unverified_reminder_mails: 0,
            verification_hash: None,
            sessions_version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Changes the fields that `patch` names.
    pub fn apply(&mut self, patch: UserPatch, now: Timestamp) {
        if let Some(name) = patch.name {
            self.name = name;
        }
        if let Some(timezone) = patch.timezone {
            self.timezone = timezone;
        }
        if let Some(enabled) = patch.digest_enabled {
            self.morning_digest.enabled = enabled;
        }
        if let Some(LocalTime(time)) = patch.digest_time {
            self.morning_digest.time = time;
        }
        self.updated_at = now;
    }

    /// Whether a reminder mail may still go to this address.
    pub fn takes_reminder_mail(&self) -> bool {
        self.email_verified || self.unverified_reminder_mails < UNVERIFIED_REMINDER_MAILS
    }
}

/// A local time of day, `HH:MM`.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Field for Zone {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let name = string(label, value)?;
        Self::parse(name.trim()).map_err(|_| format!("{label} must be an IANA time zone"))
    }
}

/// The body of an account's update: only the fields sent change.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    /// What mails address the user by.
    pub name: Option<PersonName>,
    /// The user's days.
    pub timezone: Option<Zone>,
    /// Whether the digest goes out.
    pub digest_enabled: Option<bool>,
    /// When it goes out.
    pub digest_time: Option<LocalTime>,
}

impl UserPatch {
    /// Reads the fields; bad ones are noted in `fields`.
    pub fn read(fields: &mut Fields) -> Self {
        fields.flatten("morning_digest", "Morning digest", &["morning_digest.enabled", "morning_digest.time"]);
        Self {
            name: fields.patch_required("name", "Name"),
            timezone: fields.patch_required("timezone", "Timezone"),
            digest_enabled: fields.patch_required("morning_digest.enabled", "Morning digest enabled"),
            digest_time: fields.patch_required("morning_digest.time", "Morning digest time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_update_names_every_bad_field_and_changes_what_was_sent() {
        let read = |body: Value| {
            let Value::Object(object) = body else { panic!("no object") };
            let mut fields = Fields::new(object);
            let patch = UserPatch::read(&mut fields);
            fields.finish(Some(patch))
        };
        let bad = json!({"name": null, "timezone": "Mars/Olympus", "morning_digest": {"enabled": 1, "time": "25:00"}});
        let named: Vec<_> = read(bad).unwrap_err().into_iter().map(|error| error.field).collect();
        assert_eq!(named, ["name", "timezone", "morning_digest.enabled", "morning_digest.time"]);
        assert_eq!(read(json!({"morning_digest": []})).unwrap_err().len(), 1);
        let hash = PasswordHash::from_phc(String::new());
        let name = PersonName::read("Name", &json!("Asha")).unwrap();
        let mut user = User::register(name, Email::parse("a@b.c").unwrap(), hash, Zone::UTC, Timestamp::now());
        user.apply(read(json!({"morning_digest": {"time": "06:30"}})).unwrap(), Timestamp::now());
        assert_eq!(user.morning_digest, MorningDigest { enabled: true, time: "06:30".to_owned() });
    }

    #[test]
    fn an_address_is_trimmed_and_lower_cased_beyond_ascii() {
        assert_eq!(Email::parse("  Ünal@Example.COM ").unwrap().as_str(), "ünal@example.com");
    }

    #[test]
    fn what_could_break_a_header_or_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(243));
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a@example..com",
            ".a@example.com",
            "a..b@example.com",
            "a@-example.com",
            "Name <a@example.com>",
            "a@example.com,b@example.com",
            "a\r\nBcc: x@example.com",
            "\"a\"@example.com",
            "a@example.com\u{0}",
            "a@b@example.com",
            &long,
        ] {
            assert!(Email::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_password_needs_its_length_and_its_kinds_of_characters() {
        let min = NonZeroU8::new(6).unwrap();
        let check = |text: &str| Password::read("Password", &json!(text)).and_then(|p| p.check_new("Password", min));
        assert!(check("Passw0rd").is_ok());
        assert!(check("Pässwörd1").is_ok());
        for bad in ["", "Pa1", "password1", "PASSWORD1", "Password", &"Aa1".repeat(50)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let password = Password::read("Password", &json!("Secret123")).unwrap();
        let email = Email::parse("someone@example.com").unwrap();
        assert!(!format!("{password:?}{email:?}").contains("Secret123"));
        assert!(!format!("{email:?}").contains("someone"));
    }

    proptest! {
        #[test]
        fn reading_an_address_twice_changes_nothing(text in "\\PC{1,20}@\\PC{1,10}\\.[a-zA-Z]{2,5}") {
            if let Some(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
        }
    }
}
