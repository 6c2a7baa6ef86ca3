//! The functions of the domain reminders.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    reminders::serve().await
}
