//! The system under test, and users of it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::{Client, Mailbox, Tokens};

/// A password that the policy accepts.
pub(crate) const PASSWORD: &str = "Meadow-42-lark";

/// The deployed system.
pub(crate) struct App {
    http: reqwest::Client,
    base_url: Arc<str>,
    pub(crate) mailbox: Mailbox,
}

/// A registered user, and a client that is signed in as that user with a Bearer token.
pub(crate) struct User {
    client: Client,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) tokens: Tokens,
}

impl Deref for User {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl App {
    /// The system that the environment names.
    pub(crate) fn new() -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("an HTTP client");
        let mailbox = Mailbox::new(http.clone(), &variable("MAILBOX_URL"));
        Self { http, base_url: variable("BASE_URL").trim_end_matches('/').into(), mailbox }
    }

    /// A stranger at a new address.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.http.clone(), self.base_url.clone())
    }

    /// A new user, signed in.
    pub(crate) async fn user(&self) -> User {
        self.user_named("Asha Rao").await
    }

    /// A new user of this name, signed in.
    pub(crate) async fn user_named(&self, name: &str) -> User {
        let (client, email) = (self.client(), unique_email());
        let answer = client.register(name, &email, PASSWORD).await.expect(201);
        let id = super::id(&answer.data()["user"]).to_owned();
        let tokens = client.tokens(&email, PASSWORD).await;
        User { client: client.bearer(&tokens.access), id, name: name.to_owned(), email, tokens }
    }

    /// The same user on another device, with its own session.
    pub(crate) async fn another_device(&self, user: &User) -> (Client, Tokens) {
        let client = self.client();
        let tokens = client.tokens(&user.email, PASSWORD).await;
        (client.bearer(&tokens.access), tokens)
    }

    /// The same user in a browser: both cookies of a session of its own.
    pub(crate) async fn browser(&self, user: &User) -> (Client, Tokens) {
        let client = self.client();
        let tokens = client.tokens(&user.email, PASSWORD).await;
        (client.session_cookies(&tokens), tokens)
    }
}

/// An address that nobody has.
pub(crate) fn unique_email() -> String {
    format!("asha.{}@example.com", uuid::Uuid::now_v7().simple())
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` deploys a system and sets it"))
}
