//! The certificate authorities that calls of AWS trust.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};

/// The five roots of Amazon Trust Services, which sign the certificates of AWS's endpoints. Amazon recommends all five for
/// a trust store of one's own (<https://www.amazontrust.com/repository>); the first expires at the end of 2037.
const AMAZON_TRUST_SERVICES: &str = include_str!("amazon-trust-services.pem");

/// The roots for calls in `region`, by TLS or, where `endpoint` says so, by plain HTTP.
///
/// A machine's own store has some 140 roots, whose parsing is three quarters of the instructions of a cold start. So it is
/// read only in the regions of China, which are operated by other companies.
pub(super) fn tls_context(region: &str, endpoint: Option<&str>) -> TlsContext {
    let plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    let store = match region.split_once('-') {
        _ if plain => TrustStore::empty(),
        Some(("cn", _)) => TrustStore::default(),
        _ => TrustStore::empty().with_pem_certificate(AMAZON_TRUST_SERVICES),
    };
    // It has no way to fail: the certificates are parsed when the client is built.
    TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_smithy_http_client::Builder;
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

    use super::*;

    #[test]
    fn all_five_roots_are_bundled() {
        assert_eq!(AMAZON_TRUST_SERVICES.matches("-----BEGIN CERTIFICATE-----").count(), 5);
    }

    /// The client parses its roots when it is built, and panics on a bad one.
    #[test]
    fn a_client_is_built_for_every_kind_of_endpoint() {
        let plain = Some("http://127.0.0.1:4566");
        for (region, endpoint) in [("eu-central-1", None), ("cn-north-1", None), ("us-east-1", plain)] {
            let tls = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
            drop(tls.tls_context(tls_context(region, endpoint)).build_https());
        }
    }
}
