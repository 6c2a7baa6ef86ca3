//! Files as they are announced: name, type and size, and what of that is refused.

use media::Kind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::{MAX_FILE_BYTES, MAX_FILES};
use crate::domain::body::Body;
use crate::domain::field::{Field, FieldError, Fields, string};
use crate::inline_schema;

/// The original's texts, word for word.
const INVALID_TYPE: &str = "Invalid file type. Only images, PDFs, and documents allowed.";
const TOO_LARGE: &str = "File size too large. Maximum 10MB allowed.";
const TOO_MANY: &str = "Too many files uploaded";

/// Most characters of a file's name.
const NAME_MAX: usize = 255;

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
}

inline_schema!(FileName, { "type": "string", "minLength": 1 });

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
            errors.push(error("fileType", INVALID_TYPE.to_owned()));
        }
        if size == 0 {
            errors.push(error("fileSize", "File size must be a positive number".to_owned()));
        } else if size > MAX_FILE_BYTES {
            errors.push(error("fileSize", TOO_LARGE.to_owned()));
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

impl Body for NewFiles {
    fn read(fields: &mut Fields) -> Option<Self> {
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

    #[cfg(feature = "schema")]
    fn describe(object: &mut crate::schema::ObjectSchema<'_>) {
        object.required::<List>("files", "");
    }
}

impl NewFiles {
    /// Checks how many files there are.
    ///
    /// # Errors
    /// The sentence for the caller.
    pub fn check_count(count: usize) -> Result<(), String> {
        match count {
            0 => Err("At least one file is required".to_owned()),
            1..=MAX_FILES => Ok(()),
            _ => Err(TOO_MANY.to_owned()),
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
}

inline_schema!(List, {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_FILES,
    "items": {
        "type": "object",
        "required": ["filename", "fileType", "fileSize"],
        "properties": {
            "filename": {
                "type": "string",
                "minLength": 1,
                "description": "For display only; its extension and fileType must agree",
                "examples": ["beach.jpg"],
            },
            "fileType": { "type": "string", "enum": Kind::ALL.iter().map(|kind| kind.mime()).collect::<Vec<_>>() },
            "fileSize": { "type": "integer", "minimum": 1, "maximum": MAX_FILE_BYTES, "description": "Bytes" },
        },
    },
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::body::testing::parsed;
    use serde_json::json;

    fn files(body: Value) -> Result<Vec<NewFile>, Vec<FieldError>> {
        parsed::<NewFiles>(body).map(|files| files.0)
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
        let bad = bad.unwrap_err();
        let named: Vec<_> = bad.iter().map(|error| (&*error.field, &*error.message)).collect();
        let wanted = [
            ("files[0].fileSize", "File size too large. Maximum 10MB allowed."),
            ("files[1].fileType", "Invalid file type. Only images, PDFs, and documents allowed."),
            ("files[2].filename", "Filename is required"),
            ("files[2].fileType", "Invalid file type. Only images, PDFs, and documents allowed."),
            ("files[2].fileSize", "File size must be a positive number"),
            ("files[3]", "A file must be an object"),
        ];
        assert_eq!(named, wanted);
        let many: Vec<Value> = (0..11).map(|_| file("a.jpg", "image/jpeg", json!(1))).collect();
        for (body, message) in [
            (json!({"files": []}), "At least one file is required"),
            (json!({"files": many}), "Too many files uploaded"),
            (json!({"files": "x"}), "Files must be an array"),
            (json!({}), "Files is required"),
        ] {
            let errors = files(body).unwrap_err();
            assert_eq!(errors.iter().map(|error| &*error.message).collect::<Vec<_>>(), [message]);
        }
    }
}
