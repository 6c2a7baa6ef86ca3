//! `auth-issue-reset`: sends the mail that sets a new password, if there is such an account.

use shared::auth::mailed::MailedToken;
use shared::aws::queue::IssueReset;
use shared::aws::secrets::Secrets;
use shared::clock::Timestamp;
use shared::domain::mail::{Mail, MailContent};
use shared::events::Failure;
use shared::store::{Permit, Refusal, Store, WriteError};

/// Issues a reset once, however often the message comes.
///
/// # Errors
/// The table failed, or the key was taken out of the secret: the message comes again.
pub async fn handle(store: &Store, secrets: &Secrets, message: IssueReset, now: Timestamp) -> Result<(), Failure> {
    let IssueReset { email, seed, kid, mail_id } = message;
    let Some(user) = store.user_id_of(&email).await? else {
        return Ok(());
    };
    let token = MailedToken::derive(&*secrets.keyring_with(&kid).await, &kid, seed).ok_or("the token's key is gone")?;
    let mail = Mail { id: mail_id, ..Mail::new(user, MailContent::PasswordReset { seed, kid }, now) };
    match store.issue_reset(&Permit::of_system(), &mail, &token).await {
        Err(WriteError::Refused(refusal @ (Refusal::AlreadyDone | Refusal::AccountChanged))) => {
            tracing::info!(%mail_id, ?refusal, "reset.not_issued");
            Ok(())
        }
        issued => Ok(issued?),
    }
}
