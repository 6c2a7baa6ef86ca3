//! `GET /api/auth/google`

use shared::domain::body::NoBody;
use shared::http::cookies::{CookieName, SetCookie};
use shared::http::{ApiError, App, Operation, Redirect, Request, WithHead};
use shared::limits::RateLimitClass;

use crate::oidc::Provider;
use crate::oidc_flow::VALID;

pub const OPERATION: Operation<NoBody, Redirect> =
    Operation::get("/api/auth/google", "Redirect to the sign-in at Google")
        .describe(
            "For browsers: navigate to this URL instead of fetching it. The user returns to the app with the \
             session's cookies.",
        )
        .anyone()
        .limit(RateLimitClass::Auth)
        .counted_by_address();

/// Redirects to the provider, or to the app's login page when the provider cannot be reached.
pub async fn handle(app: &App, request: &Request<'_>, provider: &Provider) -> Result<Redirect, ApiError> {
    // A client over its rate limit causes no call to the provider.
    if let Err(rejection) = request.permit().await {
        tracing::warn!(code = rejection.code().as_str(), "google.refused");
        return Ok(failed(app));
    }
    match provider.begin(&app.http.public_url, request.now()).await {
        Ok((location, flow)) => {
            let sealed = flow.seal(&*app.keyring().await?);
            Ok(Redirect::to(location).cookie(SetCookie::oidc_flow(&app.http, &sealed, VALID)))
        }
        Err(error) => {
            tracing::error!(%error, "google.out_of_reach");
            Ok(failed(app))
        }
    }
}

/// The answer to every failed sign-in with Google.
pub(crate) fn failed(app: &App) -> Redirect {
    let location = format!("{}/login?error=google_auth_failed", app.config.frontend_url);
    Redirect::to(location).cookie(SetCookie::clear(&app.http, CookieName::OidcFlow)).reports_failure()
}
