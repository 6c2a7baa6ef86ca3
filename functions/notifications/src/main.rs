//! The functions of the domain notifications.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    notifications::serve().await
}
