//! Reading, changing and writing rows that other requests change at the same time.

use std::time::Duration;

use super::error::{ApiError, ErrorCode};
use crate::backoff::{Backoff, retry};

/// Tries against others who change the same rows.
const BACKOFF: Backoff = Backoff::new(8, Duration::from_millis(10), Duration::from_millis(1280));

/// Repeats a read-and-write while it conflicts with other requests, after growing random pauses.
///
/// # Errors
/// 409 when every try conflicted; any other error at once.
pub async fn retry_conflicts<T>(attempt: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
    retry(BACKOFF, |error: &ApiError| error.code() == ErrorCode::Conflict, attempt).await
}
