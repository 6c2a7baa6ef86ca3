//! `GET /api/auth/google`: sends the browser to Google.

use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Reply, Request};

use crate::oidc::Provider;
use crate::oidc_flow::VALID;

/// Answers 302 to the provider, with the cookie that the way back needs; 302 to the app's login page when the
/// provider cannot be reached.
///
/// # Errors
/// The limiter's.
pub async fn handle(provider: &Provider, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let (begun, permit) = futures::join!(provider.begin(request.now()), request.permit());
    permit?;
    match begun {
        Ok((location, flow)) => {
            let sealed = flow.seal(&*app.keyring().await?);
            Ok(Reply::redirect(location).cookie(SetCookie::oidc_flow(&app.http, &sealed, VALID)))
        }
        Err(error) => {
            tracing::error!(%error, "google.out_of_reach");
            Ok(failed(app))
        }
    }
}

/// Where every failed sign-in with Google ends.
pub(crate) fn failed(app: &App) -> Reply {
    let location = format!("{}/login?error=google_auth_failed", app.config.frontend_url);
    Reply::redirect(location).cookie(SetCookie::clear(&app.http, CookieName::OidcFlow)).counted_as_failure()
}
