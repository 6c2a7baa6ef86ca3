//! Rate limits: their classes, what counts in each, and how many requests each allows in how long; and how many mails a
//! mailbox gets.

use std::collections::HashMap;

/// A class of requests that share one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateLimitClass {
    /// Every request of a client address, unless it is signed in.
    Global,
    /// Every request of a signed-in account, from whatever address.
    Account,
    /// Requests that pages of other sites make, by client address. They count in no other class.
    Foreign,
    /// Wrong passwords, refused session tokens, and addresses that are taken.
    Auth,
    /// Wrong one-time codes.
    Otp,
    /// Created accounts, by client address.
    Register,
    /// Password reset mails, and refused reset tokens.
    Reset,
    /// Verification mails, and refused verification tokens.
    Verify,
    /// Uploads.
    Upload,
    /// Failed logins of one account from unknown addresses. No route's class: see [`crate::http::login_guard`].
    Login,
}

impl RateLimitClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Global,
        Self::Account,
        Self::Foreign,
        Self::Auth,
        Self::Otp,
        Self::Register,
        Self::Reset,
        Self::Verify,
        Self::Upload,
        Self::Login,
    ];

    /// The class's name in `RATE_LIMITS` and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Account => "account",
            Self::Foreign => "foreign",
            Self::Auth => "auth",
            Self::Otp => "otp",
            Self::Register => "register",
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::Upload => "upload",
            Self::Login => "login",
        }
    }

    /// What it counts, in the published contract.
    pub fn counted(self) -> &'static str {
        match self {
            Self::Global | Self::Account => "all requests",
            Self::Foreign => "requests of pages of other sites",
            Self::Auth => "wrong passwords, refused tokens and addresses that are taken",
            Self::Otp => "wrong codes",
            Self::Register => "created accounts",
            Self::Reset => "reset mails and refused tokens",
            Self::Verify => "verification mails and refused tokens",
            Self::Upload => "uploads",
            Self::Login => "failed logins",
        }
    }

    /// Whether a refused secret or token counts. In every other class only answers that say so count, as a mail that is
    /// sent or an upload that is accepted.
    pub fn counts_refusals(self) -> bool {
        matches!(self, Self::Auth | Self::Otp | Self::Reset | Self::Verify)
    }
}

/// The limit of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Requests allowed in a window.
    pub requests: u32,
    /// Length of the window, in seconds.
    pub window: i64,
}

impl Limit {
    /// Seconds from `now` (epoch seconds) to the end of its window.
    pub fn left(self, now: i64) -> i64 {
        self.window - now.rem_euclid(self.window)
    }

    /// The count that a window may reach, `left` seconds before its end, beside `previous` in the window before. The previous
    /// count weighs as much as of its window still is within the last full length of time.
    pub fn room_beside(self, previous: u32, left: i64) -> u32 {
        let (most, previous) = (i64::from(self.requests), i64::from(previous));
        u32::try_from((most * self.window - previous * left).div_euclid(self.window)).unwrap_or_default()
    }

    /// Seconds until one request more fits, if none is made until then, `left` seconds before the end of the window.
    pub fn wait(self, current: u32, previous: u32, left: i64) -> i64 {
        let (most, window) = (i64::from(self.requests), self.window);
        let (current, previous) = (i64::from(current), i64::from(previous));
        let room = |count: i64| (most - 1 - count) * window;
        // The least time after which `count` requests, fading over `fading` seconds, fit into `room`.
        let fade = |count: i64, fading: i64, room: i64| {
            if count == 0 { 0 } else { (fading - room.div_euclid(count)).clamp(0, fading) }
        };
        if room(current) >= 0 {
            let within = fade(previous, left, room(current));
            if within < left {
                return within.max(1);
            }
        }
        left + fade(current, window, room(0))
    }
}

/// A budget of mails that a mailbox has, whatever accounts and addresses cause them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailBudget {
    /// Mails that anyone can cause.
    Anyone,
    /// Mails that only the holder of a password or session can cause: login codes.
    Code,
    /// Login codes of accounts at addresses that nobody has verified. Whoever registers a stranger's address holds the password of
    /// the account, and must not use up the codes that the owner of the mailbox signs in with.
    UnverifiedCode,
}

impl MailBudget {
    /// Every budget.
    pub const ALL: [Self; 3] = [Self::Anyone, Self::Code, Self::UnverifiedCode];
    /// Every budget with limits of its own.
    const LIMITED: [Self; 2] = [Self::Anyone, Self::Code];

    /// The names of its two limits in `RATE_LIMITS`.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Anyone => ["mailbox-hour", "mailbox-day"],
            Self::Code | Self::UnverifiedCode => ["code-hour", "code-day"],
        }
    }
}

/// The two limits of a budget, which hold at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailLimit {
    /// In an hour.
    pub hour: Limit,
    /// In a day.
    pub day: Limit,
}

/// The limits of all classes and budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    classes: [Limit; RateLimitClass::ALL.len()],
    budgets: [MailLimit; MailBudget::ALL.len()],
}

/// A limit is missing, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("must be name=requests/seconds, separated by commas, for every class and budget; bad or missing: {0}")]
pub struct InvalidLimits(&'static str);

const LEAST: Limit = Limit { requests: 1, window: 1 };

impl Limits {
    /// Parses `global=100/900,auth=5/900,…`: requests per seconds, every class and budget once.
    ///
    /// # Errors
    /// [`InvalidLimits`] names the first one that is missing or bad.
    pub fn parse(text: &str) -> Result<Self, InvalidLimits> {
        let pairs: HashMap<&str, &str> = text.split(',').filter_map(|pair| pair.trim().split_once('=')).collect();
        let read = |name: &'static str| {
            let limit = || {
                let (requests, window) = pairs.get(name)?.trim().split_once('/')?;
                let limit = Limit { requests: requests.parse().ok()?, window: window.parse().ok()? };
                (limit.requests > 0 && limit.window > 0).then_some(limit)
            };
            limit().ok_or(InvalidLimits(name))
        };
        let mut classes = [LEAST; RateLimitClass::ALL.len()];
        for (class, limit) in RateLimitClass::ALL.into_iter().zip(&mut classes) {
            *limit = read(class.name())?;
        }
        let mut budgets = [MailLimit { hour: LEAST, day: LEAST }; MailBudget::ALL.len()];
        for (budget, limit) in MailBudget::ALL.into_iter().zip(&mut budgets) {
            let [hour, day] = budget.names();
            *limit = MailLimit { hour: read(hour)?, day: read(day)? };
        }
        Ok(Self { classes, budgets })
    }

    /// The names of all limits in `RATE_LIMITS`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let classes = RateLimitClass::ALL.into_iter().map(RateLimitClass::name);
        classes.chain(MailBudget::LIMITED.into_iter().flat_map(MailBudget::names))
    }

    /// The limit of a class.
    pub fn of(&self, class: RateLimitClass) -> Limit {
        let mut limits = RateLimitClass::ALL.into_iter().zip(self.classes);
        limits.find(|(known, _)| *known == class).map_or(LEAST, |(_, limit)| limit)
    }

    /// The limits of a budget.
    pub fn of_mail(&self, budget: MailBudget) -> MailLimit {
        let mut limits = MailBudget::ALL.into_iter().zip(self.budgets);
        limits.find(|(known, _)| *known == budget).map_or(MailLimit { hour: LEAST, day: LEAST }, |(_, limit)| limit)
    }

    /// Length of the longest window of a class, in seconds.
    pub fn longest_window(&self) -> i64 {
        self.classes.iter().map(|limit| limit.window).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_and_budget_needs_a_limit() {
        let names: Vec<&str> = Limits::names().collect();
        let pairs = |missing: Option<&str>| {
            let kept = names.iter().filter(|name| Some(**name) != missing);
            kept.map(|name| format!("{name}=3/3600")).collect::<Vec<_>>().join(",")
        };
        let limits = Limits::parse(&pairs(None)).unwrap();
        assert_eq!(limits.of(RateLimitClass::Reset), Limit { requests: 3, window: 3600 });
        assert_eq!(limits.of_mail(MailBudget::Code).day, Limit { requests: 3, window: 3600 });
        assert_eq!(limits.longest_window(), 3600);
        for name in &names {
            assert!(Limits::parse(&pairs(Some(name))).unwrap_err().to_string().ends_with(name));
        }
        assert!(Limits::parse(&pairs(None).replace("auth=3", "auth=0")).is_err());
    }

    #[test]
    fn the_previous_window_leaves_less_room_the_more_of_it_counts() {
        let ten = Limit { requests: 10, window: 3600 };
        assert_eq!(ten.room_beside(0, 3600), 10);
        assert_eq!(ten.room_beside(10, 3600), 0);
        assert_eq!(ten.room_beside(10, 1800), 5);
        assert_eq!(ten.room_beside(10, 1), 9, "rounded down");
        assert_eq!(ten.room_beside(30, 3600), 0, "a limit that was lowered");
        assert_eq!(ten.wait(10, 0, 1800), 1800 + 360, "a tenth of the next window later, nine count");
    }
}
