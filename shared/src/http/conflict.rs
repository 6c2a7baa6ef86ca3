//! Reading, changing and writing while others do the same.

use std::time::Duration;

use super::error::{ApiError, ErrorCode};

/// Tries, the first included.
const TRIES: u32 = 8;
/// The longest first pause; it doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Runs a read-and-write again while others change the same rows, each time after a longer, random pause.
///
/// # Errors
/// 409 when others never let it through; any other error at once.
pub async fn retry_conflicts<T>(attempt: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if error.code() == ErrorCode::Conflict => {
                tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
                pause *= 2;
            }
            other => return other,
        }
    }
    attempt().await
}
