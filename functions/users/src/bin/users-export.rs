//! The functions that export a user's data.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    users::serve_export().await
}
