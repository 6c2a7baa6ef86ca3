//! `make contract`: writes `docs/openapi.json`, `docs/api.html` and `docs/facts.json`.

use std::path::Path;

use contract::{document, facts, page};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let document = document::document();
    std::fs::write(docs.join("openapi.json"), document::text(&document))?;
    std::fs::write(docs.join("api.html"), page::page(&document)?)?;
    std::fs::write(docs.join("facts.json"), document::text(&facts::facts()))?;
    Ok(())
}
