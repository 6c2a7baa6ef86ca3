//! Files that hang on tasks.
//!
//! ```text
//! pending ── its object arrived ──► processing ──► ready
//!    │                                  └────────► rejected
//!    └── no object within a day: gone
//! ```

use std::time::Duration;

use media::Kind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::clock::Timestamp;
use crate::domain::field::{Field, FieldError, Fields, string};
use crate::id::{AttachmentId, TaskId, UserId};
use crate::word_type;

/// Most attachments of one task.
pub const MAX_ATTACHMENTS: u32 = 20;
/// Most files of one request.
pub const MAX_FILES: usize = 10;
/// Most bytes of one file.
pub const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;
/// Why an attachment is shown as rejected whose file is no longer there: the reason is ours.
pub const LOST: &str = "The file was lost, please upload it again";
/// Why an attachment is shown as rejected when every try to look into it failed: the reason is ours.
pub const GAVE_UP: &str = "The file could not be processed";
/// How long an address for uploading works.
pub const UPLOAD_VALID: Duration = Duration::from_secs(15 * 60);
/// How long an address for downloading works.
pub const DOWNLOAD_VALID: Duration = Duration::from_secs(5 * 60);
/// After this an upload that was not finished is forgotten.
const UNFINISHED: Duration = Duration::from_secs(24 * 3600);
/// After this a file that is still looked at is given up: longer than all tries together.
const STUCK: Duration = Duration::from_secs(45 * 60);
/// Most characters of a file's name.
const NAME_MAX: usize = 255;

word_type! {
    /// How far an attachment is.
    AttachmentStatus {
        /// Announced; its bytes have not arrived.
        Pending = "pending",
        /// Being looked at.
        Processing = "processing",
        /// There.
        Ready = "ready",
        /// Refused; the reason is beside it.
        Rejected = "rejected",
    }
}

/// What a user's file is called: for show only, never part of a key. Folders, control characters and those that turn
/// the direction of writing (they can hide an extension) are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// The name as it is shown.
    ///
    /// # Errors
    /// The sentence for the caller, opened by `label`: nothing is left of it, or more than 255 characters.
    pub fn parse(label: &str, text: &str) -> Result<Self, String> {
        let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_hidden = |c: char| {
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let name: String = name.nfc().filter(|c| !is_hidden(*c)).collect();
        let name = name.trim();
        if name.is_empty() || name.chars().all(|c| c == '.') {
            return Err(format!("{label} is required"));
        }
        if name.chars().count() > NAME_MAX {
            return Err(format!("{label} cannot exceed {NAME_MAX} characters"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that a download of a file of `kind` gets: the extension is that of what is stored.
    pub fn for_download(&self, kind: Kind) -> String {
        let (stem, extension) = self.0.rsplit_once('.').unwrap_or((&self.0, ""));
        if kind.extensions().contains(&extension.to_ascii_lowercase().as_str()) {
            return self.0.clone();
        }
        format!("{stem}.{}", kind.extensions().first().copied().unwrap_or_default())
    }
}

impl Field for FileName {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        Self::parse(label, string(label, value)?)
    }

    fn schema() -> Value {
        serde_json::json!({"type": "string", "minLength": 1})
    }
}

/// A file that is announced.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What it is called.
    pub filename: FileName,
    /// What it is said to be.
    pub kind: Kind,
    /// How many bytes it is said to have: 1 to [`MAX_FILE_BYTES`].
    pub size: u64,
}

impl NewFile {
    /// A file from its name, type and size; `path` names it in errors.
    ///
    /// # Errors
    /// Every bad part.
    pub fn parse(path: &str, filename: &str, mime: &str, size: u64) -> Result<Self, Vec<FieldError>> {
        let error = |field: &str, message: String| FieldError::new(format!("{path}.{field}"), message);
        let mut errors = Vec::new();
        let name = FileName::parse("Filename", filename).map_err(|message| errors.push(error("filename", message)));
        let kind = Kind::of(filename, mime);
        if kind.is_none() {
            errors.push(error("fileType", "File type is not allowed, or does not fit the file's name".to_owned()));
        }
        if size == 0 {
            errors.push(error("fileSize", "File size must be a positive number".to_owned()));
        } else if size > MAX_FILE_BYTES {
            errors.push(error("fileSize", format!("File size cannot exceed {} MB", MAX_FILE_BYTES / (1024 * 1024))));
        }
        match (name, kind) {
            (Ok(filename), Some(kind)) if errors.is_empty() => Ok(Self { filename, kind, size }),
            _ => Err(errors),
        }
    }

    /// One of the objects in `files`.
    fn read(path: &str, value: &Value) -> Result<Self, Vec<FieldError>> {
        let Some(object) = value.as_object() else {
            return Err(vec![FieldError::new(path.to_owned(), "A file must be an object")]);
        };
        let text = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let size = object.get("fileSize").and_then(whole_number).unwrap_or_default();
        Self::parse(path, text("filename"), text("fileType"), size)
    }
}

/// A count, however it is written: JSON's `2.0` is 2 (JSON Schema Validation, §6.1.1). None for anything else.
fn whole_number(value: &Value) -> Option<u64> {
    // Beyond this, neighbouring whole numbers are one in a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..EXACT).contains(number));
    value.as_u64().or(number.map(|number| number as u64))
}

/// The files of a request.
#[derive(Clone, Debug)]
pub struct NewFiles(pub Vec<NewFile>);

impl NewFiles {
    /// Reads `files`; `None` when one of them is bad.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let list: List = fields.required("files", "Files")?;
        let read = list.0.iter().enumerate().map(|(at, value)| NewFile::read(&format!("files[{at}]"), value));
        let mut files = Vec::new();
        for file in read {
            match file {
                Ok(file) => files.push(file),
                Err(errors) => errors.into_iter().for_each(|error| fields.note(error)),
            }
        }
        Some(Self(files))
    }

    fn schema() -> Value {
        let mimes: Vec<&str> = Kind::ALL.iter().map(|kind| kind.mime()).collect();
        let file = serde_json::json!({
            "type": "object",
            "required": ["filename", "fileType", "fileSize"],
            "properties": {
                "filename": {
                    "type": "string",
                    "minLength": 1,
                    "description": "For show only; its extension and fileType must agree",
                    "examples": ["beach.jpg"],
                },
                "fileType": { "type": "string", "enum": mimes },
                "fileSize": { "type": "integer", "minimum": 1, "maximum": MAX_FILE_BYTES, "description": "Bytes" },
            },
        });
        serde_json::json!({ "type": "array", "minItems": 1, "maxItems": MAX_FILES, "items": file })
    }

    /// Checks how many files there are.
    ///
    /// # Errors
    /// The sentence for the caller.
    pub fn check_count(count: usize) -> Result<(), String> {
        match count {
            0 => Err("At least one file is required".to_owned()),
            1..=MAX_FILES => Ok(()),
            _ => Err(format!("At most {MAX_FILES} files can be uploaded at once")),
        }
    }
}

struct List(Vec<Value>);

impl Field for List {
    fn read(label: &str, value: &Value) -> Result<Self, String> {
        let list = value.as_array().ok_or_else(|| format!("{label} must be an array"))?;
        NewFiles::check_count(list.len())?;
        Ok(Self(list.clone()))
    }

    fn schema() -> Value {
        NewFiles::schema()
    }
}

/// What of an attachment changes as it is looked at, and what its task shows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentCard {
    /// For show only.
    pub filename: FileName,
    /// MIME type: the announced one, and of the stored object once it is ready.
    pub file_type: String,
    /// Bytes, likewise.
    pub file_size: u64,
    /// How far it is.
    pub status: AttachmentStatus,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<String>,
    /// Pixels across, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Bytes as they were uploaded, once it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_size: Option<u64>,
    /// Whether there is a thumbnail.
    #[serde(default)]
    pub has_thumbnail: bool,
    /// The bytes that its user's quota counts for it.
    pub counted_bytes: u64,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When its status changed last.
    pub changed_at: Timestamp,
}

/// An attachment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Identity.
    pub id: AttachmentId,
    /// The owner.
    pub user_id: UserId,
    /// The task that it hangs on.
    pub task_id: TaskId,
    /// All else.
    pub card: AttachmentCard,
}

/// What is stored of a file.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Pixels across and down, of a picture, which has a thumbnail too.
    pub pixels: Option<(u32, u32)>,
}

impl Attachment {
    /// A file that is to arrive.
    pub fn announced(user_id: UserId, task_id: TaskId, file: NewFile, now: Timestamp) -> Self {
        let card = AttachmentCard {
            filename: file.filename,
            file_type: file.kind.mime().to_owned(),
            file_size: file.size,
            status: AttachmentStatus::Pending,
            rejection_reason: None,
            width: None,
            height: None,
            original_size: None,
            has_thumbnail: false,
            counted_bytes: file.size,
            created_at: now,
            changed_at: now,
        };
        Self { id: AttachmentId::new(), user_id, task_id, card }
    }

    /// Its bytes have arrived.
    #[must_use]
    pub fn processing(&self, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.card.changed_at = now;
        next.card.status = AttachmentStatus::Processing;
        next
    }

    /// It is there.
    #[must_use]
    pub fn ready(&self, stored: &Stored, now: Timestamp) -> Self {
        let mut next = self.clone();
        let card = &mut next.card;
        card.changed_at = now;
        card.status = AttachmentStatus::Ready;
        card.original_size = Some(self.card.file_size);
        stored.kind.mime().clone_into(&mut card.file_type);
        card.file_size = stored.size;
        card.counted_bytes = stored.size;
        (card.width, card.height) = (stored.pixels.map(|size| size.0), stored.pixels.map(|size| size.1));
        card.has_thumbnail = stored.pixels.is_some();
        next
    }

    /// It was refused: nothing of it is kept.
    #[must_use]
    pub fn rejected(&self, reason: &str, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.card.changed_at = now;
        next.card.status = AttachmentStatus::Rejected;
        next.card.rejection_reason = Some(reason.to_owned());
        next.card.counted_bytes = 0;
        next
    }

    /// Whether something is still to happen to it.
    pub fn is_open(&self) -> bool {
        matches!(self.card.status, AttachmentStatus::Pending | AttachmentStatus::Processing)
    }

    /// When it is to be looked at if nothing has happened by then.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.card.status {
            AttachmentStatus::Pending => Some(self.card.changed_at.plus(UNFINISHED)),
            AttachmentStatus::Processing => Some(self.card.changed_at.plus(STUCK)),
            AttachmentStatus::Ready | AttachmentStatus::Rejected => None,
        }
    }

    /// What it is, announced or stored.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of_mime(&self.card.file_type)
    }

    /// Its objects' keys.
    pub fn keys(&self) -> ObjectKeys {
        ObjectKeys { user: self.user_id, task: self.task_id, attachment: self.id }
    }
}

/// Where in the bucket an attachment's objects lie. Nothing in a key is the user's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectKeys {
    /// The owner.
    pub user: UserId,
    /// The task.
    pub task: TaskId,
    /// The attachment.
    pub attachment: AttachmentId,
}

/// What was uploaded and not looked at.
pub const RAW: &str = "raw/";
/// What may be fetched.
pub const FILES: &str = "files/";

impl ObjectKeys {
    /// The uploaded object.
    pub fn raw(self) -> String {
        format!("{RAW}{}", self.path())
    }

    /// The stored file.
    pub fn file(self) -> String {
        format!("{FILES}{}/file", self.path())
    }

    /// The thumbnail.
    pub fn thumbnail(self) -> String {
        format!("{FILES}{}/thumbnail", self.path())
    }

    fn path(self) -> String {
        format!("{}/{}/{}", self.user, self.task, self.attachment)
    }

    /// Reads a key of an uploaded object; `None` for any other.
    pub fn of_raw(key: &str) -> Option<Self> {
        Self::of_path(key.strip_prefix(RAW)?)
    }

    /// Reads a key of a stored file or a thumbnail; `None` for any other.
    pub fn of_file(key: &str) -> Option<Self> {
        let (path, name) = key.strip_prefix(FILES)?.rsplit_once('/')?;
        Self::of_path(path).filter(|_| ["file", "thumbnail"].contains(&name))
    }

    fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let user = UserId::parse(parts.next()?).ok()?;
        let task = TaskId::parse(parts.next()?).ok()?;
        let attachment = AttachmentId::parse(parts.next()?).ok()?;
        parts.next().is_none().then_some(Self { user, task, attachment })
    }
}

/// Where below `prefix` all objects of a user's task lie.
pub fn objects_of_task(prefix: &str, user: UserId, task: TaskId) -> String {
    format!("{prefix}{user}/{task}/")
}

/// An attachment as callers see it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are AttachmentCard's")]
pub struct AttachmentOut {
    pub id: AttachmentId,
    pub task_id: TaskId,
    pub filename: FileName,
    /// The same as `filename`: the original uses both names.
    pub original_name: FileName,
    pub file_type: String,
    pub file_size: u64,
    /// Where the file is to be fetched, once it is ready.
    pub file_url: Option<String>,
    /// Where its thumbnail is.
    pub thumbnail_url: Option<String>,
    pub status: AttachmentStatus,
    pub rejection_reason: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub optimization_stats: Option<OptimizationStats>,
    pub created_at: Timestamp,
}

/// What looking at a file saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OptimizationStats {
    /// Bytes that were uploaded.
    pub original_size: u64,
    /// Bytes that are stored.
    pub optimized_size: u64,
    /// The whole per cent saved; less than 0 where it grew.
    pub compression_ratio: i64,
}

impl AttachmentOut {
    /// An attachment of `task`; `api` is where the API is, without a final slash.
    pub fn new(task_id: TaskId, id: AttachmentId, card: AttachmentCard, api: &str) -> Self {
        let is_ready = card.status == AttachmentStatus::Ready;
        let url = format!("{api}/api/attachments/{id}");
        let stats =
            card.original_size.filter(|_| is_ready).map(|original| OptimizationStats::new(original, card.file_size));
        Self {
            id,
            task_id,
            original_name: card.filename.clone(),
            filename: card.filename,
            file_type: card.file_type,
            file_size: card.file_size,
            thumbnail_url: (is_ready && card.has_thumbnail).then(|| format!("{url}?thumbnail=true")),
            file_url: is_ready.then_some(url),
            status: card.status,
            rejection_reason: card.rejection_reason,
            width: card.width,
            height: card.height,
            optimization_stats: stats,
            created_at: card.created_at,
        }
    }
}

impl OptimizationStats {
    fn new(original_size: u64, optimized_size: u64) -> Self {
        let signed = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
        let saved = (signed(original_size) - signed(optimized_size)) * 100;
        Self { original_size, optimized_size, compression_ratio: saved.div_euclid(signed(original_size).max(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn files(body: Value) -> Result<Vec<NewFile>, Vec<FieldError>> {
        let Value::Object(object) = body else { panic!("no object") };
        let mut fields = Fields::new(object);
        let read = NewFiles::read(&mut fields);
        fields.finish(read).map(|files| files.0)
    }

    fn file(name: &str, mime: &str, size: Value) -> Value {
        json!({"filename": name, "fileType": mime, "fileSize": size})
    }

    #[test]
    fn names_lose_folders_control_characters_and_turned_writing() {
        for (typed, shown) in [
            ("beach.jpg", "beach.jpg"),
            ("../../etc/passwd.txt", "passwd.txt"),
            ("C:\\photos\\beach.jpg", "beach.jpg"),
            ("a\u{0}b\r\n.txt", "ab.txt"),
            ("\u{202e}gpj.exe.txt", "gpj.exe.txt"),
            ("e\u{301}te\u{301}.pdf", "été.pdf"),
        ] {
            assert_eq!(FileName::parse("Filename", typed).unwrap().as_str(), shown);
        }
        for bad in ["", "  ", "..", "folder/", &"x".repeat(256)] {
            assert!(FileName::parse("Filename", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_whole_numbers_however_they_are_written() {
        for (written, size) in [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("1e3", Some(1000)),
            ("0", None),
            ("2.5", None),
            ("-2.0", None),
            ("1e300", None),
        ] {
            let body: Value = serde_json::from_str(&format!(
                r#"{{"files":[{{"filename":"a.txt","fileType":"text/plain","fileSize":{written}}}]}}"#
            ))
            .unwrap();
            assert_eq!(files(body).ok().map(|files| files[0].size), size, "{written}");
        }
    }

    #[test]
    fn a_download_has_the_extension_of_what_is_stored() {
        let name = |text| FileName::parse("Filename", text).unwrap();
        assert_eq!(name("beach.JPG").for_download(Kind::Webp), "beach.webp");
        assert_eq!(name("beach.JPG").for_download(Kind::Jpeg), "beach.JPG");
        assert_eq!(name("a.b.pdf").for_download(Kind::Pdf), "a.b.pdf");
    }

    #[test]
    fn every_bad_file_is_named() {
        assert_eq!(files(json!({"files": [file("a.jpg", "image/jpeg", json!(10_485_760))]})).unwrap().len(), 1);
        let bad = files(json!({"files": [
            file("a.jpg", "image/jpeg", json!(10_485_761)),
            file("b.exe", "image/png", json!(1)),
            file("", "image/png", json!(0)),
            "no object",
        ]}));
        let named: Vec<_> = bad.unwrap_err().into_iter().map(|error| error.field.into_owned()).collect();
        let wanted = [
            "files[0].fileSize",
            "files[1].fileType",
            "files[2].filename",
            "files[2].fileType",
            "files[2].fileSize",
            "files[3]",
        ];
        assert_eq!(named, wanted);
        let many: Vec<Value> = (0..11).map(|_| file("a.jpg", "image/jpeg", json!(1))).collect();
        for body in [json!({"files": []}), json!({"files": many}), json!({"files": "x"}), json!({})] {
            assert_eq!(files(body).unwrap_err().len(), 1);
        }
    }

    #[test]
    fn only_keys_of_ours_are_read() {
        let keys = ObjectKeys { user: UserId::new(), task: TaskId::new(), attachment: AttachmentId::new() };
        assert_eq!(ObjectKeys::of_raw(&keys.raw()), Some(keys));
        assert_eq!(ObjectKeys::of_file(&keys.file()), Some(keys));
        assert_eq!(ObjectKeys::of_file(&keys.thumbnail()), Some(keys));
        let raw = keys.raw();
        for other in ["raw/x", "raw/../x/y", "files/a", &format!("{raw}/more"), &raw.replace("raw/", "files/")] {
            assert_eq!(ObjectKeys::of_raw(other), None, "{other}");
        }
        assert_eq!(ObjectKeys::of_file(&raw), None);
    }

    #[test]
    fn the_ratio_is_the_whole_per_cent_saved() {
        let ratio = |original, optimized| OptimizationStats::new(original, optimized).compression_ratio;
        assert_eq!((ratio(1000, 254), ratio(1000, 1000), ratio(100, 150)), (74, 0, -50));
    }
}
