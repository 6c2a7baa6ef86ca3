use std::fmt::Write;

use shared::http::ErrorCode;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");

const HEAD: &str = "# Errors

A test generates this page from `shared/src/http/error.rs`: `UPDATE=1 cargo test -p shared --test http catalogue`.

Every error has this form. `errors` is present for `VALIDATION_FAILED` only, and names every invalid field:

```json
{
  \"success\": false,
  \"message\": \"Title must be at least 3 characters\",
  \"code\": \"VALIDATION_FAILED\",
  \"errors\": [{ \"field\": \"title\", \"message\": \"Title must be at least 3 characters\" }],
  \"requestId\": \"8f1c9a52-6d0e-4c39-b7a5-0d8b3a4f2c11\"
}
```

Programs should rely on `code`, whose meaning never changes. The text is for people, and some routes return a more specific
one.
";

/// The page as the code has it.
fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut codes = ErrorCode::ALL.to_vec();
    // Stable: within a status, in the code's order.
    codes.sort_by_key(|code| code.status());
    page.push_str("\n| Status | Code | Text | Meaning |\n|---|---|---|---|\n");
    for code in codes {
        let (status, word, message, meaning) = (code.status(), code.as_str(), code.message(), code.meaning());
        writeln!(page, "| {status} | `{word}` | {message} | {meaning} |").unwrap();
    }
    page
}

#[test]
fn the_page_of_errors_is_the_codes_own() {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, page()).unwrap();
    }
    let committed = std::fs::read_to_string(PAGE).unwrap();
    assert!(committed == page(), "docs/errors.md is out of date: run this test with UPDATE=1");
}

#[test]
fn each_error_says_what_it_means() {
    for code in ErrorCode::ALL {
        assert!(code.meaning().ends_with('.'), "{}: {}", code.as_str(), code.meaning());
        assert!((400..600).contains(&code.status()), "{}", code.as_str());
    }
}
