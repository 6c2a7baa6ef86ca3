//! Headers that every answer carries: Helmet's set as the original configures it, and no caching of the API.

/// Name and value of each. `Server` and `X-Powered-By` are absent on purpose; CORS is the gateway's.
pub const ON_EVERY_ANSWER: [(&str, &str); 14] = [
    (
        "content-security-policy",
        "default-src 'self';style-src 'self' 'unsafe-inline';script-src 'self';img-src 'self' data: https:;\
         connect-src 'self';font-src 'self';object-src 'none';media-src 'self';frame-src 'none';base-uri 'self';\
         form-action 'self';frame-ancestors 'self';script-src-attr 'none';upgrade-insecure-requests",
    ),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    ("cross-origin-opener-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("x-xss-protection", "0"),
    ("cache-control", "no-store"),
    ("vary", "Origin, Accept-Encoding"),
];
