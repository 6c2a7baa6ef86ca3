//! Sending mail by SES v2.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use super::{CallFailed, http_client};
use crate::domain::email::Email;
use crate::id::{MailId, UserId};

/// A mail, ready to go.
#[derive(Debug)]
pub struct Rendered {
    /// The subject, one line.
    pub subject: String,
    /// For clients that show HTML.
    pub html: String,
    /// For all others.
    pub text: String,
    /// Further headers, name and value.
    pub headers: Vec<(&'static str, String)>,
}

/// The tags that SES puts into its events: whose mail, and which.
pub const USER_TAG: &str = "user";
/// See [`USER_TAG`].
pub const MAIL_TAG: &str = "mail";

/// How long SES may take. Less than the function may.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long a connection to SES may have been idle to be used again. Lambda freezes an environment between its calls, and
/// the other end may have closed the connection when it wakes: nothing tells whether a mail that was written to it has left.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A mail did not leave, as far as is known.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// SES takes no more just now: it has not left.
    #[error("throttled: {0}")]
    Throttled(CallFailed),
    /// SES refused it: it has not left.
    #[error("refused: {0}")]
    Refused(CallFailed),
    /// SES did not answer in time, or the connection broke: it may have left.
    #[error("no answer: {0}")]
    Unknown(CallFailed),
}

/// The sender of every mail: an address, or a display name and an address, as the header `From` writes them (RFC 5322 §3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromHeader(String);

impl FromStr for FromHeader {
    type Err = &'static str;

    /// Reads `no-reply@example.com` or `Spacedly <no-reply@example.com>`. A name that needs quotation marks gets them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "must be an address, or a name and an address in angle brackets, in ASCII";
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            Some((name, address)) => (Some(name.trim()), address),
            None => (None, text),
        };
        // As it was configured: the permission to send names the very same text.
        if !address.is_ascii() || Email::parse(address).is_err() || address != address.trim() {
            return Err(EXPECTED);
        }
        let Some(name) = name else { return Ok(Self(address.to_owned())) };
        let is_allowed = |c: char| c == ' ' || c.is_ascii_graphic() && !"\"\\<>@".contains(c);
        if name.is_empty() || !name.chars().all(is_allowed) {
            return Err(EXPECTED);
        }
        let is_atom = |c: char| c == ' ' || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let name = if name.chars().all(is_atom) { name.to_owned() } else { format!("\"{name}\"") };
        Ok(Self(format!("{name} <{address}>")))
    }
}

impl fmt::Display for FromHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The way out.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: FromHeader,
    configuration_set: String,
}

impl Mailer {
    /// A mailer that sends as `from` with a configuration set, and gives SES 12 seconds to answer.
    pub fn new(sdk: &SdkConfig, from: FromHeader, configuration_set: String) -> Self {
        Self::with_limits(sdk, from, configuration_set, PATIENCE, KEEP_ALIVE)
    }

    /// A mailer that gives SES `patience` to answer, and uses a connection again that was idle for less than `keep_alive`.
    pub fn with_limits(
        sdk: &SdkConfig,
        from: FromHeader,
        configuration_set: String,
        patience: Duration,
        keep_alive: Duration,
    ) -> Self {
        // SES knows no idempotency token: a call that is made again sends again. The queue's retries, which first
        // look whether the mail has left, are the only ones.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience).build();
        let region = sdk.region().map_or("", AsRef::as_ref);
        let config = Builder::from(sdk)
            .http_client(http_client(region, sdk.endpoint_url(), keep_alive))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(config), from, configuration_set }
    }

    /// Hands a mail to SES.
    ///
    /// # Errors
    /// [`NotSent::Throttled`] when SES takes no more just now, [`NotSent::Refused`] when it did not take this one,
    /// [`NotSent::Unknown`] when its answer was lost.
    pub async fn send(&self, to: &Email, mail: Rendered, (user, id): (UserId, MailId)) -> Result<(), NotSent> {
        const OPERATION: &str = "SendEmail";
        let malformed =
            |detail: String| NotSent::Refused(CallFailed { operation: OPERATION, code: "none".to_owned(), detail });
        let content = |text: String| {
            Content::builder().charset("UTF-8").data(text).build().map_err(|error| malformed(error.to_string()))
        };
        let tag = |name: &str, value: String| {
            MessageTag::builder().name(name).value(value).build().map_err(|error| malformed(error.to_string()))
        };
        let headers: Vec<MessageHeader> = mail
            .headers
            .into_iter()
            .map(|(name, value)| MessageHeader::builder().name(name).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(|error| malformed(error.to_string()))?;
        let body = Body::builder().html(content(mail.html)?).text(content(mail.text)?).build();
        let message = Message::builder()
            .subject(content(mail.subject)?)
            .body(body)
            .set_headers(Some(headers).filter(|headers| !headers.is_empty()))
            .build();
        self.client
            .send_email()
            .from_email_address(self.from.to_string())
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .content(EmailContent::builder().simple(message).build())
            .configuration_set_name(&self.configuration_set)
            .email_tags(tag(USER_TAG, user.to_string())?)
            .email_tags(tag(MAIL_TAG, id.to_string())?)
            .send()
            .await
            .map_err(|error| {
                let failure = CallFailed::new(OPERATION, &error);
                let is_quota = failure.detail.to_ascii_lowercase().contains("quota exceeded");
                let failure = CallFailed { detail: without_addresses(&failure.detail), ..failure };
                match error.as_service_error() {
                    Some(SendEmailError::TooManyRequestsException(_) | SendEmailError::LimitExceededException(_)) => {
                        NotSent::Throttled(failure)
                    }
                    // The daily quota, which frees itself within hours, under whatever code.
                    Some(_) if is_quota => NotSent::Throttled(failure),
                    Some(_) => NotSent::Refused(failure),
                    None => NotSent::Unknown(failure),
                }
            })?;
        Ok(())
    }
}

/// SES's words without the addresses in them: a log holds none. The rest says what to mend, such as an identity that is not
/// verified or an action that is denied.
fn without_addresses(words: &str) -> String {
    let is_around = |c: char| c.is_whitespace() || "<>()[]{}'\"`,;:/".contains(c);
    let redacted = |word: &str| if word.contains('@') { "(address)".to_owned() } else { word.to_owned() };
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((at, separator)) = rest.char_indices().find(|(_, c)| is_around(*c)) {
        let (word, behind) = rest.split_at(at);
        out.push_str(&redacted(word));
        out.push(separator);
        rest = behind.strip_prefix(separator).unwrap_or_default();
    }
    out + &redacted(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ses_says_is_kept_without_addresses() {
        for (words, kept) in [
            (
                "Email address is not verified. The following identities failed the check in region EU-WEST-1: Asha <asha+x@example.com>, b@example.com",
                "Email address is not verified. The following identities failed the check in region EU-WEST-1: Asha <(address)>, (address)",
            ),
            (
                "User `arn:aws:sts::1:assumed-role/r/f' is not authorized to perform `ses:SendEmail' on resource \
                `arn:aws:ses:eu-west-1:1:identity/asha@example.com'",
                "User `arn:aws:sts::1:assumed-role/r/f' is not authorized to perform `ses:SendEmail' on resource \
                `arn:aws:ses:eu-west-1:1:identity/(address)'",
            ),
            ("Daily message quota exceeded.", "Daily message quota exceeded."),
            ("", ""),
        ] {
            assert_eq!(without_addresses(words), kept);
        }
    }

    #[test]
    fn a_sender_is_an_address_with_a_name_or_without() {
        for (configured, header) in [
            ("no-reply@example.com", "no-reply@example.com"),
            ("Spacedly <no-reply@example.com>", "Spacedly <no-reply@example.com>"),
            ("Spacedly<No-Reply@example.com>", "Spacedly <No-Reply@example.com>"),
            ("The Spacedly Team <no-reply@example.com>", "The Spacedly Team <no-reply@example.com>"),
            ("Spacedly, Inc. <no-reply@example.com>", "\"Spacedly, Inc.\" <no-reply@example.com>"),
            ("=?UTF-8?B?U3DDpGNlZGx5?= <a@example.com>", "=?UTF-8?B?U3DDpGNlZGx5?= <a@example.com>"),
        ] {
            assert_eq!(configured.parse::<FromHeader>().unwrap().to_string(), header, "{configured}");
        }
        for bad in [
            "",
            "Spacedly",
            "<no-reply@example.com>",
            "Spacedly <no-reply@example.com",
            "Spacedly <a@example.com> <b@example.com>",
            "\"Spacedly\" <a@example.com>",
            "Späcedly <a@example.com>",
            "a@bücher.example",
            "Spacedly\r\nBcc: b@example.com <a@example.com>",
            "a@example.com, b@example.com",
        ] {
            assert!(bad.parse::<FromHeader>().is_err(), "{bad}");
        }
    }
}
