//! The functions of the domain analytics.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    analytics::serve().await
}
