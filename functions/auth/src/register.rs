//! `POST /api/auth/register`

use serde::Serialize;
use shared::auth::mailbox::mailbox_tag;
use shared::auth::password;
use shared::domain::email::Email;
use shared::domain::password::NewPassword;
use shared::domain::user::{PersonName, User};
use shared::http::{ApiError, App, Created, ErrorCode, Operation, Request, WithHead};
use shared::id::UserId;
use shared::limits::RateLimitClass;

use crate::mailed_token::verification;

shared::body! {
    pub struct NewAccount {
        /// How mails address the user.
        name: PersonName = required "name",
        email: Email = required "email",
        /// New passwords need a lower-case letter, an upper-case letter and a digit.
        password: NewPassword = required "password",
    }
}

/// The new user.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Registered {
    user: NewUser,
}

/// A user who has just registered.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewUser"))]
pub struct NewUser {
    id: UserId,
    name: PersonName,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    email: Email,
}

pub const OPERATION: Operation<NewAccount, Created<Registered>> =
    Operation::post("/api/auth/register", "Create an account, and mail a token that verifies its email address")
        .describe(
            "The account can be used at once. The mailed token verifies the address within 24 hours; until then \
             only a few reminder emails are sent to it. The password needs a lower-case letter, an upper-case \
             letter and a digit, and must not be a well-known one.",
        )
        .anyone()
        .limit(RateLimitClass::Auth)
        .limit(RateLimitClass::Register)
        .counted_by_address()
        .idempotent()
        .errors(&[ErrorCode::UserExists]);

pub async fn handle(app: &App, request: &Request<'_, NewAccount>) -> Result<Created<Registered>, ApiError> {
    let NewAccount { name, email, password } = request.body(app)?;
    password.check_owner("password", "Password", &name, &email)?;
    let NewPassword(password) = password;
    // Wait for the rate limiter before the hash, which is expensive.
    request.permit().await?;
    let hash = password::hash(&password).map_err(ApiError::internal)?;
    let keyring = app.keyring().await?;
    let mailbox = Some(mailbox_tag(&keyring, &email));
    let zone = app.http.default_zone.clone();
    let user = User { mailbox, ..User::register(name, email, hash, zone, request.now()) };
    let (mail, token) = verification(&keyring, user.id, request.now())?;
    let mail = app.addressed(mail, &user.email, user.address_state()).await?;
    let new_user = NewUser { id: user.id, name: user.name.clone(), email: user.email.clone() };
    let answer = Created::new("User registered successfully", Registered { user: new_user })
        .counted_in(RateLimitClass::Register);
    request.answer_once(app, answer, async |permit| app.store.register(permit, &user, &mail, &token).await).await
}
