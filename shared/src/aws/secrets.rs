//! Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;

use super::CallFailed;

/// A secret that is one text, read whenever it is asked for.
#[derive(Clone, Debug)]
pub struct SecretText {
    client: Client,
    id: String,
}

impl SecretText {
    /// The secret of this id.
    pub fn new(sdk: &SdkConfig, id: String) -> Self {
        Self { client: Client::new(sdk), id }
    }

    /// What it holds now.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn read(&self) -> Result<String, CallFailed> {
        let sent = self.client.get_secret_value().secret_id(&self.id).send().await;
        let output = sent.map_err(|error| CallFailed::new("GetSecretValue", &error))?;
        Ok(output.secret_string.unwrap_or_default())
    }
}
