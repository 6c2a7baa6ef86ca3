//! The functions of the domain mail.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    mail::serve().await
}
