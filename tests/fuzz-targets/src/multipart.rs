//! Files in the body of a request: an input's first line is the `Content-Type`, the rest the body.

use attachments::multipart::{Part, meaning, read};
use futures::FutureExt;
use shared::domain::attachment::MAX_FILES;

pub(crate) fn run(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (content_type, body) = input.split_at(at);
    let Ok(content_type) = str::from_utf8(content_type) else { return };
    let body = body.get(1..).unwrap_or_default();
    let Some(parts) = parts(body, content_type) else { return };
    assert!((1..=MAX_FILES).contains(&parts.len()), "{} files", parts.len());
    assert!(parts.iter().map(|part| part.bytes.len()).sum::<usize>() <= body.len(), "more bytes than were sent");
    // The same files as a browser sends them are the same files.
    let (form, boundary) = written(&parts);
    let again = self::parts(&form, &format!("multipart/form-data; boundary={boundary}"));
    let again = again.expect("the files can be sent again");
    assert_eq!(meaning(&again), meaning(&parts), "other files");
}

/// The whole body is there, so reading it waits for nothing.
fn parts(body: &[u8], content_type: &str) -> Option<Vec<Part>> {
    read(body, content_type).now_or_never().expect("reading waits").ok()
}

/// A form as browsers write it (WHATWG HTML, "multipart form data"), and its boundary, which no file holds.
fn written(parts: &[Part]) -> (Vec<u8>, String) {
    let holds = |boundary: &str| {
        parts.iter().any(|part| part.bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes()))
    };
    let boundary = (0..).map(|number| format!("----FormBoundary{number}")).find(|boundary| !holds(boundary));
    let boundary = boundary.unwrap_or_default();
    let mut form = Vec::new();
    for Part { file, bytes } in parts {
        let name = file.filename.as_str().replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
        form.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"").bytes());
        form.extend(name.bytes());
        form.extend(format!("\"\r\nContent-Type: {}\r\n\r\n", file.kind.mime()).bytes());
        form.extend(bytes);
        form.extend(b"\r\n");
    }
    form.extend(format!("--{boundary}--\r\n").bytes());
    (form, boundary)
}
