//! Files in the body of a request (RFC 7578).

use std::convert::Infallible;

use futures::stream::once;
use multer::{Constraints, Field, Multipart};
use percent_encoding::percent_decode_str;
use shared::domain::attachment::{NewFile, NewFiles};
use shared::domain::field::FieldError;
use shared::http::ApiError;
use shared::http::accept::split_unquoted;

/// The form's field that holds the files.
const FILES: &str = "files";

const NO_BOUNDARY: &str = "Content-Type must name the boundary: multipart/form-data; boundary=<boundary>";
const MISNAMED: &str = "Files must be sent in the field \"files\"";

/// A file and its bytes.
#[derive(Debug)]
pub struct Part {
    pub file: NewFile,
    pub bytes: Vec<u8>,
}

/// Reads the files of a body with this `Content-Type`; other fields are ignored.
///
/// # Errors
/// 400 for a body that cannot be read, too many files or none, and every bad file.
pub async fn read(body: &[u8], content_type: &str) -> Result<Vec<Part>, ApiError> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or_else(|| bad("Content-Type", NO_BOUNDARY))?;
    let body = body.to_vec();
    let stream = once(async { Ok::<_, Infallible>(body) });
    let mut form = Multipart::with_constraints(stream, boundary, Constraints::new());
    let (mut parts, mut errors, mut count, mut is_misnamed) = (Vec::new(), Vec::new(), 0, false);
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        if field.name() != Some(FILES) {
            is_misnamed |= !filename(&field).is_empty();
            continue;
        }
        let (name, mime) = (filename(&field), mime(&field));
        let bytes = field.bytes().await.map_err(|error| unreadable(&error))?.to_vec();
        // What browsers send for an input without a file.
        if name.is_empty() && bytes.is_empty() {
            continue;
        }
        let path = format!("{FILES}[{count}]");
        count += 1;
        match NewFile::parse(&path, &name, &mime, bytes.len() as u64) {
            Ok(file) => parts.push(Part { file, bytes }),
            Err(more) => errors.extend(more),
        }
    }
    if count == 0 && is_misnamed {
        return Err(bad(FILES, MISNAMED));
    }
    NewFiles::check_count(count).map_err(|message| bad(FILES, &message))?;
    if errors.is_empty() { Ok(parts) } else { Err(errors.into()) }
}

/// 400 that says what is wrong with the body.
fn unreadable(error: &multer::Error) -> ApiError {
    use multer::Error;
    let message = match error {
        Error::IncompleteStream => "The multipart body is incomplete, or has another boundary than Content-Type names",
        Error::IncompleteFieldData { .. } => "The multipart body ends within a part: the closing boundary is missing",
        Error::IncompleteHeaders
        | Error::ReadHeaderFailed(_)
        | Error::DecodeHeaderName { .. }
        | Error::DecodeHeaderValue { .. } => "The multipart body has a part whose headers cannot be read",
        _ => "The multipart body cannot be read",
    };
    bad(FILES, message)
}

fn mime(field: &Field<'_>) -> String {
    field.content_type().map(|mime| mime.essence_str().to_owned()).unwrap_or_default()
}

/// The file's name as the user's system has it; empty if there is none.
fn filename(field: &Field<'_>) -> String {
    let header = field.headers().get("content-disposition").map(|value| String::from_utf8_lossy(value.as_bytes()));
    let header = header.unwrap_or_default();
    match parameter(&header, "filename") {
        Some(name) if !name.is_empty() => unescaped(&name),
        _ => parameter(&header, "filename*").and_then(|value| extended(&value)).unwrap_or_default(),
    }
}

/// A parameter's value, without its quotes (RFC 7578, section 4.2; RFC 2183).
fn parameter(header: &str, wanted: &str) -> Option<String> {
    split_unquoted(header, ';').find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        // A backslash before anything but a quote belongs to the name.
        let value = quoted.map_or_else(|| value.to_owned(), |value| value.replace("\\\"", "\""));
        name.trim().eq_ignore_ascii_case(wanted).then_some(value)
    })
}

/// What browsers write for a quote and the ends of a line (WHATWG HTML, "multipart form data"), and nothing else.
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// A value with its character set (RFC 8187); of sets other than UTF-8 nothing is read.
fn extended(value: &str) -> Option<String> {
    let mut pieces = value.splitn(3, '\'');
    let (set, text) = (pieces.next()?, pieces.nth(1)?);
    let text = percent_decode_str(text).decode_utf8().ok()?;
    set.eq_ignore_ascii_case("utf-8").then(|| text.into_owned())
}

fn bad(field: &'static str, message: &str) -> ApiError {
    vec![FieldError::new(field, message)].into()
}

/// The files and their bytes as one text, which does not depend on the boundary: the same for the same upload.
pub fn meaning(parts: &[Part]) -> Vec<u8> {
    let mut meaning = Vec::new();
    for Part { file, bytes } in parts {
        for piece in [file.filename.as_str().as_bytes(), file.kind.mime().as_bytes(), bytes] {
            meaning.extend(piece.len().to_be_bytes());
            meaning.extend(piece);
        }
    }
    meaning
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn names(parts: &[(&str, &str)]) -> Result<Vec<String>, ApiError> {
        let part = |(parameters, bytes): &(&str, &str)| {
            format!(
                "--x\r\nContent-Disposition: form-data; {parameters}\r\nContent-Type: text/plain\r\n\r\n{bytes}\r\n"
            )
        };
        let body = parts.iter().map(part).collect::<String>() + "--x--\r\n";
        let parts = read(body.as_bytes(), "multipart/form-data; boundary=x").await?;
        Ok(parts.into_iter().map(|part| part.file.filename.as_str().to_owned()).collect())
    }

    #[tokio::test]
    async fn names_are_read_as_browsers_and_programs_write_them() {
        for (parameters, name) in [
            (r#"name="files"; filename="notes.txt""#, "notes.txt"),
            (r#"name="files"; filename="my %22best%22 file.txt""#, "my \"best\" file.txt"),
            (r#"name="files"; filename="100%25.txt""#, "100%25.txt"),
            (r#"name="files"; filename="a;b=c.txt""#, "a;b=c.txt"),
            (r#"name="files"; filename="\"quoted\".txt""#, "\"quoted\".txt"),
            (r#"name="files"; filename=plain.txt"#, "plain.txt"),
            (r#"name="files"; filename="Größe.txt""#, "Größe.txt"),
            (r#"name="files"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%2B.txt"#, "Größe +.txt"),
            (r#"filename*=utf-8'de'Gr%C3%B6%C3%9Fe.txt; name="files""#, "Größe.txt"),
            (r#"name="files"; filename*=UTF-8''other.txt; filename="this.txt""#, "this.txt"),
        ] {
            assert_eq!(names(&[(parameters, "hello")]).await.unwrap(), [name], "{parameters}");
        }
    }

    #[tokio::test]
    async fn an_input_without_a_file_is_skipped() {
        let empty = (r#"name="files"; filename="""#, "");
        let notes = (r#"name="files"; filename="notes.txt""#, "hello");
        assert_eq!(names(&[empty, notes, empty]).await.unwrap(), ["notes.txt"]);
        assert!(names(&[empty]).await.is_err());
        assert!(names(&[notes, (r#"name="files"; filename="empty.txt""#, "")]).await.is_err());
    }

    const NOTES: &str = "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello";

    #[tokio::test]
    async fn the_boundary_is_read_however_it_is_written() {
        let form = format!("{NOTES}\r\n--x--\r\n");
        for content_type in [
            "multipart/form-data; boundary=x",
            "multipart/form-data;boundary=\"x\"",
            "Multipart/Form-Data; charset=utf-8; Boundary=x",
        ] {
            assert_eq!(read(form.as_bytes(), content_type).await.unwrap().len(), 1, "{content_type}");
        }
        // Not within quotes, as the RFC demands of such characters; some libraries write it all the same.
        let form = form.replace("--x", "--=_Part:1");
        assert_eq!(read(form.as_bytes(), "multipart/form-data; boundary==_Part:1").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_bad_form_is_refused_with_what_is_wrong_with_it() {
        const GOOD: &str = "multipart/form-data; boundary=x";
        let whole = format!("{NOTES}\r\n--x--\r\n");
        let elsewhere = whole.replace("name=\"files\"", "name=\"file\"");
        let no_head = whole.replace("Content-Disposition:", "Content Disposition");
        let other = "The multipart body is incomplete, or has another boundary than Content-Type names";
        for (content_type, body, message) in [
            ("multipart/form-data", &*whole, NO_BOUNDARY),
            ("multipart/form-data; boundary=", &whole, NO_BOUNDARY),
            ("multipart/form-data; boundary=\"\"", &whole, NO_BOUNDARY),
            ("multipart/form-data; boundary=other", &whole, other),
            (GOOD, "no form at all", other),
            (GOOD, "", other),
            (GOOD, NOTES, "The multipart body ends within a part: the closing boundary is missing"),
            (GOOD, &no_head, "The multipart body has a part whose headers cannot be read"),
            (GOOD, &elsewhere, MISNAMED),
            (GOOD, "--x--\r\n", "At least one file is required"),
        ] {
            let error = read(body.as_bytes(), content_type).await.map(|_| ()).unwrap_err();
            let out = serde_json::to_value(error.body("r-1")).unwrap();
            assert_eq!((&out["code"], &out["message"]), (&"VALIDATION_FAILED".into(), &message.into()), "{body}");
        }
    }
}
