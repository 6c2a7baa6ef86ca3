//! Mails on their way out. A mail is a row of the table, written in the transaction that causes it; the stream
//! hands it to the queue, and one function sends it. It holds no code and no token: those are derived from a
//! seed when the mail is rendered.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::delivery::MailOutcome;
use crate::domain::digest::{self, Digest, DigestTask};
use crate::domain::notification::Notification;
use crate::domain::remaining::Remaining;
use crate::domain::reminder::{Reminder, ReminderMessage};
use crate::domain::task::{Category, Priority, Task, TaskDescription, TaskTitle};
use crate::domain::user::User;
use crate::domain::user_change::TwoFactor;
use crate::id::{MailId, ReminderId, TaskId, TokenSeed, UserId};
use crate::limits::MailBudget;
use crate::word_type;

/// How long a mail's row is kept, for support.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a verification link works.
pub const VERIFICATION_VALID: Duration = Duration::from_secs(24 * 3600);
/// How long a link that sets a new password works.
pub const RESET_VALID: Duration = Duration::from_secs(3600);
/// How long a link to an export works.
pub const EXPORT_LINK_VALID: Duration = Duration::from_secs(24 * 3600);

word_type! {
    /// How far a mail is.
    MailState {
        /// Waiting for the mail function.
        Queued = "queued",
        /// Claimed by one run of the mail function, until its lease ends.
        Sending = "sending",
        /// Handed to the mail service.
        Sent = "sent",
        /// Given up after every retry.
        Failed = "failed",
        /// Held back: its addressee wants no such mail, or mail to the address is stopped.
        Held = "held",
    }
}

impl From<MailOutcome> for MailState {
    fn from(outcome: MailOutcome) -> Self {
        match outcome {
            MailOutcome::Sent => Self::Sent,
            MailOutcome::Failed { .. } => Self::Failed,
            MailOutcome::Held { .. } => Self::Held,
        }
    }
}

word_type! {
    /// What one unsubscribes from.
    MailCategory {
        /// The morning digest.
        Digest = "digest",
        /// The mails before reminders.
        Reminders = "reminders",
    }
}

/// Why a mail is sent, which decides what may hold it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// Its addressee has just asked for it, and waits for it.
    Requested,
    /// Something happened to the account that its owner must know of.
    SecurityNotice,
    /// A reminder or a digest.
    Reminder,
}

impl MailPurpose {
    /// Whether such mail is held back while mail to the user's address is stopped. What was asked for goes out: it is the way
    /// back. A security notice goes out to an address that is verified; at one that is not, whoever complained about our
    /// mail may have no account.
    fn respects_stop(self, user: &User) -> bool {
        match self {
            Self::Requested => false,
            Self::SecurityNotice => !user.email_verified,
            Self::Reminder => true,
        }
    }
}

/// Whether the address that a mail goes to is known to be its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressState {
    /// Somebody has proven to read its mail.
    Verified,
    /// Nobody has.
    Unverified,
}

/// The queue that a mail travels on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailLane {
    /// Login codes and password resets, for which somebody waits and which soon are of no use. Few can be caused for one
    /// mailbox, so that no flood is ahead of them.
    Codes,
    /// All other mail.
    Others,
}

/// What happens to a mail beyond its mailbox's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeyondBudget {
    /// It is not sent; what causes it succeeds as ever.
    NotSent,
    /// What causes it is refused.
    Refused,
    /// It is sent all the same.
    SentAnyway,
}

/// A kind of security notice, of which an account gets one mail in [`SECURITY_MAIL_PAUSE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityKind {
    /// The password was changed.
    PasswordChanged,
    /// Two-factor login was turned on.
    TwoFactorOn,
    /// Two-factor login was turned off.
    TwoFactorOff,
    /// Sign-ins are blocked.
    LoginsBlocked,
    /// The account was linked with Google.
    GoogleLinked,
    /// A session's token was stolen.
    TokenTheft,
}

/// The time between two mailed security notices of one kind.
pub const SECURITY_MAIL_PAUSE: Duration = Duration::from_secs(10 * 60);

/// When an account's latest security notices were mailed, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecurityMails(BTreeMap<SecurityKind, Timestamp>);

impl SecurityMails {
    /// Whether none was mailed yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same once `mail` is sent; `None` when one of its kind was mailed a moment ago, so that it is not to be sent.
    pub fn with(&self, mail: &Mail) -> Option<Self> {
        let kind = mail.content.security_kind()?;
        let resting = |last: &Timestamp| mail.created_at.since(*last) < SECURITY_MAIL_PAUSE;
        if self.0.get(&kind).is_some_and(resting) {
            return None;
        }
        let mut mails = self.0.clone();
        mails.insert(kind, mail.created_at);
        Some(Self(mails))
    }
}

/// What a mail says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum MailContent {
    /// Please prove that this address is yours.
    Verification {
        /// What the link's token is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
    },
    /// The code of a login.
    LoginCode {
        /// What the code is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
        /// Until when the code works.
        expires_at: Timestamp,
    },
    /// The link that sets a new password.
    PasswordReset {
        /// What the link's token is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
    },
    /// Your password was changed.
    PasswordChanged,
    /// Two-factor login was turned on or off.
    TwoFactorSwitched {
        /// What it is now.
        two_factor: TwoFactor,
    },
    /// Somebody failed to sign in to your account too often.
    LoginsBlocked,
    /// Your account can be signed in to with Google from now on.
    GoogleLinked,
    /// Your data can be fetched.
    ExportReady {
        /// What the link's token is derived from.
        seed: TokenSeed,
        /// The key that it is derived with.
        kid: String,
        /// Until when the link works.
        expires_at: Timestamp,
    },
    /// Someone else may hold a token of one of your sessions, which was ended.
    TokenTheft {
        /// What had signed in.
        device: String,
    },
    /// Something is due soon.
    HourBefore {
        /// The reminder whose receipt this mail is.
        reminder_id: ReminderId,
        /// The plan that fired.
        plan: u64,
        /// The task.
        task_id: TaskId,
        /// The task's title.
        title: TaskTitle,
        /// The task's description.
        description: Option<TaskDescription>,
        /// The task's due date.
        due_date: Option<Timestamp>,
        /// The task's priority.
        priority: Priority,
        /// The task's category.
        category: Option<Category>,
        /// The reminder's moment.
        scheduled_at: Timestamp,
        /// How far away that was when it fired. Rows of earlier versions do not have it.
        #[serde(default)]
        remaining: Remaining,
        /// The reminder's message.
        message: Option<ReminderMessage>,
    },
    /// What is due today.
    Digest {
        /// The local day.
        day: Date,
        /// How many tasks it is about.
        total: usize,
        /// Those that it lists.
        tasks: Vec<DigestTask>,
        /// The reminders that it tells of.
        reminders: Vec<ReminderId>,
    },
}

impl MailContent {
    /// What one would unsubscribe from to get no more of these; `None` for mails that every account gets.
    pub fn category(&self) -> Option<MailCategory> {
        match self {
            Self::Digest { .. } => Some(MailCategory::Digest),
            Self::HourBefore { .. } => Some(MailCategory::Reminders),
            Self::Verification { .. }
            | Self::LoginCode { .. }
            | Self::PasswordReset { .. }
            | Self::PasswordChanged
            | Self::TwoFactorSwitched { .. }
            | Self::LoginsBlocked
            | Self::GoogleLinked
            | Self::ExportReady { .. }
            | Self::TokenTheft { .. } => None,
        }
    }

    /// Why it is sent.
    pub fn purpose(&self) -> MailPurpose {
        match self {
            Self::Verification { .. }
            | Self::LoginCode { .. }
            | Self::PasswordReset { .. }
            | Self::ExportReady { .. } => MailPurpose::Requested,
            Self::PasswordChanged
            | Self::TwoFactorSwitched { .. }
            | Self::LoginsBlocked
            | Self::GoogleLinked
            | Self::TokenTheft { .. } => MailPurpose::SecurityNotice,
            Self::HourBefore { .. } | Self::Digest { .. } => MailPurpose::Reminder,
        }
    }

    /// The queue that it travels on. Verification is not among the codes: whoever registers addresses causes as many such mails.
    pub fn lane(&self) -> MailLane {
        match self {
            Self::LoginCode { .. } | Self::PasswordReset { .. } => MailLane::Codes,
            Self::Verification { .. }
            | Self::PasswordChanged
            | Self::TwoFactorSwitched { .. }
            | Self::LoginsBlocked
            | Self::GoogleLinked
            | Self::ExportReady { .. }
            | Self::TokenTheft { .. }
            | Self::HourBefore { .. }
            | Self::Digest { .. } => MailLane::Others,
        }
    }

    /// The kind of a security notice; `None` for other mails.
    pub fn security_kind(&self) -> Option<SecurityKind> {
        match self {
            Self::PasswordChanged => Some(SecurityKind::PasswordChanged),
            Self::TwoFactorSwitched { two_factor: TwoFactor::On } => Some(SecurityKind::TwoFactorOn),
            Self::TwoFactorSwitched { two_factor: TwoFactor::Off } => Some(SecurityKind::TwoFactorOff),
            Self::LoginsBlocked => Some(SecurityKind::LoginsBlocked),
            Self::GoogleLinked => Some(SecurityKind::GoogleLinked),
            Self::TokenTheft { .. } => Some(SecurityKind::TokenTheft),
            Self::Verification { .. }
            | Self::LoginCode { .. }
            | Self::PasswordReset { .. }
            | Self::ExportReady { .. }
            | Self::HourBefore { .. }
            | Self::Digest { .. } => None,
        }
    }

    /// The budget of its mailbox that it counts in, and what happens beyond it; `None` for a mail that no budget limits.
    ///
    /// Whoever registers a stranger's address holds the password of the account, so all that an account mails to an address
    /// which nobody has verified is anyone's doing. Its login codes have a budget apart from those of verified accounts, and
    /// reminders and digests a rule of their own: [`super::mailbox::UnverifiedMailbox`].
    pub fn budget(&self, address: AddressState) -> Option<(MailBudget, BeyondBudget)> {
        let unverified = address == AddressState::Unverified;
        match self {
            Self::Verification { .. } | Self::PasswordReset { .. } => Some((MailBudget::Anyone, BeyondBudget::NotSent)),
            Self::LoginCode { .. } if unverified => Some((MailBudget::UnverifiedCode, BeyondBudget::Refused)),
            Self::LoginCode { .. } => Some((MailBudget::Code, BeyondBudget::Refused)),
            Self::PasswordChanged
            | Self::TwoFactorSwitched { .. }
            | Self::GoogleLinked
            | Self::TokenTheft { .. }
            | Self::LoginsBlocked
            | Self::ExportReady { .. }
                if unverified =>
            {
                Some((MailBudget::Anyone, BeyondBudget::NotSent))
            }
            // Anyone can cause it, and nothing holds it back at an address that is verified.
            Self::LoginsBlocked => Some((MailBudget::Anyone, BeyondBudget::SentAnyway)),
            Self::PasswordChanged
            | Self::TwoFactorSwitched { .. }
            | Self::GoogleLinked
            | Self::TokenTheft { .. }
            | Self::ExportReady { .. }
            | Self::HourBefore { .. }
            | Self::Digest { .. } => None,
        }
    }

    /// What the notification of a security notice says; `None` for other mails.
    pub fn security_notice(&self) -> Option<String> {
        let message = match self {
            Self::PasswordChanged => "Your password was changed. If that was not you, reset it at once.",
            Self::TwoFactorSwitched { two_factor } => {
                let word = two_factor.as_str();
                return Some(format!(
                    "Two-factor authentication was {word}. If that was not you, change your password."
                ));
            }
            Self::LoginsBlocked => {
                "Too many sign-ins to your account failed. Unknown places are turned away for up to an hour."
            }
            Self::GoogleLinked => {
                "Your account was linked with Google. If that was not you, set a new password at once."
            }
            Self::TokenTheft { .. } => "A sign-in token of yours was used twice. The session was ended; sign in again.",
            Self::Verification { .. }
            | Self::LoginCode { .. }
            | Self::PasswordReset { .. }
            | Self::ExportReady { .. }
            | Self::HourBefore { .. }
            | Self::Digest { .. } => return None,
        };
        Some(message.to_owned())
    }

    /// The key that its token or code is derived with; `None` where it has none.
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Verification { kid, .. }
            | Self::LoginCode { kid, .. }
            | Self::PasswordReset { kid, .. }
            | Self::ExportReady { kid, .. } => Some(kid),
            Self::PasswordChanged
            | Self::TwoFactorSwitched { .. }
            | Self::LoginsBlocked
            | Self::GoogleLinked
            | Self::TokenTheft { .. }
            | Self::HourBefore { .. }
            | Self::Digest { .. } => None,
        }
    }

    /// Why it is not to be sent to `user` any more at `now`; `None` when it is.
    pub fn held_back(&self, user: &User, now: Timestamp) -> Option<&'static str> {
        if let Some(stop) = user.mail_stopped.filter(|_| self.purpose().respects_stop(user)) {
            return Some(stop.reason());
        }
        if matches!(self, Self::Digest { day, .. } if *day < digest::day_of(now, &user.timezone)) {
            return Some("its day is over");
        }
        match self.category()? {
            MailCategory::Digest if !user.morning_digest.enabled => Some("the digest was turned off"),
            MailCategory::Reminders if user.reminder_mails_off => Some(UNSUBSCRIBED),
            MailCategory::Digest | MailCategory::Reminders => None,
        }
    }
}

/// Why a reminder's mail does not go out, for the user.
pub const UNSUBSCRIBED: &str = "reminder mails were unsubscribed from";

/// A mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Identity.
    pub id: MailId,
    /// To whom; the address is read when it is sent.
    pub user_id: UserId,
    /// What it says.
    pub content: MailContent,
    /// How far it is.
    pub state: MailState,
    /// Tries so far.
    pub attempts: u32,
    /// Until when the present try has it to itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// When it was caused.
    pub created_at: Timestamp,
}

impl Mail {
    /// The notification that goes with a security notice; `None` for other mails.
    pub fn notification(&self) -> Option<Notification> {
        let message = self.content.security_notice()?;
        Some(Notification::security(self.user_id, message, self.created_at))
    }

    /// A mail to `user`.
    pub fn new(user: UserId, content: MailContent, now: Timestamp) -> Self {
        Self {
            id: MailId::new(),
            user_id: user,
            content,
            state: MailState::Queued,
            attempts: 0,
            lease_until: None,
            created_at: now,
        }
    }

    /// The mail of a reminder that fires.
    pub fn reminder(reminder: &Reminder, task: &Task, now: Timestamp) -> Self {
        let content = MailContent::HourBefore {
            reminder_id: reminder.id,
            plan: reminder.plan,
            task_id: task.id,
            title: task.title.clone(),
            description: task.description.clone(),
            due_date: task.due_date,
            priority: task.priority,
            category: task.category.clone(),
            scheduled_at: reminder.scheduled_at,
            remaining: Remaining::of(reminder, task.due_date, now),
            message: reminder.message.clone(),
        };
        Self::new(reminder.user_id, content, now)
    }

    /// The mail of a day's digest.
    pub fn digest(user: UserId, day: Date, digest: Digest, now: Timestamp) -> Self {
        let Digest { total, tasks, reminders } = digest;
        Self::new(user, MailContent::Digest { day, total, tasks, reminders }, now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::email::Email;
    use crate::domain::field::Field;
    use crate::domain::password::PasswordHash;
    use crate::domain::user::{MailStop, PersonName};
    use crate::domain::zone::Zone;

    #[test]
    fn a_security_notice_reaches_a_verified_address_whatever_stopped_other_mail() {
        let now = crate::clock::testing::now();
        let name = PersonName::read("Name", &json!("Asha")).unwrap();
        let hash = PasswordHash::from_phc(String::new());
        let user = User::register(name, Email::parse("a@example.com").unwrap(), hash, Zone::UTC, now);
        let (seed, kid) = (TokenSeed::new(), "1".to_owned());
        let notices = [
            MailContent::PasswordChanged,
            MailContent::TwoFactorSwitched { two_factor: TwoFactor::Off },
            MailContent::LoginsBlocked,
            MailContent::GoogleLinked,
            MailContent::TokenTheft { device: "a browser".to_owned() },
        ];
        for stop in [MailStop::Complained, MailStop::Bounced] {
            let verified = User { email_verified: true, mail_stopped: Some(stop), ..user.clone() };
            let unverified = User { mail_stopped: Some(stop), ..user.clone() };
            for notice in &notices {
                assert_eq!(notice.held_back(&verified, now), None, "{notice:?}");
                assert_eq!(notice.held_back(&unverified, now), Some(stop.reason()), "{notice:?}");
            }
            let code = MailContent::LoginCode { seed, kid: kid.clone(), expires_at: now };
            assert_eq!((code.held_back(&verified, now), code.held_back(&unverified, now)), (None, None));
            let day = digest::day_of(now, &Zone::UTC);
            let digest = MailContent::Digest { day, total: 1, tasks: Vec::new(), reminders: Vec::new() };
            assert_eq!(digest.held_back(&verified, now), Some(stop.reason()));
        }
    }

    #[test]
    fn every_security_notice_is_shown_in_the_app_and_no_other_mail_is() {
        let now = crate::clock::testing::now();
        let notification = |content| Mail::new(UserId::new(), content, now).notification();
        for notice in [
            MailContent::PasswordChanged,
            MailContent::TwoFactorSwitched { two_factor: TwoFactor::Off },
            MailContent::LoginsBlocked,
            MailContent::GoogleLinked,
            MailContent::TokenTheft { device: "a browser".to_owned() },
        ] {
            assert!(notification(notice.clone()).is_some_and(|shown| shown.security), "{notice:?}");
        }
        let (seed, kid) = (TokenSeed::new(), "1".to_owned());
        assert!(notification(MailContent::Verification { seed, kid }).is_none());
    }
}
