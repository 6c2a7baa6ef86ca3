//! Where the original's database is, and how the way there is protected.
//!
//! The address's `sslmode` says it in libpq's words (PostgreSQL manual §32.19, "SSL Support"):
//!
//! | `sslmode` | The way | Who answers |
//! |---|---|---|
//! | `disable` | plain | anybody |
//! | `require` | TLS, or no connection | anybody |
//! | `verify-full` | TLS, or no connection | whom a trusted authority vouches for by this host name |
//!
//! Without one it is `disable` towards this machine and `verify-full` towards all others: hashes of passwords are not to
//! cross a network because somebody forgot a word. libpq's `allow`, `prefer` and `verify-ca` are refused: the first two
//! fall back to plain text when anybody on the way wants that, and the last one takes any host's certificate.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Failure;

const SSL_MODE: &str = "sslmode";

/// The original's database, and how to get there.
pub struct Address {
    pub(super) config: Config,
    /// Makes TLS of a connection; `None` where it stays plain.
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…`. `verify-full` trusts the certificates of the file
    /// `root`, in PEM, and without one those that this machine trusts.
    ///
    /// # Errors
    /// It is no such address, or the certificates cannot be read.
    pub fn read(url: &str, root: Option<&Path>) -> Result<Self, Failure> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mode, others): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| key(pair) == SSL_MODE);
        let mut config: Config = format!("{place}?{}", others.join("&")).parse()?;
        let mode = match mode.as_slice() {
            [] if is_here(&config) => "disable",
            [] => "verify-full",
            [pair] => pair.split_once('=').map(|(_, mode)| mode).unwrap_or_default(),
            _ => return Err(Failure::Usage("sslmode stands twice in the address".to_owned())),
        };
        let tls = match mode {
            "disable" => None,
            "require" => Some(client(Arc::new(Anybody(provider())))?),
            "verify-full" => Some(client(trusted(root)?)?),
            other => {
                let words = format!("sslmode={other}: it must be disable, require or verify-full");
                return Err(Failure::Usage(words));
            }
        };
        // A server that knows no TLS is refused instead of spoken to in plain text.
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, tls })
    }
}

fn key<'a>(pair: &'a str) -> &'a str {
    pair.split_once('=').map_or(pair, |(key, _)| key)
}

/// Whether all hosts are this machine.
fn is_here(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        // A socket in this machine's file system.
        _ => true,
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn client(verifier: Arc<dyn ServerCertVerifier>) -> Result<MakeRustlsConnect, Failure> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(unusable)?.dangerous().with_custom_certificate_verifier(verifier);
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

/// Checks chain, validity and host name against the certificates of `root`, or this machine's.
fn trusted(root: Option<&Path>) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let mut roots = RootCertStore::empty();
    match root {
        Some(path) => {
            let file = |error| Failure::Usage(format!("{}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| file(error.to_string()))? {
                let certificate = certificate.map_err(|error| file(error.to_string()))?;
                roots.add(certificate).map_err(|error| file(error.to_string()))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    Ok(verifier.map_err(unusable)?)
}

fn unusable(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("TLS cannot be used: {error}"))
}

/// Takes any certificate, as `sslmode=require` does: it keeps out who listens, not who stands in for the server.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the way is encrypted; the words of a refusal otherwise.
    fn is_encrypted(url: &str) -> Result<bool, String> {
        match Address::read(url, None) {
            Ok(address) => {
                let required = address.config.get_ssl_mode() == SslMode::Require;
                assert_eq!(required, address.tls.is_some(), "no way back to plain text: {url}");
                Ok(required)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_address_says_how_the_way_is_protected() {
        for (url, encrypted) in [
            ("postgres://u:p@db.example/x?sslmode=disable", false),
            ("postgres://u:p@db.example/x?sslmode=require", true),
            ("postgres://u:p@db.example/x?connect_timeout=5&sslmode=require&application_name=a", true),
            ("postgresql://u:p@127.0.0.1:5432/x", false),
            ("postgres://u:p@localhost/x", false),
            ("postgres://u:p@[::1]/x", false),
            ("postgres://u:p@localhost/x?sslmode=require", true),
        ] {
            assert_eq!(is_encrypted(url), Ok(encrypted), "{url}");
        }
    }

    #[test]
    fn modes_that_protect_less_than_they_sound_and_words_that_are_none_are_refused() {
        for mode in ["prefer", "allow", "verify-ca", "", "REQUIRE", "yes"] {
            let refusal = is_encrypted(&format!("postgres://u:p@localhost/x?sslmode={mode}")).unwrap_err();
            assert!(refusal.contains("disable, require or verify-full"), "{refusal}");
        }
        assert!(is_encrypted("postgres://u:p@localhost/x?sslmode=require&sslmode=disable").is_err());
        assert!(is_encrypted("mysql://u:p@localhost/x").is_err());
    }

    #[test]
    fn certificates_that_are_not_there_are_an_error() {
        let url = "postgres://u:p@db.example/x?sslmode=verify-full";
        assert!(Address::read(url, Some(Path::new("/nowhere/root.pem"))).is_err());
    }
}
