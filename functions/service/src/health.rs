//! `GET /health` and `GET /`: whether the service and what it depends on work. Not in the envelope; no secrets.

use serde_json::json;
use shared::http::{ApiError, App, Reply, Request};

/// Answers 200, or 503 when the table cannot be reached.
///
/// # Errors
/// None.
pub async fn handle(app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let uptime = app.started.elapsed().as_secs();
    let database = app.store.probe().await;
    if let Err(error) = &database {
        tracing::error!(%error, "health.table_out_of_reach");
    }
    let (status, word, check) = match database {
        Ok(()) => (200, "healthy", "up"),
        Err(_) => (503, "unhealthy", "down"),
    };
    let body = json!({
        "status": word,
        "timestamp": request.now(),
        "uptime": uptime,
        "environment": app.config.stage,
        "version": app.config.version,
        "checks": { "database": check },
    });
    Ok(Reply::bare(status, body))
}
