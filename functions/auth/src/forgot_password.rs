//! `POST /api/auth/forgot-password`
//!
//! Only a message is queued, whether the account exists or not: the answer, its time and its cost are the same.

use std::time::Duration;

use aws_types::SdkConfig;
use shared::aws::queue::Queue;
use shared::config::{Variable, required};
use shared::domain::email::Email;
use shared::http::{ApiError, App, Done, Operation, Request, Resources, WithHead};
use shared::id::{MailId, TokenSeed};
use shared::limits::RateLimitClass;
use shared::messages::IssueReset;
use shared::runtime::Error;

shared::body! {
    pub struct ForgottenPassword {
        email: Email = required "email",
    }
}

/// The queue of `auth-issue-reset`.
#[derive(Debug)]
pub struct ResetQueue(pub Queue<IssueReset>);

impl Resources for ResetQueue {
    const VARIABLES: &'static [Variable] = &[Variable::ResetQueueUrl];

    fn from_environment(sdk: &SdkConfig) -> Result<Self, Error> {
        Ok(Self(Queue::new(sdk, required(Variable::ResetQueueUrl)?)))
    }
}

pub const OPERATION: Operation<ForgottenPassword, Done> =
    Operation::post("/api/auth/forgot-password", "Mail a link that resets the password, if the account exists")
        .describe(
            "Always returns 200, so that nobody learns which addresses have an account. The mailed token works \
             once, for one hour.",
        )
        .anyone()
        .limit(RateLimitClass::Reset)
        .counted_by_address();

pub async fn handle(
    app: &App,
    request: &Request<'_, ForgottenPassword>,
    ResetQueue(queue): &ResetQueue,
) -> Result<Done, ApiError> {
    let ForgottenPassword { email } = request.body(app)?;
    request.permit().await?;
    let kid = app.keyring().await?.current().to_owned();
    let message = IssueReset { email, seed: TokenSeed::new(), kid, mail_id: MailId::new() };
    queue.send(&message, Duration::ZERO).await.map_err(ApiError::unavailable)?;
    Ok(Done::message("If email exists, reset link has been sent").counted_in(RateLimitClass::Reset))
}
