//! Compressing answers: API Gateway's HTTP APIs do not.
//!
//! An answer in which a secret stands beside what somebody else may choose gives the secret away by its compressed
//! length, byte by byte (BREACH, <https://breachattack.com>). Ours hold no secrets: session tokens travel in cookies, and
//! the answers that do carry some (tokens in the body, upload addresses) are marked by
//! [`Reply::confidential`](super::Reply::confidential) and never compressed. What is left is the caller's own data.

use std::io::Write;

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::accept::weighted;

/// Bodies of up to so many bytes go out as they are: they fit into one packet anyway.
pub const THRESHOLD: usize = 1024;

/// Brotli's quality, 0 to 11: beyond it, time grows faster than sizes shrink.
const BROTLI_QUALITY: u32 = 5;
/// Brotli's window, as a power of two: no answer is much larger.
const BROTLI_WINDOW: u32 = 20;
/// Bytes that brotli's writer gathers.
const BUFFER: usize = 4096;
/// Gzip's level, 0 to 9.
const GZIP_LEVEL: u32 = 6;

/// A content coding (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// What `Accept-Encoding` likes best of what there is (RFC 9110 §12.5.3); brotli, where it likes both the same.
    /// `None`: the body is not compressed.
    pub fn accepted(header: &str) -> Option<Self> {
        let weight = |names: &[&str]| weight_of(header, names).or_else(|| weight_of(header, &["*"])).unwrap_or(0);
        let identity = weight_of(header, &["identity"]).unwrap_or(1);
        [Self::Gzip, Self::Brotli]
            .into_iter()
            .map(|coding| (weight(coding.names()), coding))
            .filter(|(weight, _)| *weight > 0 && *weight >= identity)
            .max_by_key(|(weight, _)| *weight)
            .map(|(_, coding)| coding)
    }

    /// The coding for a body of `length` bytes. Short bodies go out as they are, unless the client refuses that.
    pub fn for_body(header: &str, length: usize) -> Option<Self> {
        Self::accepted(header).filter(|_| length > THRESHOLD || refuses_identity(header))
    }

    /// The coding's name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The names that clients use for it (RFC 9110 §8.4.1.3).
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Brotli => &["br"],
            Self::Gzip => &["gzip", "x-gzip"],
        }
    }

    /// The coded body.
    ///
    /// # Errors
    /// Never: it writes to memory.
    pub fn encode(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Brotli => {
                let mut writer = CompressorWriter::new(Vec::new(), BUFFER, BROTLI_QUALITY, BROTLI_WINDOW);
                writer.write_all(body)?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
                writer.write_all(body)?;
                writer.finish()
            }
        }
    }
}

/// Whether a body must not go out as it is (RFC 9110 §12.5.3).
fn refuses_identity(header: &str) -> bool {
    weight_of(header, &["identity"]).or_else(|| weight_of(header, &["*"])) == Some(0)
}

/// The weight of a coding in thousandths; `None` when it is not named.
fn weight_of(header: &str, names: &[&str]) -> Option<u16> {
    let is_named = |coding: &str| names.iter().any(|name| coding.eq_ignore_ascii_case(name));
    weighted(header).find_map(|(coding, weight)| is_named(coding).then_some(weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_best_liked_coding_is_taken() {
        let accepted = [
            ("br", Some(Coding::Brotli)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("gzip, deflate, br;q=0.5", Some(Coding::Gzip)),
            ("GZIP;q=0.001, identity;q=0", Some(Coding::Gzip)),
            ("*", Some(Coding::Brotli)),
            ("br;q=0, *", Some(Coding::Gzip)),
            ("", None),
            ("identity", None),
            ("identity, gzip;q=0.5", None),
            ("br;q=0, gzip;q=0", None),
            ("*;q=0", None),
            ("deflate, zstd", None),
            ("br;q=nonsense", None),
            ("identity;q=0", None),
            ("identity;q=0, br;q=0.1", Some(Coding::Brotli)),
            ("gzip;q=0.5, *;q=0", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("br ; q=0 , gzip", Some(Coding::Gzip)),
            ("*;q=0.5, br;q=0", Some(Coding::Gzip)),
        ];
        for (header, coding) in accepted {
            assert_eq!(Coding::accepted(header), coding, "{header}");
        }
    }

    #[test]
    fn short_bodies_are_compressed_only_where_nothing_else_is_accepted() {
        for (header, short) in [
            ("br", None),
            ("gzip, identity;q=0.001", None),
            ("br, identity;q=0", Some(Coding::Brotli)),
            ("gzip, *;q=0", Some(Coding::Gzip)),
            ("identity, gzip;q=0.5, *;q=0", None),
        ] {
            assert_eq!(Coding::for_body(header, THRESHOLD), short, "{header}");
            assert_eq!(Coding::for_body(header, THRESHOLD + 1), Coding::accepted(header), "{header}");
        }
    }

    #[test]
    fn what_is_coded_comes_back() {
        let body = "Water the ferns. ".repeat(500);
        let gzip = Coding::Gzip.encode(body.as_bytes()).unwrap();
        let brotli = Coding::Brotli.encode(body.as_bytes()).unwrap();
        let mut decoded = [String::new(), String::new()];
        let [from_gzip, from_brotli] = &mut decoded;
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_string(from_gzip).unwrap();
        brotli::Decompressor::new(brotli.as_slice(), BUFFER).read_to_string(from_brotli).unwrap();
        assert_eq!(decoded, [body.clone(), body]);
        assert!(gzip.len() < 200 && brotli.len() < 100);
    }
}
