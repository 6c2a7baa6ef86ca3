//! The functions of the domain attachments, except `attachments-optimize`, which alone contains the image codecs.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::runtime::Error> {
    attachments::serve().await
}
