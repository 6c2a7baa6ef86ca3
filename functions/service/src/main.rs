//! The functions of the domain service, except `service-cleanup`, which alone contains the client of S3.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    service::serve().await
}
