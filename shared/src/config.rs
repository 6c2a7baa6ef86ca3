//! Configuration from the environment. A missing or bad variable stops the function at init, with the variable's name.

use std::num::NonZeroU8;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::OnceLock;

use url::Url;

use crate::domain::zone::Zone;
use crate::limits::{InvalidLimits, Limits};

macro_rules! variables {
    ($($variant:ident = $name:literal,)+) => {
        /// An environment variable that the template gives to functions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Variable {
            $($variant,)+
        }

        impl Variable {
            /// Every variable.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The variable's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

variables! {
    AllowedOrigins = "ALLOWED_ORIGINS",
    AppVersion = "APP_VERSION",
    CleanupQueueUrl = "CLEANUP_QUEUE_URL",
    CodeMailQueueUrl = "CODE_MAIL_QUEUE_URL",
    CookieDomain = "COOKIE_DOMAIN",
    CookieSameSite = "COOKIE_SAME_SITE",
    DefaultTimezone = "DEFAULT_TIMEZONE",
    DigestQueueUrl = "DIGEST_QUEUE_URL",
    ExportQueueUrl = "EXPORT_QUEUE_URL",
    FrontendUrl = "FRONTEND_URL",
    LogLevel = "LOG_LEVEL",
    MailFrom = "MAIL_FROM",
    MailQueueUrl = "MAIL_QUEUE_URL",
    MaxPerUser = "MAX_PER_USER",
    MaxReceives = "MAX_RECEIVES",
    OidcIssuer = "OIDC_ISSUER",
    OidcSecretId = "OIDC_SECRET_ID",
    OverdueQueueUrl = "OVERDUE_QUEUE_URL",
    PasswordMinLength = "PASSWORD_MIN_LENGTH",
    PublicUrl = "PUBLIC_URL",
    RateLimits = "RATE_LIMITS",
    ReminderQueueArn = "REMINDER_QUEUE_ARN",
    ReminderQueueUrl = "REMINDER_QUEUE_URL",
    ResetQueueUrl = "RESET_QUEUE_URL",
    ScheduleGroup = "SCHEDULE_GROUP",
    SchedulerDlqArn = "SCHEDULER_DLQ_ARN",
    SchedulerRoleArn = "SCHEDULER_ROLE_ARN",
    SecretId = "SECRET_ID",
    SesConfigurationSet = "SES_CONFIGURATION_SET",
    Stage = "STAGE",
    SweepQueueUrl = "SWEEP_QUEUE_URL",
    TableName = "TABLE_NAME",
    UploadQueueUrl = "UPLOAD_QUEUE_URL",
    UploadsBucket = "UPLOADS_BUCKET",
    UserQuotaBytes = "USER_QUOTA_BYTES",
}

impl Variable {
    /// The variables that every function gets.
    pub const EVERY_FUNCTION: &'static [Self] = &[
        Self::Stage,
        Self::LogLevel,
        Self::TableName,
        Self::SecretId,
        Self::FrontendUrl,
        Self::PublicUrl,
        Self::AllowedOrigins,
        Self::CookieSameSite,
        Self::CookieDomain,
        Self::PasswordMinLength,
        Self::DefaultTimezone,
        Self::RateLimits,
    ];
}

/// A variable is missing or has a bad value.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name}: {problem}")]
pub struct BadConfig {
    name: &'static str,
    problem: String,
}

impl BadConfig {
    fn new(variable: Variable, problem: impl Into<String>) -> Self {
        Self { name: variable.name(), problem: problem.into() }
    }
}

/// Reads a variable that must be set.
///
/// # Errors
/// [`BadConfig`] when it is missing or empty.
pub fn required(variable: Variable) -> Result<String, BadConfig> {
    optional(variable).ok_or_else(|| BadConfig::new(variable, "is missing"))
}

/// Reads a variable that may be missing or empty.
pub fn optional(variable: Variable) -> Option<String> {
    lambda_variable(variable.name())
}

/// Reads a variable that Lambda sets, or an emulator in its place (`AWS_REGION`, `_HANDLER`).
pub(crate) fn lambda_variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a variable that Lambda always sets.
///
/// # Errors
/// [`BadConfig`] when it is missing or empty.
pub(crate) fn required_lambda_variable(name: &'static str) -> Result<String, BadConfig> {
    lambda_variable(name).ok_or_else(|| BadConfig { name, problem: "is missing".to_owned() })
}

/// Reads and parses a variable that must be set.
///
/// # Errors
/// [`BadConfig`] when it is missing or cannot be parsed.
pub fn parsed<T: FromStr<Err: std::fmt::Display>>(variable: Variable) -> Result<T, BadConfig> {
    let text = required(variable)?;
    text.parse().map_err(|error: T::Err| BadConfig::new(variable, error.to_string()))
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

/// Configuration of every function.
#[derive(Clone, Debug)]
pub struct Config {
    /// The deployment: `local`, `dev`, `staging`, `production`.
    pub stage: String,
    /// The table.
    pub table: String,
    /// The secret that holds the keys; not set for a function that needs none.
    pub secret_id: Option<String>,
    /// Base URL of the web app, without a trailing slash.
    pub frontend_url: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first bad variable.
    pub fn from_env() -> Result<Self, BadConfig> {
        Ok(Self {
            stage: required(Variable::Stage)?,
            table: required(Variable::TableName)?,
            secret_id: optional(Variable::SecretId),
            frontend_url: url(Variable::FrontendUrl)?,
        })
    }
}

/// Base URL of the API, without a trailing slash.
///
/// An API without a domain of its own has the address that API Gateway gives it. Its functions are deployed before it is
/// known, so they take it from the first request.
#[derive(Clone, Debug, Default)]
pub struct PublicUrl(OnceLock<String>);

impl PublicUrl {
    /// Takes the domain name that API Gateway received a request for. A URL that is known is kept.
    pub fn learn(&self, domain_name: &str) {
        self.0.get_or_init(|| format!("https://{domain_name}"));
    }
}

impl From<String> for PublicUrl {
    fn from(url: String) -> Self {
        Self(OnceLock::from(url))
    }
}

impl Deref for PublicUrl {
    type Target = str;

    /// Empty until a request was received, where none is configured.
    fn deref(&self) -> &str {
        self.0.get().map_or("", String::as_str)
    }
}

/// Further configuration of the functions that answer requests.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Origins whose pages may call the API with cookies.
    pub allowed_origins: Vec<String>,
    /// Base URL of the API.
    pub public_url: PublicUrl,
    /// Whether clients reach the API over https: then cookies are `Secure`.
    pub secure: bool,
    /// How cookies travel between sites.
    pub same_site: SameSite,
    /// The domain that cookies are for; `None` is this host only.
    pub cookie_domain: Option<String>,
    /// Minimum length of a new password, in characters.
    pub password_min_length: NonZeroU8,
    /// The time zone of new users.
    pub default_zone: Zone,
    /// Rate limits.
    pub limits: Limits,
}

impl HttpConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// The first bad variable.
    pub fn from_env() -> Result<Self, BadConfig> {
        let configured = optional(Variable::PublicUrl).map(|_| url(Variable::PublicUrl)).transpose()?;
        // API Gateway's own address, which is taken where none is configured, is one of https.
        let secure = configured.as_ref().is_none_or(|url| url.starts_with("https://"));
        let public_url = configured.map_or_else(PublicUrl::default, PublicUrl::from);
        let same_site: SameSite = parsed(Variable::CookieSameSite)?;
        if same_site == SameSite::None && !secure {
            return Err(BadConfig::new(Variable::CookieSameSite, "None needs an https PUBLIC_URL"));
        }
        let origins = match optional(Variable::AllowedOrigins) {
            Some(list) => list.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned()).collect(),
            None => vec![origin_of(&url(Variable::FrontendUrl)?)],
        };
        let zone = required(Variable::DefaultTimezone)?;
        Ok(Self {
            allowed_origins: origins,
            public_url,
            secure,
            same_site,
            cookie_domain: optional(Variable::CookieDomain),
            password_min_length: parsed(Variable::PasswordMinLength)?,
            default_zone: Zone::parse(&zone)
                .map_err(|error| BadConfig::new(Variable::DefaultTimezone, error.to_string()))?,
            limits: limits()?,
        })
    }
}

/// Reads the rate limits and the limits of mail.
///
/// # Errors
/// [`BadConfig`] when one is missing or bad.
pub fn limits() -> Result<Limits, BadConfig> {
    let text = required(Variable::RateLimits)?;
    Limits::parse(&text).map_err(|error: InvalidLimits| BadConfig::new(Variable::RateLimits, error.to_string()))
}

/// Reads a variable that must be an http or https URL; removes a trailing slash.
///
/// # Errors
/// [`BadConfig`] when it is missing or no such URL.
pub fn url(variable: Variable) -> Result<String, BadConfig> {
    let text = required(variable)?;
    let url = Url::parse(&text).map_err(|error| BadConfig::new(variable, error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(BadConfig::new(variable, "must be an http or https URL"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn origin_of(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}
