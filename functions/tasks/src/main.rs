//! The functions of the domain tasks.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    tasks::serve().await
}
