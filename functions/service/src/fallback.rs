//! Every request that no route takes: 405 where the path has other methods, else 404.

use shared::http::routes::methods_of;
use shared::http::{ApiError, App, ErrorCode, Reply, Request};

/// Never answers well.
///
/// # Errors
/// 404 `Route not found`, or 405 with `Allow`.
pub async fn handle(_app: &App, request: &mut Request<'_>) -> Result<Reply, ApiError> {
    let methods = methods_of(request.path());
    if methods.is_empty() {
        return Err(ApiError::new(ErrorCode::RouteNotFound));
    }
    Err(ApiError::new(ErrorCode::MethodNotAllowed).with_header("allow", methods.join(", ")))
}
