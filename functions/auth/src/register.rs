//! `POST /api/auth/register`: a new account with a password, and the mail that verifies its address.

use serde::Serialize;
use shared::auth::password;
use shared::domain::email::Email;
use shared::domain::field::Fields;
use shared::domain::password::Password;
use shared::domain::user::{PersonName, User};
use shared::http::{ApiError, App, Reply, Request};
use shared::id::UserId;

use crate::verification;

struct NewUser {
    name: PersonName,
    email: Email,
    password: Password,
}

impl NewUser {
    fn read(fields: &mut Fields, app: &App) -> Option<Self> {
        let name = fields.required("name", "Name");
        let email = fields.required("email", "Email");
        let password = Password::read_new(fields, "password", "Password", app.http.password_min_length);
        Some(Self { name: name?, email: email?, password: password? })
    }
}

#[derive(Serialize)]
struct UserOut<'a> {
    id: UserId,
    name: &'a PersonName,
    email: &'a Email,
}

/// Answers 201 with the user.
///
/// # Errors
/// 400 for bad fields, 400 `User already exists`, and those of [`Request::create_once`].
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let new = request.body(|fields| NewUser::read(fields, app))?;
    // Nothing is hashed for a client that the limiter refuses.
    request.permit().await?;
    let hash = password::hash(&new.password).map_err(ApiError::internal)?;
    let user = User::register(new.name, new.email, hash, app.http.default_zone.clone(), request.now());
    let keyring = app.keyring().await?;
    let (mail, token) = verification(&keyring, user.id, request.now())?;
    let out = UserOut { id: user.id, name: &user.name, email: &user.email };
    let reply = Reply::created("User registered successfully", serde_json::json!({ "user": out }));
    request.create_once(app, reply, async |permit| app.store.register(permit, &user, &mail, &token).await).await
}
