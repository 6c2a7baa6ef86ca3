//! The function `attachments-optimize`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    attachments::serve_optimize().await
}
