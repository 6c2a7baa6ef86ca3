//! Rate limits: their classes, what counts in each, and how many requests each allows in how long.

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
    /// Login codes mailed to one account that signs in from a known address. No route's class either.
    Code,
}

impl RateLimitClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
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
        Self::Code,
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
            Self::Code => "code",
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
            Self::Code => "mailed login codes",
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

/// The limits of all classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits([Limit; RateLimitClass::ALL.len()]);

/// A class has no limit, or one that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("must be class=requests/seconds, separated by commas, for every class; bad or missing: {0}")]
pub struct InvalidLimits(&'static str);

impl Limits {
    /// Parses `global=100/900,auth=5/900,…`: requests per seconds, every class once.
    ///
    /// # Errors
    /// [`InvalidLimits`] names the first class that is missing or bad.
    pub fn parse(text: &str) -> Result<Self, InvalidLimits> {
        let pairs: HashMap<&str, &str> = text.split(',').filter_map(|pair| pair.trim().split_once('=')).collect();
        let read = |class: RateLimitClass| {
            let (requests, window) = pairs.get(class.name())?.trim().split_once('/')?;
            let limit = Limit { requests: requests.parse().ok()?, window: window.parse().ok()? };
            (limit.requests > 0 && limit.window > 0).then_some(limit)
        };
        let mut limits = [Limit { requests: 1, window: 1 }; RateLimitClass::ALL.len()];
        for (class, limit) in RateLimitClass::ALL.into_iter().zip(&mut limits) {
            *limit = read(class).ok_or(InvalidLimits(class.name()))?;
        }
        Ok(Self(limits))
    }

    /// The limit of a class.
    pub fn of(&self, class: RateLimitClass) -> Limit {
        let limits = RateLimitClass::ALL.into_iter().zip(self.0);
        limits
            .into_iter()
            .find(|(known, _)| *known == class)
            .map_or(Limit { requests: 1, window: 1 }, |(_, limit)| limit)
    }

    /// Length of the longest window, in seconds.
    pub fn longest_window(&self) -> i64 {
        self.0.iter().map(|limit| limit.window).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_needs_a_limit() {
        let pairs = |missing: Option<RateLimitClass>| {
            let classes = RateLimitClass::ALL.into_iter().filter(|class| Some(*class) != missing);
            classes.map(|class| format!("{}=3/3600", class.name())).collect::<Vec<_>>().join(",")
        };
        let limits = Limits::parse(&pairs(None)).unwrap();
        assert_eq!(limits.of(RateLimitClass::Reset), Limit { requests: 3, window: 3600 });
        assert_eq!(limits.longest_window(), 3600);
        for class in RateLimitClass::ALL {
            assert!(Limits::parse(&pairs(Some(class))).unwrap_err().to_string().ends_with(class.name()));
        }
        assert!(Limits::parse(&pairs(None).replace("auth=3", "auth=0")).is_err());
    }
}
