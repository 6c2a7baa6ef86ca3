//! `Idempotency-Key`: a request that creates, advances or snoozes something can be sent again, and does it once.
//!
//! The key and the body are kept as keyed hashes: a body may hold a password. See [`crate::store::idempotency`] for how
//! the first answer is kept.

use lambda_http::http::HeaderValue;
use serde::Serialize;
use serde_json::Value;

use super::answer::{Enveloped, WithHead};
use super::error::{ApiError, ErrorCode};
use super::request::RequestParts;
use super::{App, Permit};
use crate::auth::keyring::{Keyring, Purpose, hex};
use crate::clock::Timestamp;
use crate::domain::field::FieldError;
use crate::store::WriteError;
use crate::store::idempotency::{FirstAnswer, Once};

/// The header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Maximum length of a key, in characters.
pub const KEY_MAX: usize = 255;

/// What became of a write that happens once.
#[derive(Debug)]
pub enum Outcome {
    /// It happened now.
    Written,
    /// It happened before, for a request with the same key.
    Repeated {
        /// The answer to it.
        first: FirstAnswer,
        /// When that request was sent.
        at: Timestamp,
    },
}

impl RequestParts {
    /// Writes with `write`, and returns `answer`. Where the caller used the request's `Idempotency-Key` on this route
    /// within a day, nothing is written and the first answer is returned again. No further call.
    ///
    /// # Errors
    /// 400 for a bad key, 422 when the key was used for another request, and those of `write`.
    pub async fn answer_once<const STATUS: u16, T: Serialize>(
        &self,
        app: &App,
        answer: Enveloped<STATUS, T>,
        write: impl AsyncFnOnce(&Permit) -> Result<(), WriteError>,
    ) -> Result<Enveloped<STATUS, T>, ApiError> {
        if self.idempotency_key()?.is_none() {
            write(&self.permit().await?).await?;
            return Ok(answer);
        }
        let header = |name| answer.header_value(name).map(str::to_owned);
        let first = FirstAnswer::Body {
            status: STATUS,
            body: answer.body()?.into_owned(),
            etag: header("etag"),
            location: header("location"),
        };
        match self.write_once(app, &canonical(self.bytes()), first, write).await? {
            Outcome::Written => Ok(answer),
            Outcome::Repeated { first, .. } => stored(first),
        }
    }

    /// The answer in `result`; in place of an error that the same request may have caused when it was sent before (the version
    /// has changed, the task is completed), its first answer. 1 call after an error, if the request has an `Idempotency-Key`.
    ///
    /// # Errors
    /// That of `result`; 401 for an ended session, 422 when the key was used for another request.
    pub async fn or_first_answer<const STATUS: u16, T>(
        &self,
        app: &App,
        result: Result<Enveloped<STATUS, T>, ApiError>,
    ) -> Result<Enveloped<STATUS, T>, ApiError> {
        const MAY_FOLLOW: [ErrorCode; 4] =
            [ErrorCode::NotFound, ErrorCode::NotOpen, ErrorCode::PreconditionFailed, ErrorCode::ValidationFailed];
        let error = match result {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(key) = self.idempotency_key()?.filter(|_| MAY_FOLLOW.contains(&error.code())) else {
            return Err(error);
        };
        let caller = self.caller()?;
        let none = FirstAnswer::Rows { attachments: Vec::new() };
        let once = self.once_of(&*app.keyring().await?, key, &canonical(self.bytes()), none);
        match app.store.first_answer((caller.id, caller.session), &once).await? {
            None => Err(error),
            Some(earlier) if earlier.request == once.request => stored(earlier.answer),
            Some(_) => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        }
    }

    /// Writes with `write`, once for the caller's `Idempotency-Key`. `asked` is the request's meaning, however it is
    /// spelled; `first` is kept as its answer.
    ///
    /// # Errors
    /// As [`Self::answer_once`].
    pub async fn write_once(
        &self,
        app: &App,
        asked: &[u8],
        first: FirstAnswer,
        write: impl AsyncFnOnce(&Permit) -> Result<(), WriteError>,
    ) -> Result<Outcome, ApiError> {
        let once = match self.idempotency_key()? {
            Some(key) => Some(self.once_of(&*app.keyring().await?, key, asked, first)),
            None => None,
        };
        let mut permit = self.permit().await?;
        if let Some(once) = &once {
            permit = permit.for_once(once.clone());
        }
        match (write(&permit).await, once) {
            (Err(WriteError::Repeated(earlier)), Some(once)) if earlier.request == once.request => {
                Ok(Outcome::Repeated { first: earlier.answer, at: earlier.at })
            }
            (Err(WriteError::Repeated(_)), _) => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
            (written, _) => {
                written?;
                Ok(Outcome::Written)
            }
        }
    }

    fn idempotency_key(&self) -> Result<Option<&str>, ApiError> {
        let Some(value) = self.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(None);
        };
        read_key(value).map(Some).map_err(|error| vec![error].into())
    }

    fn once_of(&self, keyring: &Keyring, key: &str, asked: &[u8], answer: FirstAnswer) -> Once {
        let tag = |parts: &[&[u8]]| {
            // Each part is preceded by its length, so that no two lists of parts are the same text.
            let framed = parts.iter().flat_map(|part| [&part.len().to_be_bytes()[..], part].concat());
            hex(&keyring.lasting_tag(Purpose::Idempotency, &framed.collect::<Vec<u8>>()))
        };
        let id = self.id.as_deref().unwrap_or_default();
        Once {
            key: tag(&[self.function.as_bytes(), key.as_bytes()]),
            request: tag(&[id.as_bytes(), asked]),
            at: self.now,
            answer,
        }
    }
}

/// An answer that was given before.
fn stored<const STATUS: u16, T>(first: FirstAnswer) -> Result<Enveloped<STATUS, T>, ApiError> {
    let FirstAnswer::Body { body, etag, location, .. } = first else {
        return Err(ApiError::internal("the first answer has no body"));
    };
    let headers = [("etag", etag), ("location", location)];
    let present = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Ok(present.fold(Enveloped::stored(body), |answer, (name, value)| answer.header(name, value)))
}

fn read_key(value: &HeaderValue) -> Result<&str, FieldError> {
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    text.filter(|text| !text.is_empty() && text.len() <= KEY_MAX).ok_or_else(|| {
        FieldError::new("Idempotency-Key", format!("Idempotency-Key must be 1 to {KEY_MAX} printable ASCII characters"))
    })
}

/// A JSON body with its members sorted and without white space: the same bytes however it is spelled. A body that is
/// no JSON is left as it is.
pub fn canonical(body: &[u8]) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return body.to_vec();
    };
    let mut text = String::with_capacity(body.len());
    write_canonical(&value, &mut text);
    text.into_bytes()
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write_canonical(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
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

    #[test]
    fn the_same_json_has_the_same_bytes_however_it_is_spelled() {
        let one = canonical(br#"{"b": [1, {"y":2 ,"x":"a\"b"}], "a":null}"#);
        let two = canonical("{\n\"a\":null,\"b\":[1,{\"x\":\"a\\u0022b\",\"y\":2}]}".as_bytes());
        assert_eq!(String::from_utf8(one.clone()).unwrap(), r#"{"a":null,"b":[1,{"x":"a\"b","y":2}]}"#);
        assert_eq!(one, two);
        assert_eq!(canonical(b"no json"), b"no json");
    }
}
