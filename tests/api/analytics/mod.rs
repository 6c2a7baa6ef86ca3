mod get;
mod streaks;

use jiff::tz::TimeZone;
use serde_json::json;

use crate::support::{App, User, now};

/// A new user for whom it is about noon, so that today does not end during a test.
async fn user_at_noon(app: &App) -> User {
    let user = app.user().await;
    let ahead = 12 - now().to_zoned(TimeZone::UTC).hour();
    // The sign of these names is the wrong way round on purpose: POSIX.
    let zone = if ahead == 0 { "Etc/UTC".to_owned() } else { format!("Etc/GMT{:+}", -ahead) };
    user.patch("/api/user/me", json!({"timezone": zone})).await.expect(200);
    user
}
