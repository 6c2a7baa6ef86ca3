//! The functions of the domain users, except those of the export, which alone contain the client of S3.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    users::serve().await
}
