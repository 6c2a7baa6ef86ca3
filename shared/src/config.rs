//! What a function is told by its environment. A missing or bad variable stops it at init, with the variable's name.

use std::collections::HashMap;
use std::num::NonZeroU8;
use std::str::FromStr;

use url::Url;

use crate::domain::zone::Zone;
use crate::http::limiter::{Limits, UnknownLimits};

/// A variable is missing or makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name}: {problem}")]
pub struct BadConfig {
    name: &'static str,
    problem: String,
}

/// Reads a variable that must be there.
///
/// # Errors
/// [`BadConfig`] when it is missing or empty.
pub fn required(name: &'static str) -> Result<String, BadConfig> {
    optional(name).ok_or_else(|| BadConfig { name, problem: "is missing".to_owned() })
}

/// Reads a variable that may be missing or empty.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a variable that must be there and of a type.
///
/// # Errors
/// [`BadConfig`] when it is missing or not of the type.
pub fn parsed<T: FromStr<Err: std::fmt::Display>>(name: &'static str) -> Result<T, BadConfig> {
    let text = required(name)?;
    text.parse().map_err(|error: T::Err| BadConfig { name, problem: error.to_string() })
}

/// How cookies travel between sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Within one site only, even on navigation.
    Strict,
    /// Within one site, and on navigation from others: the default.
    Lax,
    /// Anywhere; needs https.
    None,
}

impl FromStr for SameSite {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Strict" => Ok(Self::Strict),
            "Lax" => Ok(Self::Lax),
            "None" => Ok(Self::None),
            _ => Err("must be Strict, Lax or None"),
        }
    }
}

/// What every function knows.
#[derive(Clone, Debug)]
pub struct Config {
    /// The deployment: `local`, `dev`, `staging`, `production`.
    pub stage: String,
    /// The version that was deployed.
    pub version: String,
    /// The table.
    pub table: String,
    /// The secret with the keys; missing where a function needs none.
    pub secret_id: Option<String>,
    /// Where the app is, without a trailing slash.
    pub frontend_url: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first bad variable.
    pub fn from_env() -> Result<Self, BadConfig> {
        Ok(Self {
            stage: required("STAGE")?,
            version: required("APP_VERSION")?,
            table: required("TABLE_NAME")?,
            secret_id: optional("SECRET_ID"),
            frontend_url: url("FRONTEND_URL")?,
        })
    }
}

/// What a function that answers requests knows besides.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Origins whose pages may call the API with cookies.
    pub allowed_origins: Vec<String>,
    /// Where clients reach the API, without a trailing slash.
    pub public_url: String,
    /// Whether clients reach the API over https: then cookies are `Secure`.
    pub secure: bool,
    /// How cookies travel between sites.
    pub same_site: SameSite,
    /// The domain that cookies are for; `None` is this host only.
    pub cookie_domain: Option<String>,
    /// Fewest characters of a new password.
    pub password_min_length: NonZeroU8,
    /// The time zone of new users.
    pub default_zone: Zone,
    /// How many requests a client may make.
    pub limits: Limits,
}

impl HttpConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first bad variable.
    pub fn from_env() -> Result<Self, BadConfig> {
        let public_url = url("PUBLIC_URL")?;
        let secure = public_url.starts_with("https://");
        let same_site: SameSite = parsed("COOKIE_SAME_SITE")?;
        if same_site == SameSite::None && !secure {
            let problem = "None needs an https PUBLIC_URL".to_owned();
            return Err(BadConfig { name: "COOKIE_SAME_SITE", problem });
        }
        let origins = match optional("ALLOWED_ORIGINS") {
            Some(list) => list.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned()).collect(),
            None => vec![origin_of(&url("FRONTEND_URL")?)],
        };
        let zone = required("DEFAULT_TIMEZONE")?;
        let limits = required("RATE_LIMITS")?;
        Ok(Self {
            allowed_origins: origins,
            public_url,
            secure,
            same_site,
            cookie_domain: optional("COOKIE_DOMAIN"),
            password_min_length: parsed("PASSWORD_MIN_LENGTH")?,
            default_zone: Zone::parse(&zone)
                .map_err(|error| BadConfig { name: "DEFAULT_TIMEZONE", problem: error.to_string() })?,
            limits: Limits::parse(&limits)
                .map_err(|error: UnknownLimits| BadConfig { name: "RATE_LIMITS", problem: error.to_string() })?,
        })
    }
}

/// Reads a variable that must be an http or https URL; a trailing slash is cut off.
///
/// # Errors
/// [`BadConfig`] when it is missing or no such URL.
pub fn url(name: &'static str) -> Result<String, BadConfig> {
    let text = required(name)?;
    let url = Url::parse(&text).map_err(|error| BadConfig { name, problem: error.to_string() })?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(BadConfig { name, problem: "must be an http or https URL".to_owned() });
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn origin_of(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

/// `name=value` pairs between commas.
pub(crate) fn pairs(text: &str) -> HashMap<&str, &str> {
    text.split(',').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.trim(), value.trim())).collect()
}
