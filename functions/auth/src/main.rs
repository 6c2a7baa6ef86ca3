//! The functions of the domain auth.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    auth::serve().await
}
