//! The system under test, and users of it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Client, Cloud, Mailbox, Tokens, Web, minutes_ahead};

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

    /// Where the API is, as its own links say it.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The cloud behind the API.
    pub(crate) fn cloud(&self) -> Cloud {
        Cloud::new(self.http.clone())
    }

    /// A browser without cookies, on other sites than the API.
    pub(crate) fn web(&self) -> Web {
        Web::new(self.http.clone())
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

    /// Another new user, signed in at the address of a client.
    pub(crate) async fn neighbour(&self, client: &Client) -> User {
        let user = self.user().await;
        let client = client.signed_out().bearer(&user.tokens.access);
        User { client, ..user }
    }

    /// The same, with a verified address: mail names the user.
    pub(crate) async fn verified_user_named(&self, name: &str) -> User {
        let user = self.user_named(name).await;
        self.verify_address(&user).await;
        user
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

    /// The session of these tokens is over: nothing is written with them, and nothing refreshed.
    pub(crate) async fn assert_ended(&self, tokens: &Tokens) {
        let device = self.client().bearer(&tokens.access);
        device.post("/api/tasks", json!({"title": "Too late"})).await.expect_unauthorized();
        let browser = self.client().cookies(&[("refreshToken", &tokens.refresh)]);
        browser.get("/api/user/me").await.expect_unauthorized();
        self.client().refresh(&tokens.refresh).await.expect_unauthorized();
    }

    /// The session of these tokens goes on: it writes, and its refresh token is good.
    pub(crate) async fn assert_alive(&self, tokens: &Tokens) {
        self.client().bearer(&tokens.access).task("Still here").await;
        self.client().cookies(&[("refreshToken", &tokens.refresh)]).get("/api/user/me").await.expect(200);
    }

    /// Verifies a user's address with the mailed token.
    pub(crate) async fn verify_address(&self, user: &User) {
        let token = self.mailbox.verification_token(&user.email, &[]).await;
        self.client()
            .bearer(&user.tokens.access)
            .post("/api/auth/verify-email", json!({"token": token}))
            .await
            .expect(200);
    }

    /// Asks for a link that sets a new password, and takes its token out of the mail.
    pub(crate) async fn reset_token(&self, email: &str) -> String {
        self.reset_token_at(email, email).await
    }

    /// The same for an address that is typed in another spelling than the mailbox has.
    pub(crate) async fn reset_token_at(&self, typed: &str, email: &str) -> String {
        let known = self.mailbox.reset_tokens(email).await;
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.client().forgot(typed).await.expect(200);
        self.mailbox.reset_token(email, &known).await
    }

    /// Waits for a mail to the user that is asked for now: what was asked for before would have arrived, too.
    pub(crate) async fn later_mail(&self, user: &User) {
        let witness = user.task("Witness").await;
        user.remind(&witness, &minutes_ahead(40)).await;
        self.mailbox.wait_for(&user.email, "Reminder: Witness is due soon").await;
    }
}

/// An address that nobody has.
pub(crate) fn unique_email() -> String {
    format!("asha.{}@example.com", uuid::Uuid::now_v7().simple())
}

/// What `make test` says of the deployed system.
pub(super) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: `make test` deploys a system and sets it"))
}
