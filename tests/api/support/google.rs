//! Signing in with Google, for which a local OpenID provider stands in (infra/local/oidc/provider.mjs).

use reqwest::Url;

use super::{App, Call, Client, FRONTEND, Tokens, unique_email};

/// Where every failed sign-in ends, below the app.
pub(crate) const SIGN_IN_FAILED: &str = "/login?error=google_auth_failed";

/// Who somebody is at the provider.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) subject: String,
    pub(crate) email: String,
    pub(crate) name: String,
    is_verified: bool,
}

impl Person {
    /// Somebody new, whose address is verified.
    pub(crate) fn new() -> Self {
        Self::at(&unique_email())
    }

    /// Somebody new, who has this address, verified.
    pub(crate) fn at(email: &str) -> Self {
        let subject = uuid::Uuid::now_v7().as_u128().to_string();
        Self { subject, email: email.to_owned(), name: "Asha of Google".to_owned(), is_verified: true }
    }

    /// The same, but the provider does not say that the address is theirs.
    pub(crate) fn unverified(self) -> Self {
        Self { is_verified: false, ..self }
    }

    /// The same Google id, with another address.
    pub(crate) fn moved_to(self, email: &str) -> Self {
        Self { email: email.to_owned(), ..self }
    }

    /// The same, with this name; an empty one is none.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

/// A sign-in that has begun: the browser is on its way to the provider.
pub(crate) struct Flow {
    pub(crate) client: Client,
    /// The value of the cookie that holds state, nonce and verifier.
    pub(crate) cookie: String,
    /// Where the provider asks who one is.
    pub(crate) authorization: Url,
    base_url: String,
}

impl App {
    /// Begins to sign in with Google, from a new address.
    pub(crate) async fn google(&self) -> Flow {
        let client = self.client();
        let answer = client.get("/api/auth/google").await.expect(302);
        let cookie = answer.set_cookie("oidcFlow").unwrap_or_else(|| panic!("expected oidcFlow\n{answer}")).value;
        let authorization = answer.header("location").unwrap_or_else(|| panic!("expected a location\n{answer}"));
        let authorization = Url::parse(authorization).unwrap_or_else(|_| panic!("expected a location\n{answer}"));
        Flow { client, cookie, authorization, base_url: self.base_url().to_owned() }
    }

    /// Signs in with Google, to the end.
    pub(crate) async fn google_tokens(&self, person: &Person) -> Tokens {
        let flow = self.google().await;
        let callback = flow.sign_in(self, person).await;
        let answer = flow.come_back(&callback).await.expect(302);
        assert_eq!(answer.header("location"), Some(format!("{FRONTEND}/dashboard").as_str()), "{answer}");
        answer.cookie_tokens()
    }

    /// Signs in with Google as a browser that then has the session's cookies.
    pub(crate) async fn google_browser(&self, person: &Person) -> Client {
        let tokens = self.google_tokens(person).await;
        self.client().session_cookies(&tokens)
    }
}

impl Flow {
    /// A parameter of the request to the provider.
    #[track_caller]
    pub(crate) fn parameter(&self, name: &str) -> String {
        let mut pairs = self.authorization.query_pairs();
        let pair = pairs.find(|(known, _)| known == name);
        pair.unwrap_or_else(|| panic!("expected {name} in {}", self.authorization)).1.into_owned()
    }

    /// The same flow, but the request to the provider says something else there.
    pub(crate) fn with_parameter(mut self, name: &str, value: &str) -> Self {
        let pairs: Vec<(String, String)> = self.authorization.query_pairs().into_owned().collect();
        let changed =
            pairs.iter().map(|(known, old)| (known.as_str(), if known == name { value } else { old.as_str() }));
        self.authorization.query_pairs_mut().clear().extend_pairs(changed).finish();
        self
    }

    /// Says at the provider who one is; the path and query that it sends the browser back to.
    pub(crate) async fn sign_in(&self, app: &App, person: &Person) -> String {
        let mut fields = vec![
            ("email", person.email.as_str()),
            ("name", person.name.as_str()),
            ("sub", person.subject.as_str()),
            ("action", "continue"),
        ];
        if person.is_verified {
            fields.push(("email_verified", "on"));
        }
        self.answer_form(app, &fields).await
    }

    /// Refuses at the provider; the path and query that it sends the browser back to.
    pub(crate) async fn refuse(&self, app: &App) -> String {
        self.answer_form(app, &[("action", "refuse")]).await
    }

    async fn answer_form(&self, app: &App, fields: &[(&str, &str)]) -> String {
        let mut web = app.web();
        let form = web.get(self.authorization.as_str()).await;
        let submitted = web.submit(form.onward(), fields).await;
        let callback = web.get(submitted.onward()).await;
        let back = callback.onward().strip_prefix(&self.base_url);
        back.unwrap_or_else(|| panic!("the provider leads back to {}", callback.onward())).to_owned()
    }

    /// Comes back from the provider with the flow's cookie.
    pub(crate) fn come_back(&self, callback: &str) -> Call {
        self.client.cookies(&[("oidcFlow", &self.cookie)]).get(callback)
    }
}
