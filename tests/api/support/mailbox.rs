//! The mailbox of the local cloud: every mail that was sent.

use serde_json::Value;

use super::{FRONTEND, eventually, text};

/// A mail as it arrived.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// All mails.
pub(crate) struct Mailbox {
    http: reqwest::Client,
    url: String,
}

impl Mailbox {
    /// `url` is that of the messages, with or without a query.
    pub(super) fn new(http: reqwest::Client, url: &str) -> Self {
        let (url, _) = url.split_once('?').unwrap_or((url, ""));
        Self { http, url: url.to_owned() }
    }

    /// Every mail to an address, newest first.
    pub(crate) async fn messages(&self, to: &str) -> Vec<Mail> {
        let response = self.http.get(format!("{}?to={to}", self.url)).send().await.expect("the mailbox answers");
        assert_eq!(response.status().as_u16(), 200, "the mailbox answers");
        let messages: Vec<Value> = response.json().await.expect("the mailbox answers with a list");
        messages.iter().map(Mail::read).collect()
    }

    /// Every mail to an address whose subject is this one.
    pub(crate) async fn about(&self, to: &str, subject: &str) -> Vec<Mail> {
        let mut messages = self.messages(to).await;
        messages.retain(|mail| mail.subject == subject);
        messages
    }

    /// Waits for a mail of this subject.
    pub(crate) async fn wait_for(&self, to: &str, subject: &str) -> Mail {
        eventually(&format!("a mail {subject:?} arrives at {to}"), async || self.about(to, subject).await.pop()).await
    }

    /// Waits for a mail whose text holds this.
    pub(crate) async fn wait_for_text(&self, to: &str, part: &str) -> Mail {
        eventually(&format!("a mail with {part:?} arrives at {to}"), async || {
            self.messages(to).await.into_iter().find(|mail| mail.text.contains(part))
        })
        .await
    }

    /// Waits for the token of a verification mail that has another one than `known`.
    pub(crate) async fn verification_token(&self, to: &str, known: &[&str]) -> String {
        eventually(&format!("a new verification mail arrives at {to}"), async || {
            let tokens = self.verification_tokens(to).await;
            tokens.into_iter().find(|token| !known.contains(&token.as_str()))
        })
        .await
    }

    /// The tokens of all verification mails to an address, newest first.
    pub(crate) async fn verification_tokens(&self, to: &str) -> Vec<String> {
        self.messages(to).await.iter().filter_map(Mail::verification_token).collect()
    }

    /// Waits for the token of a reset mail that has another one than `known`.
    pub(crate) async fn reset_token(&self, to: &str, known: &[&str]) -> String {
        eventually(&format!("a new reset mail arrives at {to}"), async || {
            let tokens = self.reset_tokens(to).await;
            tokens.into_iter().find(|token| !known.contains(&token.as_str()))
        })
        .await
    }

    /// The tokens of all reset mails to an address, newest first.
    pub(crate) async fn reset_tokens(&self, to: &str) -> Vec<String> {
        self.messages(to).await.iter().filter_map(Mail::reset_token).collect()
    }

    /// Waits until more than `seen` login codes have arrived; the newest.
    pub(crate) async fn login_code(&self, to: &str, seen: usize) -> String {
        eventually(&format!("login code {} arrives at {to}", seen + 1), async || {
            let codes = self.login_codes(to).await;
            if codes.len() > seen { codes.into_iter().next() } else { None }
        })
        .await
    }

    /// The codes of all logins of an address, newest first.
    pub(crate) async fn login_codes(&self, to: &str) -> Vec<String> {
        self.about(to, "Your Login OTP").await.iter().map(Mail::code).collect()
    }
}

impl Mail {
    fn read(message: &Value) -> Self {
        let field = |name| text(message, name).to_owned();
        Self {
            from: field("from"),
            to: field("to"),
            subject: field("subject"),
            text: field("text"),
            html: field("html"),
        }
    }

    /// The token in the link that verifies an address; `None` for a mail about something else.
    pub(crate) fn verification_token(&self) -> Option<String> {
        self.token_of(&format!("{FRONTEND}/verify-email?token="))
    }

    /// The token in the link that sets a new password; `None` for a mail about something else.
    pub(crate) fn reset_token(&self) -> Option<String> {
        self.token_of(&format!("{FRONTEND}/reset-password?token="))
    }

    /// The token at the end of a link that begins so.
    pub(crate) fn token_of(&self, link: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(link)?;
        Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect())
    }

    /// The login code: the one line of the text that is six digits.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let is_code = |line: &&str| line.len() == 6 && line.chars().all(|c| c.is_ascii_digit());
        let codes: Vec<&str> = self.text.lines().map(str::trim).filter(is_code).collect();
        assert_eq!(codes.len(), 1, "expected one line that is a code: {self:?}");
        codes[0].to_owned()
    }
}
