//! Office Open XML (ECMA-376 part 2): a zip archive of parts, their types, and the relationships between them.

use std::collections::{HashMap, HashSet};

use memchr::memmem;
use roxmltree::{Document, Error, ParsingOptions};

use super::archive::{Archive, Budget, SIGNATURE};
use super::compound;
use crate::{Kind, Rejection};

/// Maximum number of bytes of a part that lists types or relationships.
const LIST_MAX: usize = 4 * 1024 * 1024;
/// Maximum number of elements, attributes and texts in one of them.
const NODES_MAX: u32 = 500_000;
/// Maximum number of attributes of one of its elements: the parser compares each with all others.
const ATTRIBUTES_MAX: usize = 256;
/// Maximum number of name spaces that it declares: the parser may copy all of them for each element.
const NAMESPACES_MAX: usize = 10_000;
/// How deep packages may lie within packages.
const DEPTH_MAX: u8 = 3;
/// The part that lists the types of the others.
const TYPES: &str = "[content_types].xml";
/// The relationships of the package itself.
const ROOT: &str = "_rels/.rels";
/// How types of parts, and the last pieces of relationships' types, spell programs: Visual Basic, and Excel's macros
/// from before it.
const PROGRAM_TYPES: [&str; 4] = ["macroenabled", "vbaproject", "vbadata", "macrosheet"];
const PROGRAM_RELATIONSHIPS: [&str; 5] =
    ["vbaproject", "wordvbadata", "xlmacrosheet", "xlintlmacrosheet", "vbaprojectsignature"];

/// Parts by their names, in lower case, with `/` between the pieces and none in front: names compare without case, and
/// some programs write backslashes.
#[derive(Default)]
struct Package {
    names: HashSet<String>,
    /// Those that list types or relationships, and those that are documents themselves.
    kept: HashMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Types {
    by_extension: HashMap<String, String>,
    by_name: HashMap<String, String>,
}

struct Relationship {
    kind: String,
    target: String,
    is_external: bool,
}

/// Checks that the main part, which the relationships name, is of the kind's type, and that nothing holds programs.
pub(super) fn verify(kind: Kind, bytes: &[u8]) -> Result<(), Rejection> {
    let not_it = Rejection::NotA(kind);
    if bytes.starts_with(compound::SIGNATURE) {
        // With a password the package is encrypted within a compound file ([MS-OFFCRYPTO] 2.3.4.4).
        return Err(if compound::is_encrypted_package(bytes) { Rejection::Protected } else { not_it });
    }
    super::starts(kind, bytes, SIGNATURE)?;
    let package = Package::read(bytes, &mut Budget::default())?;
    let types = package.types()?.ok_or(not_it)?;
    package.refuse_programs(&types)?;
    let main = package.relationships(ROOT)?.into_iter().find(|it| last_piece(&it.kind) == "officedocument");
    let main = main.filter(|it| !it.is_external).ok_or(not_it)?;
    let name = normal(&main.target);
    let found = types.of(&name).filter(|_| package.names.contains(&name)).ok_or(not_it)?;
    if found == main_type(kind) { Ok(()) } else { Err(not_it) }
}

fn main_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        Kind::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
        _ => "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    }
}

/// Refuses a document within a document that holds programs. One that cannot be read is left alone: so can no program.
fn refuse_programs_within(bytes: &[u8], budget: &mut Budget, depth: u8) -> Result<(), Rejection> {
    if bytes.starts_with(compound::SIGNATURE) {
        return compound::refuse_programs(bytes);
    }
    if depth > DEPTH_MAX {
        return Err(Rejection::TooLargeUnpacked);
    }
    match Package::read_at(bytes, budget, depth) {
        Ok(package) => match package.types() {
            Ok(Some(types)) => package.refuse_programs(&types),
            Err(Rejection::TooLargeUnpacked) => Err(Rejection::TooLargeUnpacked),
            _ => Ok(()),
        },
        Err(refusal @ (Rejection::TooLargeUnpacked | Rejection::Macros)) => Err(refusal),
        Err(_) => Ok(()),
    }
}

impl Package {
    fn read(bytes: &[u8], budget: &mut Budget) -> Result<Self, Rejection> {
        Self::read_at(bytes, budget, 0)
    }

    fn read_at(bytes: &[u8], budget: &mut Budget, depth: u8) -> Result<Self, Rejection> {
        let mut archive = Archive::open(bytes)?;
        let mut package = Self::default();
        let keeps = |name: &str, start: &[u8]| is_list(&normal(name)) || is_document(start);
        for index in 0..archive.len() {
            let (name, kept) = archive.unpack(index, budget, keeps)?;
            let (is_folder, name) = (name.ends_with(['/', '\\']), normal(&name));
            if let Some(kept) = kept {
                if is_list(&name) {
                    if kept.len() > LIST_MAX {
                        return Err(Rejection::TooLargeUnpacked);
                    }
                    budget.spend_on_lists(kept.len())?;
                    package.kept.insert(name.clone(), kept);
                } else {
                    refuse_programs_within(&kept, budget, depth + 1)?;
                }
            }
            if !package.names.insert(name) && !is_folder {
                // Programs would disagree which of the two it is.
                return Err(Rejection::Damaged);
            }
        }
        Ok(package)
    }

    fn types(&self) -> Result<Option<Types>, Rejection> {
        let Some(list) = self.kept.get(TYPES) else { return Ok(None) };
        let text = text(list)?;
        let document = parsed(&text)?;
        let mut types = Types::default();
        for element in document.root_element().children().filter(roxmltree::Node::is_element) {
            let attribute = |name| element.attribute(name).unwrap_or_default().trim();
            let content_type = attribute("ContentType").to_ascii_lowercase();
            match element.tag_name().name() {
                "Default" => {
                    types.by_extension.insert(attribute("Extension").to_ascii_lowercase(), content_type);
                }
                "Override" => {
                    types.by_name.insert(normal(attribute("PartName")), content_type);
                }
                _ => {}
            }
        }
        Ok(Some(types))
    }

    fn relationships(&self, list: &str) -> Result<Vec<Relationship>, Rejection> {
        let Some(list) = self.kept.get(list) else { return Ok(Vec::new()) };
        let text = text(list)?;
        let document = parsed(&text)?;
        let elements = document.root_element().children().filter(|it| it.tag_name().name() == "Relationship");
        let relationship = |element: roxmltree::Node<'_, '_>| {
            let attribute = |name| element.attribute(name).unwrap_or_default().trim();
            Relationship {
                kind: attribute("Type").to_ascii_lowercase(),
                target: attribute("Target").to_owned(),
                is_external: attribute("TargetMode").eq_ignore_ascii_case("External"),
            }
        };
        Ok(elements.map(relationship).collect())
    }

    fn refuse_programs(&self, types: &Types) -> Result<(), Rejection> {
        let is_program_type = |found: &str| PROGRAM_TYPES.iter().any(|program| found.contains(program));
        if self.names.iter().any(|name| types.of(name).is_some_and(is_program_type) || name.ends_with("vbaproject.bin"))
        {
            return Err(Rejection::Macros);
        }
        for list in self.kept.keys().filter(|name| *name != TYPES) {
            let found = self.relationships(list)?;
            if found.iter().any(|it| PROGRAM_RELATIONSHIPS.contains(&last_piece(&it.kind))) {
                return Err(Rejection::Macros);
            }
        }
        Ok(())
    }
}

impl Types {
    fn of(&self, name: &str) -> Option<&str> {
        let by_extension = || self.by_extension.get(name.rsplit_once('.')?.1);
        self.by_name.get(name).or_else(by_extension).map(String::as_str)
    }
}

fn is_list(name: &str) -> bool {
    name == TYPES || (name.ends_with(".rels") && (name.starts_with("_rels/") || name.contains("/_rels/")))
}

fn is_document(start: &[u8]) -> bool {
    start.starts_with(compound::SIGNATURE) || start.starts_with(SIGNATURE)
}

/// A name or target in lower case, without what only leads elsewhere.
fn normal(name: &str) -> String {
    let name = name.replace('\\', "/").to_ascii_lowercase();
    let mut pieces = Vec::new();
    for piece in name.split('/') {
        match piece {
            "" | "." => {}
            ".." => {
                pieces.pop();
            }
            piece => pieces.push(piece),
        }
    }
    pieces.join("/")
}

fn last_piece(kind: &str) -> &str {
    kind.rsplit('/').next().unwrap_or(kind)
}

/// XML in UTF-8 or UTF-16, with or without a byte order mark.
fn text(bytes: &[u8]) -> Result<String, Rejection> {
    let wide = |bytes: &[u8], from: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(from));
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| Rejection::Damaged)
    };
    let text = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => wide(bytes, u16::from_le_bytes)?,
        [0xfe, 0xff, ..] | [0, b'<', ..] => wide(bytes, u16::from_be_bytes)?,
        _ => std::str::from_utf8(bytes).map_err(|_| Rejection::Damaged)?.to_owned(),
    };
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn parsed(text: &str) -> Result<Document<'_>, Rejection> {
    // `<` stands nowhere but at the beginning of a tag, so no element has more attributes than equals signs up to the next.
    let has_many_attributes = |tag: &str| memchr::memchr_iter(b'=', tag.as_bytes()).count() > ATTRIBUTES_MAX;
    let namespaces = memmem::find_iter(text.as_bytes(), b"xmlns").count();
    if namespaces > NAMESPACES_MAX || text.split('<').any(has_many_attributes) {
        return Err(Rejection::TooLargeUnpacked);
    }
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        // Another program may read what is only too much for us, and run what it holds.
        Error::NodesLimitReached | Error::AttributesLimitReached | Error::NamespacesLimitReached => {
            Rejection::TooLargeUnpacked
        }
        _ => Rejection::Damaged,
    })
}
