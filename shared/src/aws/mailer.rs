//! Sending mail by SES v2.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use super::CallFailed;
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

/// The way out.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
    configuration_set: String,
}

impl Mailer {
    /// A mailer that sends as `from` with a configuration set, and gives SES 12 seconds to answer.
    pub fn new(sdk: &SdkConfig, from: String, configuration_set: String) -> Self {
        Self::with_patience(sdk, from, configuration_set, PATIENCE)
    }

    /// The same with another patience.
    pub fn with_patience(sdk: &SdkConfig, from: String, configuration_set: String, patience: Duration) -> Self {
        // SES knows no idempotency token: a call that is made again sends again. The queue's retries, which first
        // look whether the mail has left, are the only ones.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience).build();
        let config = Builder::from(sdk).retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
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
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .content(EmailContent::builder().simple(message).build())
            .configuration_set_name(&self.configuration_set)
            .email_tags(tag(USER_TAG, user.to_string())?)
            .email_tags(tag(MAIL_TAG, id.to_string())?)
            .send()
            .await
            .map_err(|error| {
                // SES's own words may name the addressee, who is not to be in a log.
                let failure =
                    CallFailed { detail: "its words are left out".to_owned(), ..CallFailed::new(OPERATION, &error) };
                match error.as_service_error() {
                    Some(SendEmailError::TooManyRequestsException(_)) => NotSent::Throttled(failure),
                    Some(_) => NotSent::Refused(failure),
                    None => NotSent::Unknown(failure),
                }
            })?;
        Ok(())
    }
}
