//! The kinds of files that may be uploaded.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF, animated or not.
    Gif,
    /// WebP, animated or not.
    Webp,
    /// PDF.
    Pdf,
    /// Word up to 2003.
    Doc,
    /// Word since 2007.
    Docx,
    /// Plain text.
    Txt,
    /// Excel up to 2003.
    Xls,
    /// Excel since 2007.
    Xlsx,
    /// PowerPoint up to 2003.
    Ppt,
    /// PowerPoint since 2007.
    Pptx,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Webp,
        Self::Pdf,
        Self::Doc,
        Self::Docx,
        Self::Txt,
        Self::Xls,
        Self::Xlsx,
        Self::Ppt,
        Self::Pptx,
    ];

    /// The kind of which both the extension of `filename` and `mime` are, without regard to case. Parameters of the
    /// type (`; charset=utf-8`) do not count. `None`: not allowed, or they disagree.
    pub fn of(filename: &str, mime: &str) -> Option<Self> {
        let (stem, extension) = filename.rsplit_once('.')?;
        let extension = extension.to_ascii_lowercase();
        let mime = mime.split(';').next().unwrap_or_default().trim();
        let is_it = |kind: &Self| kind.extensions().contains(&extension.as_str()) && kind.is_named(mime);
        Self::ALL.into_iter().find(is_it).filter(|_| !stem.is_empty())
    }

    /// The kind of a MIME type as [`Self::mime`] spells it.
    pub fn of_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }

    /// Its MIME type (IANA's registry).
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Doc => "application/msword",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Txt => "text/plain",
            Self::Xls => "application/vnd.ms-excel",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ppt => "application/vnd.ms-powerpoint",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
    }

    /// Whether `mime` names it, without regard to case, by its own type or one that browsers and mail programs use.
    fn is_named(self, mime: &str) -> bool {
        let others: &[&str] = if self == Self::Jpeg { &["image/jpg", "image/pjpeg"] } else { &[] };
        mime.eq_ignore_ascii_case(self.mime()) || others.iter().any(|other| mime.eq_ignore_ascii_case(other))
    }

    /// Its extensions in lower case; the first is the one that we give.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Gif => &["gif"],
            Self::Webp => &["webp"],
            Self::Pdf => &["pdf"],
            Self::Doc => &["doc"],
            Self::Docx => &["docx"],
            Self::Txt => &["txt"],
            Self::Xls => &["xls"],
            Self::Xlsx => &["xlsx"],
            Self::Ppt => &["ppt"],
            Self::Pptx => &["pptx"],
        }
    }

    /// Whether it is made small.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::Webp)
    }

    /// The word for it, with its article.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Jpeg => "a JPEG picture",
            Self::Png => "a PNG picture",
            Self::Gif => "a GIF picture",
            Self::Webp => "a WebP picture",
            Self::Pdf => "a PDF document",
            Self::Doc | Self::Docx => "a Word document",
            Self::Txt => "a plain text file",
            Self::Xls | Self::Xlsx => "an Excel workbook",
            Self::Ppt | Self::Pptx => "a PowerPoint presentation",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_and_type_must_agree() {
        assert_eq!(Kind::of("Beach.JPG", "image/jpeg"), Some(Kind::Jpeg));
        assert_eq!(Kind::of("beach.jpeg", "IMAGE/JPEG"), Some(Kind::Jpeg));
        assert_eq!(Kind::of("beach.jpg", "image/jpg"), Some(Kind::Jpeg));
        assert_eq!(Kind::of("beach.jpeg", "image/PJPEG"), Some(Kind::Jpeg));
        assert_eq!(Kind::of("notes.txt", "text/plain; charset=utf-8"), Some(Kind::Txt));
        for (name, mime) in [
            ("beach.jpg", "image/png"),
            ("beach.png", "image/jpg"),
            ("beach", "image/jpeg"),
            (".jpg", "image/jpeg"),
            ("beach.svg", "image/svg+xml"),
            ("beach.exe", "image/png"),
            ("beach.png.exe", "image/png"),
            ("", ""),
        ] {
            assert_eq!(Kind::of(name, mime), None, "{name} {mime}");
        }
    }

    #[test]
    fn types_and_extensions_are_distinct() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(Kind::of_mime(kind.mime()), Some(kind));
            for other in Kind::ALL.into_iter().skip(at + 1) {
                assert_ne!(kind.mime(), other.mime());
                assert!(kind.extensions().iter().all(|extension| !other.extensions().contains(extension)));
            }
        }
    }
}
