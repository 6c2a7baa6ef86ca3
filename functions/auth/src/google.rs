//! `GET /api/auth/google`: sends the browser to Google.

use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Reply, Request};

use crate::oidc::Provider;
use crate::oidc_flow::VALID;

/// Answers 302 to the provider, with the cookie that the way back needs; 302 to the app's login page when the
/// provider cannot be reached.
///
/// # Errors
/// The route has no keys.
pub async fn handle(provider: &Provider, app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    // Who is refused has nothing asked of the provider.
    if let Err(refusal) = request.permit().await {
        tracing::warn!(code = refusal.code().as_str(), "google.refused");
        return Ok(failed(app));
    }
    match provider.begin(request.now()).await {
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
