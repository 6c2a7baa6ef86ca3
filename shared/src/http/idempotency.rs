//! `Idempotency-Key`: a request that creates can be sent again, and creates once.
//!
//! The key and what was asked for are kept as keyed hashes: a body may hold a password. See
//! [`crate::store::idempotency`] for how the first answer is kept.

use aws_lambda_events::http::HeaderValue;

use super::error::{ApiError, ErrorCode};
use super::reply::Reply;
use super::request::Request;
use super::{App, Permit};
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::domain::field::FieldError;
use crate::store::WriteError;
use crate::store::idempotency::Once;

/// The header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Most characters of a key.
pub const KEY_MAX: usize = 255;

impl Request<'_> {
    /// Writes with `write`, and answers with `reply`. Where the request has an `Idempotency-Key` that its caller used on this
    /// route within a day, nothing is written and the first answer is given again. No further call.
    ///
    /// # Errors
    /// 400 for a bad key, 422 when the key was used for something else, and those of `write`.
    pub async fn create_once(
        &self,
        app: &App,
        reply: Reply,
        write: impl AsyncFnOnce(&Permit) -> Result<(), WriteError>,
    ) -> Result<Reply, ApiError> {
        let body = self.canonical_body()?;
        self.create_once_of(app, &body, reply, write).await
    }

    /// The same for a body that is spelled anew each time it is sent: `asked` is what it means.
    ///
    /// # Errors
    /// As [`Self::create_once`].
    pub async fn create_once_of(
        &self,
        app: &App,
        asked: &[u8],
        reply: Reply,
        write: impl AsyncFnOnce(&Permit) -> Result<(), WriteError>,
    ) -> Result<Reply, ApiError> {
        let once = match self.idempotency_key()? {
            Some(key) => Some(self.once(&*app.keyring().await?, key, asked, &reply)),
            None => None,
        };
        let mut permit = self.permit().await?;
        if let Some(once) = &once {
            permit = permit.for_once(once.clone());
        }
        match (write(&permit).await, once) {
            (Err(WriteError::Repeated(first)), Some(once)) if first.request == once.request => Reply::again(*first),
            (Err(WriteError::Repeated(_)), _) => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
            (written, _) => {
                written?;
                Ok(reply)
            }
        }
    }

    fn idempotency_key(&self) -> Result<Option<&str>, ApiError> {
        let Some(value) = self.event.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(None);
        };
        read_key(value).map(Some).map_err(|error| vec![error].into())
    }

    fn once(&self, keyring: &Keyring, key: &str, asked: &[u8], reply: &Reply) -> Once {
        let tag = |parts: &[&[u8]]| {
            // Each part's length stands before it, so that no two lists of parts are the same text.
            let framed = parts.iter().flat_map(|part| [&part.len().to_be_bytes()[..], part].concat());
            hex(&keyring.lasting_tag(Purpose::Idempotency, &framed.collect::<Vec<u8>>()))
        };
        let of_path = self.event.path_parameters.get("id").map(String::as_str).unwrap_or_default();
        let header =
            |name: &str| reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        Once {
            key: tag(&[self.function.as_bytes(), key.as_bytes()]),
            request: tag(&[of_path.as_bytes(), asked]),
            at: self.now(),
            status: reply.status,
            body: reply.body.to_string(),
            etag: header("etag"),
            location: header("location"),
        }
    }
}

fn read_key(value: &HeaderValue) -> Result<&str, FieldError> {
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    text.filter(|text| !text.is_empty() && text.len() <= KEY_MAX).ok_or_else(|| {
        FieldError::new("Idempotency-Key", format!("Idempotency-Key must be 1 to {KEY_MAX} printable ASCII characters"))
    })
}

impl Reply {
    /// A first answer, given again.
    fn again(first: Once) -> Result<Self, ApiError> {
        let body = serde_json::from_str(&first.body).map_err(ApiError::internal)?;
        let headers = [("etag", first.etag), ("location", first.location)];
        let present = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Ok(present.fold(Self::bare(first.status, body), |reply, (name, value)| reply.header(name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_up_to_255_printable_ascii_characters() {
        for good in ["a", "0190b6a6-0000-7000-8000-000000000000", "with space ~!", &"k".repeat(KEY_MAX)] {
            assert_eq!(read_key(&HeaderValue::from_str(good).unwrap()).unwrap(), good);
        }
        for bad in [&b""[..], b"tab\there", "ü".as_bytes(), &[b'k'; KEY_MAX + 1]] {
            assert!(read_key(&HeaderValue::from_bytes(bad).unwrap()).is_err(), "{bad:?}");
        }
    }
}
