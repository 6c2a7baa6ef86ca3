//! What each template shows. Field by field the same for HTML and plain text.

use askama::Template;

#[derive(Template)]
#[template(path = "verification.html")]
pub(super) struct VerificationHtml<'a> {
    pub(super) has_password: bool,
    pub(super) link: &'a str,
}

#[derive(Template)]
#[template(path = "verification.txt")]
pub(super) struct VerificationText<'a> {
    pub(super) has_password: bool,
    pub(super) link: &'a str,
}

#[derive(Template)]
#[template(path = "login_code.html")]
pub(super) struct LoginCodeHtml<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) code: &'a str,
    pub(super) until: &'a str,
}

#[derive(Template)]
#[template(path = "login_code.txt")]
pub(super) struct LoginCodeText<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) code: &'a str,
    pub(super) until: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.html")]
pub(super) struct PasswordResetHtml<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) link: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.txt")]
pub(super) struct PasswordResetText<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) link: &'a str,
}

#[derive(Template)]
#[template(path = "password_changed.html")]
pub(super) struct PasswordChangedHtml<'a> {
    pub(super) name: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "password_changed.txt")]
pub(super) struct PasswordChangedText<'a> {
    pub(super) name: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "two_factor.html")]
pub(super) struct TwoFactorHtml<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) is_on: bool,
}

#[derive(Template)]
#[template(path = "two_factor.txt")]
pub(super) struct TwoFactorText<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) is_on: bool,
}

#[derive(Template)]
#[template(path = "logins_blocked.html")]
pub(super) struct LoginsBlockedHtml<'a> {
    pub(super) name: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "logins_blocked.txt")]
pub(super) struct LoginsBlockedText<'a> {
    pub(super) name: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "google_linked.html")]
pub(super) struct GoogleLinkedHtml<'a> {
    pub(super) name: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "google_linked.txt")]
pub(super) struct GoogleLinkedText<'a> {
    pub(super) name: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "export_ready.html")]
pub(super) struct ExportReadyHtml<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) link: &'a str,
    pub(super) until: &'a str,
}

#[derive(Template)]
#[template(path = "export_ready.txt")]
pub(super) struct ExportReadyText<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) link: &'a str,
    pub(super) until: &'a str,
}

#[derive(Template)]
#[template(path = "token_theft.html")]
pub(super) struct TokenTheftHtml<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) device: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "token_theft.txt")]
pub(super) struct TokenTheftText<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) device: Option<&'a str>,
}

/// A button of a reminder's mail: it opens the page of the mail's link, which has it too.
pub(super) struct MailButton {
    pub(super) label: &'static str,
    pub(super) link: String,
    /// Whether it is the one that most readers want.
    pub(super) is_main: bool,
}

/// What both templates of a reminder's mail show.
#[derive(Clone, Copy)]
pub(super) struct HourBefore<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) title: &'a str,
    /// `Due in 10 minutes`.
    pub(super) heading: &'a str,
    /// The same within a sentence.
    pub(super) remaining: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) due: &'a str,
    pub(super) priority: &'a str,
    pub(super) color: &'a str,
    pub(super) category: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    /// None in mails to an address that is not verified.
    pub(super) buttons: &'a [MailButton],
    pub(super) link: &'a str,
    pub(super) unsubscribe: &'a str,
}

#[derive(Template)]
#[template(path = "hour_before.html")]
pub(super) struct HourBeforeHtml<'a> {
    pub(super) mail: HourBefore<'a>,
}

#[derive(Template)]
#[template(path = "hour_before.txt")]
pub(super) struct HourBeforeText<'a> {
    pub(super) mail: HourBefore<'a>,
}

/// What both templates of the digest show.
#[derive(Clone, Copy)]
pub(super) struct DigestMail<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) sentence: &'a str,
    pub(super) day: &'a str,
    pub(super) tasks: &'a [Listed],
    pub(super) unlisted: usize,
    pub(super) link: &'a str,
    pub(super) unsubscribe: &'a str,
}

/// A task in a digest.
pub(super) struct Listed {
    pub(super) title: String,
    pub(super) time: String,
    pub(super) priority: &'static str,
    pub(super) color: &'static str,
    pub(super) category: Option<String>,
}

#[derive(Template)]
#[template(path = "digest.html")]
pub(super) struct DigestHtml<'a> {
    pub(super) mail: DigestMail<'a>,
}

#[derive(Template)]
#[template(path = "digest.txt")]
pub(super) struct DigestText<'a> {
    pub(super) mail: DigestMail<'a>,
}
