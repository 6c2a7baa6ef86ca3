//! One tap in a mail: what the buttons of a reminder's mail do, and how that is taken back.
//!
//! A mail carries an [`ActionLink`], whose page has a button for each of its actions. Pressing one is a [`Tap`]: a row that makes
//! it happen once, says later what it did, and holds what undoing it restores.

mod effect;
mod undo;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::effect::{Effect, PressedAt, Stale};
pub use self::undo::{Before, Undo, UndoRefused};

use crate::clock::Timestamp;
use crate::domain::field::{Field, string};
use crate::domain::mail::{Mail, MailContent};
use crate::domain::remaining::Remaining;
use crate::id::{ReminderId, TaskId, UserId};
use crate::{inline_schema, word_type};

/// How long the links of a mail work.
pub const LINK_VALID: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a tap can be undone.
pub const UNDO_VALID: Duration = Duration::from_secs(10 * 60);
/// How long a tap's row is kept: as long as its link works, and a tap at its end can be undone.
pub const TAP_KEPT: Duration = Duration::from_secs(LINK_VALID.as_secs() + UNDO_VALID.as_secs());

word_type! {
    /// What a button of a mail does. [`LinkKind::actions`] says which mails have it, [`Action::effect`] what it does.
    Action {
        /// Completes the task, or the occurrence that the mail was about.
        Done = "done",
        /// Puts the reminder off by an hour.
        InAnHour = "in-an-hour",
        /// Puts the reminder off to the time of the next local day's digest.
        TomorrowMorning = "tomorrow-morning",
        /// Rates the review: the user remembered nothing.
        Again = "again",
        /// Rates the review: the user remembered with difficulty.
        Hard = "hard",
        /// Rates the review: the user remembered well.
        Good = "good",
        /// Rates the review: the user remembered without effort.
        Easy = "easy",
    }
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// The mail of a reminder.
    Reminder,
    /// The mail of a review.
    Review,
    /// The page of a tap: takes it back.
    Undo,
}

impl LinkKind {
    /// The actions that its page offers, in the order of the buttons.
    pub fn actions(self) -> &'static [Action] {
        match self {
            Self::Reminder => &[Action::Done, Action::InAnHour, Action::TomorrowMorning],
            // Completing the task ends its plan: the last of them.
            Self::Review => &[
                Action::Again,
                Action::Hard,
                Action::Good,
                Action::Easy,
                Action::InAnHour,
                Action::TomorrowMorning,
                Action::Done,
            ],
            Self::Undo => &[],
        }
    }

    /// The one of them that most readers want; a review has none, since no rating is likelier than the others.
    pub fn main_action(self) -> Option<Action> {
        (self == Self::Reminder).then_some(Action::Done)
    }

    /// Whether its page has this button.
    pub fn offers(self, button: Button) -> bool {
        match button {
            Button::Act(action) => self.actions().contains(&action),
            Button::Undo => self == Self::Undo,
        }
    }
}

/// A button of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    Act(Action),
    /// Takes a tap back.
    Undo,
}

impl Button {
    const UNDO: &str = "undo";

    /// The value that its form sends.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Act(action) => action.as_str(),
            Self::Undo => Self::UNDO,
        }
    }
}

impl Field for Button {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        if string(label, value)?.trim().eq_ignore_ascii_case(Self::UNDO) {
            return Ok(Self::Undo);
        }
        Action::read(label, value).map(Self::Act)
    }
}

inline_schema!(Button, { "type": "string", "enum": ([Action::WORDS, &[Self::UNDO]].concat()) });

/// What a link is about. Its token is signed: see [`crate::auth::action_link`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionLink {
    pub kind: LinkKind,
    pub user: UserId,
    pub task: TaskId,
    pub reminder: ReminderId,
    /// The reminder's plan that fired. The link ends with it.
    pub plan: u64,
    /// When the task was due then: the occurrence of a recurring one that the link is about.
    pub occurrence: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl ActionLink {
    /// The link of a mail; `None` for mails without one.
    pub fn of_mail(mail: &Mail) -> Option<Self> {
        let MailContent::HourBefore { reminder_id, plan, task_id, due_date, remaining, .. } = mail.content else {
            return None;
        };
        Some(Self {
            kind: if remaining == Remaining::Review { LinkKind::Review } else { LinkKind::Reminder },
            user: mail.user_id,
            task: task_id,
            reminder: reminder_id,
            plan,
            occurrence: due_date,
            expires_at: mail.created_at.plus(LINK_VALID),
        })
    }

    /// When the mail was written that carries it.
    fn mailed_at(&self) -> Timestamp {
        self.expires_at.minus(LINK_VALID)
    }

    /// Whether it still works.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// What pressing a button of a link has done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tap {
    pub user_id: UserId,
    pub task_id: TaskId,
    pub reminder_id: ReminderId,
    /// The reminder's plan that the link was about.
    pub plan: u64,
    pub action: Action,
    pub at: Timestamp,
    /// When the reminder is sent again, the recurring task is due next, or the next review is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// What undoing it restores.
    pub before: Before,
    /// When it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

impl Tap {
    fn new(link: &ActionLink, action: Action, (next, before): (Option<Timestamp>, Before), at: Timestamp) -> Self {
        let ActionLink { user, task, reminder, plan, .. } = *link;
        Self { user_id: user, task_id: task, reminder_id: reminder, plan, action, at, next, before, undone_at: None }
    }

    /// When its row goes.
    pub fn expires_at(&self) -> Timestamp {
        self.at.plus(TAP_KEPT)
    }

    /// The link that undoes it; `None` once it was undone, or it is too late.
    pub fn undo_link(&self, now: Timestamp) -> Option<ActionLink> {
        let link = ActionLink {
            kind: LinkKind::Undo,
            user: self.user_id,
            task: self.task_id,
            reminder: self.reminder_id,
            plan: self.plan,
            occurrence: None,
            expires_at: self.at.plus(UNDO_VALID),
        };
        (self.undone_at.is_none() && link.is_valid(now)).then_some(link)
    }
}

#[cfg(test)]
mod tests;
