//! `POST /api/auth/verify-email`
//!
//! The token proves that the mail was read. It does not prove that its reader wants the account: a stranger may have made
//! it, with the stranger's password. So the account's own session, or its password, has to come with it.

use shared::auth::mailed::PresentedToken;
use shared::auth::password;
use shared::domain::password::Password;
use shared::domain::user::User;
use shared::http::login_guard::Reservation;
use shared::http::password_attempt::PasswordAttempt;
use shared::http::{ApiError, App, Done, ErrorCode, Operation, Request};
use shared::id::UserId;
use shared::limits::RateLimitClass;

use crate::sign_in::SignInRequest;

shared::body! {
    pub struct EmailVerification {
        /// The value of `token` in the mailed link.
        token: PresentedToken = required "token",
        /// The account's password. Not needed with a session of the account.
        password: Option<Password> = optional "password",
    }
}

pub const OPERATION: Operation<EmailVerification, Done> =
    Operation::post("/api/auth/verify-email", "Verify the email address with the mailed token")
        .describe(
            "Besides the token, the request needs a session of the account or its `password`. The token works \
             once, for 24 hours.",
        )
        .anyone_or_signed_in()
        .limit(RateLimitClass::Verify)
        .errors(&[ErrorCode::InvalidToken, ErrorCode::SignInToVerify, ErrorCode::Unauthorized, ErrorCode::Conflict]);

pub async fn handle(app: &App, request: &Request<'_, EmailVerification>) -> Result<Done, ApiError> {
    let EmailVerification { token, password } = request.body(app)?;
    let user = app.store.user_of_verification(token.as_str(), request.now()).await?;
    let user = user.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken))?;
    let permit = &request.permit().await?;
    if request.caller().is_ok_and(|caller| caller.id == user) {
        // The write requires the session to be alive.
        app.store.verify_email(permit, user, token.as_str(), request.now()).await?;
    } else {
        let password = password.ok_or_else(|| ApiError::new(ErrorCode::SignInToVerify))?;
        let attempt = check_password(SignInRequest { app, request, permit }, user, &password).await?;
        let verified = app.store.verify_email(permit, user, token.as_str(), request.now()).await;
        attempt.give_back(app).await;
        verified?;
    }
    Ok(Done::message("Email verified successfully"))
}

/// A right password, which is still counted as a wrong one.
struct RightPassword {
    of_client: PasswordAttempt,
    of_account: Option<Reservation>,
}

impl RightPassword {
    async fn give_back(self, app: &App) {
        let of_account = async {
            if let Some(reservation) = &self.of_account {
                reservation.give_back(&app.store).await;
            }
        };
        futures::join!(self.of_client.give_back(&app.store), of_account);
    }
}

/// Checks the password as a login does: a wrong one counts for the client and for the account.
async fn check_password(
    sign_in: SignInRequest<'_>,
    user: UserId,
    password: &Password,
) -> Result<RightPassword, ApiError> {
    let SignInRequest { app, request, .. } = sign_in;
    let keyring = app.keyring().await?;
    let counted = PasswordAttempt::make(&app.store, &keyring, &app.http.limits, request.address(), request.now());
    let account = async { Ok(app.store.user(user).await?) };
    // A client that is refused must not use up the guesses at the account.
    let (of_client, account) = futures::try_join!(counted, account)?;
    let user: User = account.ok_or_else(|| ApiError::new(ErrorCode::InvalidToken))?;
    let verified = password::verify_beside(password, user.password_hash.as_ref());
    match futures::join!(sign_in.guard(&user.email, Some(&user)), verified) {
        (Ok(of_account), matches) => {
            let wrong = || ApiError::new(ErrorCode::SignInToVerify).with_message("Password is incorrect");
            let is_right = matches.map_err(ApiError::internal)?;
            is_right.then_some(RightPassword { of_client, of_account }).ok_or_else(wrong)
        }
        (Err(rejection), _) => {
            if rejection.code() == ErrorCode::TooManyRequests {
                sign_in.alert_owner(&user).await;
            }
            Err(rejection)
        }
    }
}
