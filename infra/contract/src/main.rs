//! `make contract`: writes `docs/openapi.json` and `docs/api.html`.

use std::path::Path;

use contract::{document, page};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let document = document::document().await?;
    std::fs::write(docs.join("openapi.json"), document::text(&document))?;
    std::fs::write(docs.join("api.html"), page::page(&document)?)?;
    Ok(())
}
