//! The function `service-cleanup`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    service::serve_cleanup().await
}
