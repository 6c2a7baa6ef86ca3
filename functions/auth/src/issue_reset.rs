//! `auth-issue-reset`: mails the link that resets a password, if the account exists.

use shared::auth::mailbox::mailbox_tag;
use shared::auth::mailed::MailedToken;
use shared::auth::secrets::Secrets;
use shared::aws::secrets::SecretText;
use shared::clock::Timestamp;
use shared::config::{Variable, limits, required};
use shared::domain::mail::{AddressState, Mail, MailContent};
use shared::events::{Environment, Failure, Message, QueueFunction};
use shared::limits::Limits;
use shared::messages::IssueReset;
use shared::runtime::Error;
use shared::store::mailboxes::AddressedMail;
use shared::store::mailed_tokens::ResetRefusal;
use shared::store::{Permit, Store, WriteError};

/// What the function works with.
#[derive(Debug)]
pub struct ResetIssuer {
    /// The table.
    pub store: Store,
    /// The permit to write.
    pub permit: Permit,
    /// The keys that tokens are derived from.
    pub secrets: Secrets,
    /// The limits of mail.
    pub limits: Limits,
}

impl QueueFunction for ResetIssuer {
    type Message = IssueReset;

    async fn start(environment: Environment) -> Result<Self, Error> {
        let secrets = Secrets::load(SecretText::new(&environment.sdk, required(Variable::SecretId)?)).await?;
        Ok(Self { store: environment.store, permit: environment.permit, secrets, limits: limits()? })
    }

    /// Issues one reset, however often the message is delivered.
    async fn handle(&self, message: Message<IssueReset>, now: Timestamp) -> Result<(), Failure> {
        let IssueReset { email, seed, kid, mail_id } = message.body;
        let Some(user) = self.store.user_id_of(&email).await? else {
            return Ok(());
        };
        let keyring = self.secrets.keyring_with(&kid).await;
        let token = MailedToken::derive(&keyring, &kid, seed).ok_or("the token's key is gone")?;
        let mail = Mail { id: mail_id, ..Mail::new(user, MailContent::PasswordReset { seed, kid }, now) };
        let mail = AddressedMail::new(mail, mailbox_tag(&keyring, &email), AddressState::Unverified, &self.limits);
        match self.store.issue_reset(&self.permit, &mail, &token).await {
            Err(WriteError::Refused(refusal @ (ResetRefusal::AlreadyIssued | ResetRefusal::NoAccount))) => {
                tracing::info!(%mail_id, ?refusal, "reset.not_issued");
                Ok(())
            }
            issued => Ok(issued?),
        }
    }
}
