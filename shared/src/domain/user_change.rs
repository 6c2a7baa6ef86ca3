//! Changes of an account, and what follows from them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::digest::{Digest, PlannedDigest};
use crate::domain::mail::{Mail, MailCategory, MailContent};
use crate::domain::mailbox::{UnverifiedMail, UnverifiedMailbox};
use crate::domain::notification::Notification;
use crate::domain::user::{User, UserPatch};

/// A change of an account that was read.
#[derive(Clone, Debug)]
pub struct UserChange {
    /// The account from now on.
    pub user: User,
    /// A notification of the change.
    pub notification: Option<Notification>,
    /// When it is made.
    pub at: Timestamp,
}

/// Whether a category of mail is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Whether a login needs a mailed code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TwoFactor {
    /// It does.
    On,
    /// It does not.
    Off,
}

impl TwoFactor {
    /// `enabled` or `disabled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "enabled",
            Self::Off => "disabled",
        }
    }
}

/// Whether the user's other sessions end with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSessions {
    /// They go on.
    Keep,
    /// They end.
    End,
}

/// Two-factor login was turned on or off.
#[derive(Clone, Debug)]
pub struct TwoFactorSwitch {
    /// The account from now on.
    pub user: User,
    /// The notice.
    pub mail: Mail,
}

/// How a day's digest is settled.
#[derive(Clone, Debug)]
pub struct DigestSettlement {
    /// The account from now on, with the next digest planned.
    pub user: User,
    /// The notification of a day that has tasks.
    pub notification: Option<Notification>,
    /// Its mail, unless the address takes none.
    pub mail: Option<Mail>,
    /// Why no digest goes to the address; `None` where one may.
    pub refused: Option<&'static str>,
    /// What counts its mail, where nobody has verified the address.
    pub unverified: Option<UnverifiedMail>,
    /// When it is settled.
    pub at: Timestamp,
}

impl User {
    /// The account with the fields changed that `patch` names. Another zone or digest plans the digest again. Where every field
    /// has its value already, the account stays as it is.
    pub fn change(&self, patch: UserPatch, now: Timestamp) -> UserChange {
        let UserPatch { name, timezone, digest_enabled, digest_time } = patch;
        let mut user = self.clone();
        user.name = name.unwrap_or(user.name);
        let mut digest = self.morning_digest.clone();
        digest.enabled = digest_enabled.unwrap_or(digest.enabled);
        digest.time = digest_time.map_or(digest.time, |time| time.as_str().to_owned());
        user.set_digest(timezone.unwrap_or_else(|| self.timezone.clone()), digest, now);
        let is_same =
            (&user.name, &user.timezone, &user.morning_digest) == (&self.name, &self.timezone, &self.morning_digest);
        user.updated_at = if is_same { self.updated_at } else { now };
        UserChange { user, notification: None, at: now }
    }

    /// Turns a category of mail on or off. The user is notified when it is turned off.
    pub fn subscribe(&self, category: MailCategory, wanted: Wanted, now: Timestamp) -> UserChange {
        let is_wanted = wanted == Wanted::Yes;
        let mut change = match category {
            MailCategory::Digest => {
                self.change(UserPatch { digest_enabled: Some(is_wanted), ..UserPatch::default() }, now)
            }
            MailCategory::Reminders => {
                let user = Self { reminder_mails_off: !is_wanted, updated_at: now, ..self.clone() };
                UserChange { user, notification: None, at: now }
            }
        };
        change.notification = (!is_wanted).then(|| Notification::unsubscribed(self.id, category, now));
        change
    }

    /// Turns two-factor login on or off, and notifies the user. `None` when it is already so.
    pub fn switch_two_factor(&self, two_factor: TwoFactor, now: Timestamp) -> Option<TwoFactorSwitch> {
        let is_on = two_factor == TwoFactor::On;
        if self.is_two_factor_enabled == is_on {
            return None;
        }
        Some(TwoFactorSwitch {
            user: Self { is_two_factor_enabled: is_on, updated_at: now, ..self.clone() },
            mail: Mail::new(self.id, MailContent::TwoFactorSwitched { two_factor }, now),
        })
    }

    /// Settles the digest of the planned day, for which `found` was selected, and plans the next one. `unverified` is the
    /// mailbox of an address that nobody has verified.
    pub fn settle(
        &self,
        planned: PlannedDigest,
        found: Option<Digest>,
        unverified: Option<UnverifiedMailbox>,
        now: Timestamp,
    ) -> DigestSettlement {
        let mut user = self.clone();
        user.settle_digest(planned.day, now);
        let notification = found.as_ref().map(|found| Notification::digest(self.id, found, now));
        if found.is_some() {
            user.digest_told = Some(planned.day);
        }
        let refused = self.refuses_mail(unverified.as_ref(), now);
        let mail = found.filter(|_| refused.is_none()).map(|found| Mail::digest(self.id, planned.day, found, now));
        let unverified = unverified.filter(|_| mail.is_some()).map(|mailbox| UnverifiedMail { mailbox, at: now });
        DigestSettlement { user, notification, mail, refused, unverified, at: now }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::body::testing::parsed;
    use crate::domain::digest::MorningDigest;
    use crate::domain::email::Email;
    use crate::domain::field::Field;
    use crate::domain::password::PasswordHash;
    use crate::domain::user::PersonName;
    use crate::domain::zone::Zone;

    fn changed(user: &User, body: Value, now: Timestamp) -> User {
        user.change(parsed(body).unwrap(), now).user
    }

    fn in_utc(now: Timestamp) -> User {
        let name = PersonName::read("Name", &json!("Asha")).unwrap();
        let hash = PasswordHash::from_phc(String::new());
        User::register(name, Email::parse("a@b.c").unwrap(), hash, Zone::UTC, now)
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn planned(user: &User) -> Option<String> {
        user.next_digest.map(|planned| planned.at.to_string())
    }

    fn found() -> Option<Digest> {
        Some(Digest { total: 1, tasks: Vec::new(), reminders: Vec::new() })
    }

    #[test]
    fn only_the_fields_sent_change() {
        let now = at("2026-01-05T08:00:00Z");
        let user = in_utc(now);
        let changed = changed(&user, json!({"morning_digest": {"time": "06:30"}}), now);
        assert_eq!(changed.morning_digest, MorningDigest { enabled: true, time: "06:30".to_owned() });
        assert_eq!((changed.name, changed.timezone), (user.name, user.timezone));
    }

    #[test]
    fn a_patch_of_what_is_so_already_changes_nothing() {
        let user = in_utc(at("2026-01-05T04:00:00Z"));
        let later = at("2026-01-05T06:00:00Z");
        let whole = json!({"name": "Asha", "timezone": "utc", "morning_digest": {"enabled": true, "time": "05:00"}});
        let blank = json!({"timezone": null, "morning_digest": {"enabled": "", "time": null}});
        for same in [json!({}), json!({"morning_digest": null}), whole, blank] {
            let changed = changed(&user, same.clone(), later);
            assert_eq!(serde_json::to_value(changed).unwrap(), serde_json::to_value(&user).unwrap(), "{same}");
        }
        assert_eq!(changed(&user, json!({"name": "Asha Rao"}), later).updated_at, later);
    }

    #[test]
    fn a_later_time_brings_todays_digest_back_only_if_it_told_nothing() {
        let now = at("2026-01-05T08:00:00Z");
        let user = in_utc(now);
        assert_eq!(planned(&user).unwrap(), "2026-01-06T05:00:00.000Z");
        let user = changed(&user, json!({"morning_digest": {"time": "18:00"}}), now);
        assert_eq!(planned(&user).unwrap(), "2026-01-05T18:00:00.000Z");
        let evening = at("2026-01-05T18:00:00Z");
        let empty = user.settle(user.next_digest.unwrap(), None, None, evening);
        assert!(empty.notification.is_none() && empty.mail.is_none());
        let user = user.settle(user.next_digest.unwrap(), found(), None, evening).user;
        let later = json!({"morning_digest": {"time": "20:00"}});
        assert_eq!(planned(&changed(&user, later.clone(), evening)).unwrap(), "2026-01-06T20:00:00.000Z");
        assert_eq!(planned(&changed(&empty.user, later, evening)).unwrap(), "2026-01-05T20:00:00.000Z");
    }

    #[test]
    fn turning_it_on_does_not_send_this_mornings_and_turning_it_off_sends_none() {
        let user = in_utc(at("2026-01-05T04:00:00Z"));
        let off = user.subscribe(MailCategory::Digest, Wanted::No, at("2026-01-05T04:00:00Z"));
        assert_eq!(planned(&off.user), None);
        assert!(off.notification.is_some());
        let on = off.user.subscribe(MailCategory::Digest, Wanted::Yes, at("2026-01-05T12:00:00Z"));
        assert_eq!(planned(&on.user).unwrap(), "2026-01-06T05:00:00.000Z");
        assert!(on.notification.is_none());
    }

    #[test]
    fn a_name_moves_no_digest() {
        let user = in_utc(at("2026-01-05T04:00:00Z"));
        let renamed = changed(&user, json!({"name": "Somebody Else"}), at("2026-01-05T06:00:00Z"));
        assert_eq!(renamed.next_digest, user.next_digest);
    }

    #[test]
    fn an_unverified_address_gets_three_digests_and_then_only_notifications() {
        let now = at("2026-01-06T05:00:00Z");
        let user = in_utc(at("2026-01-05T08:00:00Z"));
        let mut mailbox = UnverifiedMailbox { tag: user.mailbox_tag(), sent: Vec::new() };
        let settle =
            |mailbox: &UnverifiedMailbox| user.settle(user.next_digest.unwrap(), found(), Some(mailbox.clone()), now);
        for _ in 0..3 {
            let settled = settle(&mailbox);
            assert!(settled.mail.is_some());
            mailbox.sent = settled.unverified.unwrap().mailbox.with_another(now);
        }
        let settled = settle(&mailbox);
        assert!(settled.mail.is_none() && settled.notification.is_some() && settled.refused.is_some());
        assert!(settled.unverified.is_none());
        assert_eq!(settled.user.updated_at, user.updated_at, "the user changed nothing");
    }
}
