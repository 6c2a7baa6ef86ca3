//! Fetching the original's files. Their addresses are data of users, so by default they may lead to the internet only: not
//! to this machine, its network, or the cloud's own services (OWASP, "Server-Side Request Forgery Prevention").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use shared::domain::attachment::MAX_FILE_BYTES;

use crate::Failure;

/// For a file from the first byte asked to the last one read.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Redirects that are followed.
const REDIRECTS: usize = 3;

/// Where files may be fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, by https.
    Internet,
    /// Everywhere, by http too: for rehearsals.
    Anywhere,
}

/// Fetches files.
#[derive(Debug)]
pub struct Files {
    http: Client,
    reach: Reach,
}

/// A file that was fetched.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    /// What its server says that it is.
    pub(super) mime: Option<String>,
}

impl Files {
    /// Fetches within `reach`.
    ///
    /// # Errors
    /// TLS cannot be used here.
    pub fn new(reach: Reach) -> Result<Self, Failure> {
        // The provider is the process's; another one that is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let follow = Policy::custom(move |attempt| {
            if attempt.previous().len() > REDIRECTS {
                return attempt.error("too many redirects");
            }
            match refused(attempt.url(), reach) {
                Some(reason) => attempt.error(reason),
                None => attempt.follow(),
            }
        });
        // A proxy would look names up by itself.
        let client = Client::builder().no_proxy().timeout(TIMEOUT).redirect(follow);
        let client = if reach == Reach::Internet { client.dns_resolver(PublicNames) } else { client };
        let http = client.build().map_err(|error| Failure::Usage(format!("files cannot be fetched: {error}")))?;
        Ok(Self { http, reach })
    }

    /// A file of at most [`MAX_FILE_BYTES`], or why there is none.
    pub(super) async fn fetch(&self, address: &str) -> Result<Fetched, String> {
        let url = Url::parse(address).map_err(|_| "it has no address".to_owned())?;
        if let Some(reason) = refused(&url, self.reach) {
            return Err(reason.to_owned());
        }
        let mut answer = self.http.get(url).send().await.map_err(|error| cause(&error))?;
        if !answer.status().is_success() {
            return Err(format!("its server answers {}", answer.status().as_u16()));
        }
        let mime = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > MAX_FILE_BYTES {
                return Err(format!("it has more than {MAX_FILE_BYTES} bytes"));
            }
        }
        Ok(Fetched { bytes, mime })
    }
}

/// The innermost reason: the outer ones repeat the address.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Why an address is not asked; `None` where it is, if its name leads to a place that may be.
fn refused(url: &Url, reach: Reach) -> Option<&'static str> {
    if reach == Reach::Anywhere {
        return (!["http", "https"].contains(&url.scheme())).then_some("its address is none of the web");
    }
    if url.scheme() != "https" {
        return Some("its address is not of https");
    }
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    host.parse().is_ok_and(|ip| !is_public(ip)).then_some(NOT_PUBLIC)
}

const NOT_PUBLIC: &str = "its address is not on the internet";

/// Looks names up, and gives public addresses only.
#[derive(Debug)]
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NOT_PUBLIC.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the internet (IANA's registries of special-purpose addresses, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    // Global unicast is 2000::/3; in it, 2001::/23 is for protocols, 2001:db8::/32 and 3fff::/20 for documentation, and
    // 2002::/16 holds addresses of version 4. Outside it, 64:ff9b::/96 does, too.
    let is_global = first & 0xE000 == 0x2000;
    let is_protocol = first == 0x2001 && second < 0x0200;
    let is_documentation = (first == 0x2001 && second == 0x0DB8) || (first == 0x3FFF && second < 0x1000);
    if first == 0x2002 {
        let [a, b] = second.to_be_bytes();
        let [c, d] = third.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    is_global && !is_protocol && !is_documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8", "2002:808:808::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn addresses_that_lead_elsewhere_are_not_asked() {
        let reason = |address: &str, reach| refused(&Url::parse(address).unwrap(), reach);
        for elsewhere in [
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://2130706433/a",
            "https://0x7f.1/a",
            "http://example.com/a",
            "file:///etc/passwd",
            "ftp://example.com/a",
            "https://169.254.169.254/latest/meta-data",
        ] {
            assert!(reason(elsewhere, Reach::Internet).is_some(), "{elsewhere}");
        }
        assert_eq!(reason("https://res.cloudinary.com/x/a.webp", Reach::Internet), None);
        assert_eq!(reason("http://127.0.0.1:80/a", Reach::Anywhere), None);
        assert!(reason("file:///etc/passwd", Reach::Anywhere).is_some());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_asked() {
        let reason =
            Files::new(Reach::Internet).unwrap().fetch("https://localhost/a.txt").await.map(|_| ()).unwrap_err();
        assert_eq!(reason, NOT_PUBLIC);
    }
}
