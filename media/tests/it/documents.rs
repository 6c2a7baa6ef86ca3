//! Documents and texts.

use std::time::{Duration, Instant};

use media::{Kind, Processed, Rejection, process};

use crate::support::{CAT, DOCX, PDF, PPTX, XLSX, archive, compound, compound_of, entries, refused};

#[test]
fn documents_of_every_kind_are_kept_as_they_are() {
    let (doc, xls, book, ppt) =
        (compound("/WordDocument"), compound("/Workbook"), compound("/Book"), compound("/PowerPoint Document"));
    for (kind, bytes) in [
        (Kind::Docx, DOCX),
        (Kind::Xlsx, XLSX),
        (Kind::Pptx, PPTX),
        (Kind::Pdf, PDF),
        (Kind::Doc, &doc),
        (Kind::Xls, &xls),
        (Kind::Xls, &book),
        (Kind::Ppt, &ppt),
        (Kind::Txt, "Miete zahlen – €500\r\n\t<b>bold</b>".as_bytes()),
        (Kind::Txt, b"\xff\xfeP\0a\0y\0"),
        (Kind::Txt, b"\xe9t\xe9 in a code page"),
        (Kind::Txt, b"From DOS.\r\n\x1a"),
        (Kind::Txt, b"\x1b$B4A;z\x1b(B in ISO-2022-JP"),
        (Kind::Txt, b"lines\x0bof a list"),
    ] {
        assert!(matches!(process(kind, bytes), Ok(Processed::Unchanged)), "{kind:?}");
    }
}

#[test]
fn a_file_of_one_kind_is_none_of_another() {
    let doc = compound("/WordDocument");
    let exe = b"MZ\x90\0\x03\0\0\0This program cannot be run in DOS mode";
    let html = b"<!DOCTYPE html><html><script>alert(1)</script></html>";
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    for (kind, bytes) in [
        (Kind::Png, &exe[..]),
        (Kind::Jpeg, svg),
        (Kind::Png, CAT),
        (Kind::Webp, b"RIFF\0\0\0\0WAVEfmt "),
        (Kind::Pdf, html),
        (Kind::Docx, html),
        (Kind::Docx, XLSX),
        (Kind::Xlsx, PPTX),
        (Kind::Pptx, DOCX),
        (Kind::Docx, &archive(&[("hello.txt", b"hello")])),
        (Kind::Docx, &archive(&[("word/document.xml", b"<w/>"), ("[Content_Types].xml", b"<Types/>")])),
        (Kind::Xls, &doc),
        (Kind::Ppt, &doc),
        (Kind::Doc, DOCX),
        (Kind::Txt, html),
        (Kind::Txt, svg),
        (Kind::Txt, exe),
        (Kind::Txt, PDF),
        (Kind::Txt, b"text\0with a null"),
        (Kind::Txt, b"an end \x1a within"),
        (Kind::Pdf, b"%PDF"),
    ] {
        assert_eq!(refused(kind, bytes), Rejection::NotA(kind), "{kind:?}");
    }
}

#[test]
fn documents_that_hide_something_are_refused() {
    let mut pdf = PDF.to_vec();
    pdf.extend(archive(&[("evil.exe", b"MZ")]));
    assert!(matches!(refused(Kind::Pdf, &pdf), Rejection::Polyglot | Rejection::Damaged));
    let mut prefixed = b"PK\x03\x04 not really".to_vec();
    prefixed.extend(DOCX);
    assert!(matches!(refused(Kind::Docx, &prefixed), Rejection::Polyglot | Rejection::Damaged));
    let types = b"<Override ContentType=\"x.wordprocessingml.document.main+xml\"/>";
    let parts: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", types), ("word/document.xml", b"<w/>"), ("word/vbaProject.bin", b"Sub")];
    assert_eq!(refused(Kind::Docx, &archive(&parts)), Rejection::Macros);
    assert_eq!(refused(Kind::Pdf, &PDF[..PDF.len() / 2]), Rejection::Damaged);
    assert_eq!(refused(Kind::Docx, &DOCX[..DOCX.len() / 2]), Rejection::Damaged);
}

#[test]
fn an_archive_that_unpacks_to_far_too_much_is_refused_unopened() {
    let started = Instant::now();
    let zeros = vec![0_u8; 64 * 1024 * 1024];
    let names: Vec<String> = (0..9).map(|number| format!("word/media/{number}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), zeros.as_slice())).collect();
    let bomb = archive(&entries);
    let packed = started.elapsed();
    assert_eq!(refused(Kind::Docx, &bomb), Rejection::TooLargeUnpacked);
    assert!(started.elapsed() - packed < Duration::from_secs(1));
}

#[track_caller]
fn assert_kept(kind: Kind, bytes: &[u8]) {
    assert!(matches!(process(kind, bytes), Ok(Processed::Unchanged)), "{kind:?}: {:?}", process(kind, bytes).err());
}

// ---- PDF

#[test]
fn a_pdf_may_start_behind_other_bytes() {
    for before in [&b"\xef\xbb\xbf"[..], b"\r\n\r\n", b" ", b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n", &[b'\n'; 1000]]
    {
        assert_kept(Kind::Pdf, &[before, PDF].concat());
    }
    assert_eq!(refused(Kind::Pdf, &[&[b'\n'; 1024], PDF].concat()), Rejection::NotA(Kind::Pdf));
    let exe = b"MZ\x90\0\x03\0\0\0";
    for before in [&exe[..], b"GIF89a", b"#!/bin/sh\n", b"\n<script>alert(1)</script>", b"<!doctype html>"] {
        assert_eq!(refused(Kind::Pdf, &[before, PDF].concat()), Rejection::Polyglot, "{before:?}");
    }
}

#[test]
fn a_pdf_ends_with_its_end() {
    for behind in [&b""[..], b"\n", b"\r\n\0\0\0", b"\x1a"] {
        assert_kept(Kind::Pdf, &[PDF.trim_ascii_end(), behind].concat());
    }
    for behind in [&b"MZ\x90\0\x03"[..], b"\n\x7fELF", b"<script>alert(1)</script>", b"PK\x05\x06"] {
        assert_eq!(refused(Kind::Pdf, &[PDF, behind].concat()), Rejection::Polyglot, "{behind:?}");
    }
}

#[test]
fn a_pdf_has_objects_and_a_table_of_them() {
    for bytes in [
        &b"%PDF-startxref%%EOF"[..],
        b"%PDF-1.4\nstartxref\n0\n%%EOF\n",
        b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n5\n%%EOF\n",
        &PDF[..PDF.len() / 2],
    ] {
        assert_eq!(refused(Kind::Pdf, bytes), Rejection::Damaged);
    }
}

// ---- Packages of Office Open XML

const MAIN: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const RELATIONSHIP: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A Word document whose main part and its content type have these names.
fn package(part: &str, target: &str, content_type: &str, more: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let types = format!(
        r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/{part}" ContentType="{content_type}"/></Types>"#
    );
    let relationships = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{RELATIONSHIP}/officeDocument" Target="{target}"/></Relationships>"#
    );
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), types.into_bytes()),
        ("_rels/.rels".to_owned(), relationships.into_bytes()),
        (part.to_owned(), b"<w:document/>".to_vec()),
    ];
    parts.extend(more.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())));
    parts
}

fn packed(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    archive(&parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

fn renamed(parts: &[(String, Vec<u8>)], rename: impl Fn(&str) -> String) -> Vec<u8> {
    packed(&parts.iter().map(|(name, bytes)| (rename(name), bytes.clone())).collect::<Vec<_>>())
}

#[test]
fn the_main_part_is_the_one_that_relationship_and_content_type_name() {
    for (part, target) in [
        ("word/document.xml", "word/document.xml"),
        ("word/document2.xml", "word/document2.xml"),
        ("word/document2.xml", "/word/document2.xml"),
        ("word/document2.xml", "./WORD/Document2.XML"),
        ("word/document2.xml", "word\\document2.xml"),
        ("main.xml", "word/../main.xml"),
    ] {
        assert_kept(Kind::Docx, &packed(&package(part, target, MAIN, &[])));
    }
    for (part, target, content_type) in [
        ("word/document.xml", "word/document2.xml", MAIN),
        ("word/document.xml", "word/document.xml", "application/xml"),
        ("word/document.xml", "", MAIN),
    ] {
        let found = refused(Kind::Docx, &packed(&package(part, target, content_type, &[])));
        assert_eq!(found, Rejection::NotA(Kind::Docx), "{part} {target}");
    }
}

#[test]
fn workbooks_and_presentations_may_have_other_main_parts_too() {
    for (kind, bytes, part) in [(Kind::Xlsx, XLSX, "xl/workbook"), (Kind::Pptx, PPTX, "ppt/presentation")] {
        let change = |text: Vec<u8>| match String::from_utf8(text) {
            Ok(text) => text.replace(&format!("{part}.xml"), &format!("{part}2.xml")).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        let parts = entries(bytes).into_iter().map(|(name, bytes)| (name, change(bytes))).collect::<Vec<_>>();
        assert_kept(kind, &renamed(&parts, |name| name.replace(&format!("{part}.xml"), &format!("{part}2.xml"))));
    }
}

#[test]
fn names_of_parts_compare_without_case_and_with_either_slash() {
    let parts = entries(DOCX);
    assert_kept(Kind::Docx, &renamed(&parts, |name| name.replace('/', "\\")));
    assert_kept(Kind::Docx, &renamed(&parts, str::to_uppercase));
    assert_kept(Kind::Docx, &renamed(&parts, |name| name.replace("[Content_Types]", "[content_types]")));
}

#[test]
fn lists_of_types_may_be_in_utf16() {
    for (mark, big) in [(true, false), (true, true), (false, false), (false, true)] {
        let mut parts = package("word/document.xml", "word/document.xml", MAIN, &[]);
        for (_, bytes) in &mut parts[..2] {
            let text = String::from_utf8(bytes.clone())
                .unwrap()
                .replace("version=\"1.0\"", "version=\"1.0\" encoding=\"UTF-16\"");
            let text = if mark { format!("\u{feff}{text}") } else { text };
            *bytes = text
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
        }
        assert_kept(Kind::Docx, &packed(&parts));
    }
}

#[test]
fn macros_are_refused_in_every_spelling() {
    let relationship = |kind: &str| {
        let kind = kind.replace("vba", "&#118;&#98;a");
        format!(r#"<Relationships><Relationship Id="r" Type="{kind}" Target="media/image1.bin"/></Relationships>"#)
    };
    let vba = compound_of(&["/VBA/dir", "/PROJECT"]);
    let inner = packed(&package("word/document.xml", "word/document.xml", MAIN, &[("word/VbaProject.BIN", b"x")]));
    let twice = packed(&package("word/document.xml", "word/document.xml", MAIN, &[("word/embeddings/a.docx", &inner)]));
    let document = "word/_rels/document.xml.rels";
    let by_microsoft = relationship("http://schemas.microsoft.com/office/2006/relationships/vbaProject");
    let macro_sheet = relationship("http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet");
    for more in [
        (document, by_microsoft.as_bytes()),
        ("word/_rels\\other.xml.RELS", by_microsoft.as_bytes()),
        (document, macro_sheet.as_bytes()),
        ("word\\vbaProject.bin", b"Sub AutoOpen"),
        ("word/media/image1.png", vba.as_slice()),
        ("word/embeddings/sheet.bin", vba.as_slice()),
        ("word/embeddings/letter.docx", inner.as_slice()),
        ("word/embeddings/letter.bin", twice.as_slice()),
    ] {
        let parts = package("word/document.xml", "word/document.xml", MAIN, &[more]);
        assert_eq!(refused(Kind::Docx, &packed(&parts)), Rejection::Macros, "{}", more.0);
    }
    for content_type in [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.ms-word.document.MACROENABLED.main+xml",
        "application/vnd.ms-word.document.macro&#69;nabled.main+xml",
    ] {
        let parts = package("word/document.xml", "word/document.xml", content_type, &[]);
        assert_eq!(refused(Kind::Docx, &packed(&parts)), Rejection::Macros, "{content_type}");
    }
}

#[test]
fn documents_within_documents_are_kept() {
    let sheet = compound_of(&["/Workbook"]);
    let more: [(&str, &[u8]); 3] =
        [("word/embeddings/a.xlsx", XLSX), ("word/embeddings/b.bin", &sheet), ("word/media/c.zip", b"PK\x03\x04 torn")];
    assert_kept(Kind::Docx, &packed(&package("word/document.xml", "word/document.xml", MAIN, &more)));
}

#[test]
fn documents_with_a_password_are_named_as_such() {
    let package = compound_of(&["/EncryptionInfo", "/EncryptedPackage"]);
    for kind in [Kind::Docx, Kind::Xlsx, Kind::Pptx] {
        assert_eq!(refused(kind, &package), Rejection::Protected);
        assert_eq!(refused(kind, &compound("/Workbook")), Rejection::NotA(kind));
    }
    let word = [&[0; 10][..], &0x0100_u16.to_le_bytes(), &[0; 20]].concat();
    assert_eq!(refused(Kind::Doc, &crate::support::compound_with(&[("/WordDocument", &word)])), Rejection::Protected);
    let sheets = b"\x09\x08\x02\0\0\x06\x2f\0\x02\0\x01\0\x0a\0\0\0";
    assert_eq!(refused(Kind::Xls, &crate::support::compound_with(&[("/Workbook", sheets)])), Rejection::Protected);
    let user = [&[0; 12][..], &0xf3d1_c4df_u32.to_le_bytes()].concat();
    let slides = crate::support::compound_with(&[("/PowerPoint Document", b"x"), ("/Current User", &user)]);
    assert_eq!(refused(Kind::Ppt, &slides), Rejection::Protected);
}

#[test]
fn old_documents_with_macros_are_refused() {
    for (kind, streams) in [
        (Kind::Doc, ["/WordDocument", "/Macros/VBA/dir"]),
        (Kind::Doc, ["/WordDocument", "/mAcros/other"]),
        (Kind::Xls, ["/Workbook", "/_VBA_PROJECT_CUR/PROJECT"]),
        (Kind::Ppt, ["/PowerPoint Document", "/x/VBA/_VBA_PROJECT"]),
    ] {
        assert_eq!(refused(kind, &compound_of(&streams)), Rejection::Macros, "{streams:?}");
    }
    let sheet = |kind| [&b"\x85\0\x08\0\0\0\0\0\0"[..], &[kind, 0, 0], b"\x0a\0\0\0"].concat();
    assert_kept(Kind::Xls, &crate::support::compound_with(&[("/Workbook", &sheet(0))]));
    for kind in [1, 6] {
        let bytes = crate::support::compound_with(&[("/Workbook", &sheet(kind))]);
        assert_eq!(refused(Kind::Xls, &bytes), Rejection::Macros);
    }
    let slides = |flag| {
        let atom = [&b"\x02\0\0\x04\x0c\0\0\0\x01\0\0\0"[..], &[flag, 0, 0, 0], b"\x02\0\0\0"].concat();
        [&b"\x0f\0\xe8\x03\x1c\0\0\0\x0f\0\xff\x03\x14\0\0\0"[..], &atom].concat()
    };
    assert_kept(Kind::Ppt, &crate::support::compound_with(&[("/PowerPoint Document", &slides(0))]));
    let bytes = crate::support::compound_with(&[("/PowerPoint Document", &slides(1))]);
    assert_eq!(refused(Kind::Ppt, &bytes), Rejection::Macros);
}

// ---- Archives that lie

/// The places of the local headers, or of the directory's.
fn headers(bytes: &[u8], signature: &[u8; 4]) -> Vec<usize> {
    (0..bytes.len() - 4).filter(|at| &bytes[*at..*at + 4] == signature).collect()
}

#[test]
fn an_entry_that_is_longer_than_its_directory_says_is_refused_in_time() {
    let zeros = vec![0; 24 * 1024 * 1024];
    let mut bytes = packed(&package("word/document.xml", "word/document.xml", MAIN, &[("word/media/a", &zeros)]));
    for (signature, at) in [(b"PK\x03\x04", 22), (b"PK\x01\x02", 24)] {
        let header = *headers(&bytes, signature).last().unwrap();
        bytes[header + at..header + at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    let started = Instant::now();
    assert_eq!(refused(Kind::Docx, &bytes), Rejection::Damaged);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn headers_that_contradict_each_other_are_refused() {
    let parts = package("word/document.xml", "word/document.xml", MAIN, &[("word/media/image.png", b"not a program")]);
    let bytes = packed(&parts);
    assert_kept(Kind::Docx, &bytes);
    let (last, listed) = (*headers(&bytes, b"PK\x03\x04").last().unwrap(), headers(&bytes, b"PK\x01\x02"));
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let lies = [
        // Another name, and another size, in the local header.
        changed(last + 30, b"word/vbaProject.bin"),
        changed(last + 22, &7_u32.to_le_bytes()),
        // Two entries of the directory lead to the same bytes.
        changed(listed[3] + 42, &bytes[listed[2] + 42..listed[2] + 46]),
        // Another checksum in both.
        {
            let mut bytes = changed(last + 14, &[1, 2, 3, 4]);
            bytes[listed[3] + 16..listed[3] + 20].copy_from_slice(&[1, 2, 3, 4]);
            bytes
        },
    ];
    for (number, lie) in lies.iter().enumerate() {
        assert_eq!(refused(Kind::Docx, lie), Rejection::Damaged, "{number}");
    }
}

#[test]
fn two_parts_of_one_name_are_refused() {
    let mut parts = package("word/document.xml", "word/document.xml", MAIN, &[]);
    parts.push(("WORD\\document.xml".to_owned(), b"<w:other/>".to_vec()));
    assert_eq!(refused(Kind::Docx, &packed(&parts)), Rejection::Damaged);
}

#[test]
fn what_follows_or_precedes_an_archive_is_refused() {
    assert_eq!(refused(Kind::Docx, &[DOCX, b"MZ\x90\0"].concat()), Rejection::Polyglot);
    let before = [b"PK\x03\x04".as_slice(), &[0; 60], DOCX].concat();
    assert!(matches!(refused(Kind::Docx, &before), Rejection::Polyglot | Rejection::Damaged));
}

#[test]
fn refusals_read_as_sentences() {
    for (refusal, words) in [
        (Rejection::NotA(Kind::Docx), "The file is not a Word document"),
        (Rejection::NotA(Kind::Xls), "The file is not an Excel workbook"),
        (Rejection::NotA(Kind::Txt), "The file is not a plain text file"),
        (Rejection::Protected, "The document is protected by a password"),
    ] {
        assert_eq!(refusal.to_string(), words);
    }
}
