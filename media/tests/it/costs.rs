//! Files that would cost far more than their bytes: refused by counted work, before it is done.

use std::io::{Cursor, Write};

use media::picture::{ANIMATION_PIXELS_MAX, SIDE_MAX};
use media::{Kind, Processed, Rejection, process};

use crate::support::{animation, archive, refused};

/// A GIF of 8×8, and behind its first frame others of this size with no more than a byte of data.
fn gif_with_frames_beyond(count: usize, (width, height): (u16, u16)) -> Vec<u8> {
    let mut bytes = animation(1, 8, None);
    bytes.pop();
    for _ in 0..count {
        bytes.extend([0x2c, 0, 0, 0, 0]);
        bytes.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
        bytes.extend([0, 2, 1, 0x44, 0]);
    }
    bytes.push(b';');
    bytes
}

#[test]
fn frames_of_a_gif_count_with_all_their_pixels_however_small_the_canvas_is() {
    let side = u16::try_from(SIDE_MAX + 1).unwrap();
    assert_eq!(refused(Kind::Gif, &gif_with_frames_beyond(1, (side, 1))), Rejection::TooManyPixels);
    assert_eq!(refused(Kind::Gif, &gif_with_frames_beyond(1, (u16::MAX, u16::MAX))), Rejection::TooManyPixels);
    let frames = usize::try_from(ANIMATION_PIXELS_MAX / (8000 * 8000)).unwrap() + 1;
    assert_eq!(refused(Kind::Gif, &gif_with_frames_beyond(frames, (8000, 8000))), Rejection::TooManyFrames);
}

const MAIN: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const ROOT: &str = r#"<Relationships xmlns="r"><Relationship Id="a" Type="x/officeDocument" Target="word/document.xml"/></Relationships>"#;

/// A document with more in its list of types, and more parts.
fn document(types: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let types =
        format!(r#"<Types xmlns="t"><Override PartName="/word/document.xml" ContentType="{MAIN}"/>{types}</Types>"#);
    let parts: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", ROOT.as_bytes()), ("word/document.xml", b"<w/>")];
    archive(&[&parts, more].concat())
}

#[track_caller]
fn assert_kept(bytes: &[u8]) {
    assert!(matches!(process(Kind::Docx, bytes), Ok(Processed::Unchanged)), "{:?}", process(Kind::Docx, bytes).err());
}

#[test]
fn an_element_has_so_many_attributes_and_a_list_so_many_name_spaces() {
    let attributes = |count| (0..count).map(|at| format!("a{at}=\"\" ")).collect::<String>();
    assert_kept(&document(&format!("<A {}/>", attributes(256)), &[]));
    let too_many = format!("<A {}/>", attributes(257));
    assert_eq!(refused(Kind::Docx, &document(&too_many, &[])), Rejection::TooLargeUnpacked);
    let spaces = |count| "<A xmlns:a=\"b\"/>".repeat(count);
    assert_kept(&document(&spaces(9_000), &[]));
    assert_eq!(refused(Kind::Docx, &document(&spaces(10_001), &[])), Rejection::TooLargeUnpacked);
}

#[test]
fn what_is_too_much_to_look_into_is_refused_within_a_document_too() {
    let attributes: String = (0..257).map(|at| format!("a{at}=\"\" ")).collect();
    let nodes = "<A/>".repeat(500_000);
    for types in [format!("<A {attributes}/>"), nodes] {
        let inner = document(&types, &[("word/vbaProject.bin", b"Sub")]);
        let outer = document("", &[("word/embeddings/inner.docx", &inner)]);
        assert_eq!(refused(Kind::Docx, &outer), Rejection::TooLargeUnpacked);
    }
}

#[test]
fn lists_of_all_packages_within_count_together() {
    let list = format!("<Relationships>{}</Relationships>", " ".repeat(3 * 1024 * 1024));
    let inner = document("", &[("word/_rels/document.xml.rels", list.as_bytes())]);
    let names: Vec<String> = (0..6).map(|at| format!("word/embeddings/{at}.docx")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
    assert_kept(&document("", &parts[..5]));
    assert_eq!(refused(Kind::Docx, &document("", &parts)), Rejection::TooLargeUnpacked);
}

#[test]
fn a_document_within_is_kept_in_memory_up_to_a_bound() {
    let mut large = b"PK\x03\x04".to_vec();
    large.resize(64 * 1024 * 1024 + 1, 0);
    assert_eq!(refused(Kind::Docx, &document("", &[("word/embeddings/a.bin", &large)])), Rejection::TooLargeUnpacked);
    large[0] = b'x';
    assert_kept(&document("", &[("word/embeddings/a.bin", &large)]));
}

/// A compound file with storages within storages.
fn nested(depth: usize) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_storage_all("/a".repeat(depth)).unwrap();
    file.create_stream("/WordDocument").unwrap().write_all(b"Pay rent").unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn storages_lie_within_storages_up_to_a_depth() {
    assert!(process(Kind::Doc, &nested(31)).is_ok());
    assert_eq!(refused(Kind::Doc, &nested(40)), Rejection::Damaged);
    assert_kept(&document("", &[("word/embeddings/a.bin", &nested(31))]));
    assert_eq!(refused(Kind::Docx, &document("", &[("word/embeddings/a.bin", &nested(40))])), Rejection::Damaged);
}
