//! Retries with exponential back-off and full jitter.
//! <https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>

use std::time::Duration;

/// How often something is tried, and how long to wait between tries.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    tries_left: u32,
    pause: Duration,
    longest_pause: Duration,
}

/// Every try has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl Backoff {
    /// At most `tries` tries, the first included. The upper bound of the pause starts at `first_pause` and doubles up to
    /// `longest_pause`; each pause is a random part of it.
    pub const fn new(tries: u32, first_pause: Duration, longest_pause: Duration) -> Self {
        Self { tries_left: tries, pause: first_pause, longest_pause }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// [`Exhausted`], at once, when there is no next try.
    pub async fn pause(&mut self) -> Result<(), Exhausted> {
        self.next_try()?;
        tokio::time::sleep(self.pause.mul_f64(fastrand::f64())).await;
        self.pause = (self.pause * 2).min(self.longest_pause);
        Ok(())
    }

    /// Starts the next try without a pause.
    ///
    /// # Errors
    /// [`Exhausted`] when there is no next try.
    pub fn next_try(&mut self) -> Result<(), Exhausted> {
        self.tries_left = self.tries_left.saturating_sub(1);
        if self.tries_left == 0 { Err(Exhausted) } else { Ok(()) }
    }
}

/// Repeats `attempt` while it fails with an error that `is_transient`.
///
/// # Errors
/// Any other error at once, and the last one when every try has been used.
pub async fn retry<T, E>(
    mut backoff: Backoff,
    is_transient: impl Fn(&E) -> bool,
    attempt: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    loop {
        match attempt().await {
            Err(error) if is_transient(&error) => {
                if backoff.pause().await.is_err() {
                    return Err(error);
                }
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    async fn tries_until(
        backoff: Backoff,
        fails: impl Fn(u32) -> Option<&'static str>,
    ) -> (Result<(), &'static str>, u32) {
        let tries = Cell::new(0);
        let outcome = retry(
            backoff,
            |error| *error == "busy",
            async || {
                tries.set(tries.get() + 1);
                fails(tries.get()).map_or(Ok(()), Err)
            },
        )
        .await;
        (outcome, tries.get())
    }

    #[tokio::test]
    async fn a_transient_error_is_retried_until_success_or_the_last_try() {
        let backoff = Backoff::new(4, MOMENT, MOMENT * 2);
        assert_eq!(tries_until(backoff, |n| (n < 3).then_some("busy")).await, (Ok(()), 3));
        assert_eq!(tries_until(backoff, |_| Some("busy")).await, (Err("busy"), 4));
    }

    #[tokio::test]
    async fn any_other_error_is_returned_at_once() {
        assert_eq!(tries_until(Backoff::new(4, MOMENT, MOMENT), |_| Some("broken")).await, (Err("broken"), 1));
    }
}
