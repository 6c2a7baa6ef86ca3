//! Sending mail by SES v2.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};

use aws_types::SdkConfig;

use super::CallFailed;
use crate::domain::user::Email;

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

/// The way out.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
    configuration_set: String,
}

impl Mailer {
    /// A mailer that sends as `from` with a configuration set.
    pub fn new(sdk: &SdkConfig, from: String, configuration_set: String) -> Self {
        Self { client: Client::new(sdk), from, configuration_set }
    }

    /// Hands a mail to SES.
    ///
    /// # Errors
    /// SES did not take it, or its answer was lost.
    pub async fn send(&self, to: &Email, mail: Rendered) -> Result<(), CallFailed> {
        const OPERATION: &str = "SendEmail";
        let malformed = |detail: String| CallFailed { operation: OPERATION, code: "none".to_owned(), detail };
        let content = |text: String| {
            Content::builder().charset("UTF-8").data(text).build().map_err(|error| malformed(error.to_string()))
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
            .send()
            .await
            .map_err(|error| CallFailed::new(OPERATION, &error))?;
        Ok(())
    }
}
