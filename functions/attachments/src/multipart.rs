//! Files in the body of a request (RFC 7578).

use std::convert::Infallible;

use futures::stream::once;
use multer::{Constraints, Field, Multipart};
use shared::domain::attachment::{NewFile, NewFiles};
use shared::domain::field::FieldError;
use shared::http::ApiError;

/// The form's field that holds the files.
const FILES: &str = "files";

/// A file and its bytes.
pub(crate) struct Part {
    pub(crate) file: NewFile,
    pub(crate) bytes: Vec<u8>,
}

/// Reads the files of a body; other fields are ignored.
///
/// # Errors
/// 400 for a body that cannot be read, too many files or none, and every bad file.
pub(crate) async fn read(body: Vec<u8>, boundary: String) -> Result<Vec<Part>, ApiError> {
    let unreadable = |_| bad(FILES, "The multipart body cannot be read");
    let stream = once(async { Ok::<_, Infallible>(body) });
    let mut form = Multipart::with_constraints(stream, boundary, Constraints::new());
    let (mut parts, mut errors, mut count) = (Vec::new(), Vec::new(), 0);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() != Some(FILES) {
            continue;
        }
        let path = format!("{FILES}[{count}]");
        count += 1;
        let (name, mime) = described(&field);
        let bytes = field.bytes().await.map_err(unreadable)?.to_vec();
        match NewFile::parse(&path, &name, &mime, bytes.len() as u64) {
            Ok(file) => parts.push(Part { file, bytes }),
            Err(more) => errors.extend(more),
        }
    }
    NewFiles::check_count(count).map_err(|message| bad(FILES, &message))?;
    if errors.is_empty() { Ok(parts) } else { Err(errors.into()) }
}

fn described(field: &Field<'_>) -> (String, String) {
    let name = field.file_name().unwrap_or_default().to_owned();
    let mime = field.content_type().map(|mime| mime.essence_str().to_owned());
    (name, mime.unwrap_or_default())
}

fn bad(field: &'static str, message: &str) -> ApiError {
    vec![FieldError::new(field, message)].into()
}

/// What a body means, however its boundary is spelled.
pub(crate) fn meaning(parts: &[Part]) -> Vec<u8> {
    let mut meaning = Vec::new();
    for Part { file, bytes } in parts {
        for piece in [file.filename.as_str().as_bytes(), file.kind.mime().as_bytes(), bytes] {
            meaning.extend(piece.len().to_be_bytes());
            meaning.extend(piece);
        }
    }
    meaning
}
