//! Other sites than the API, as a browser visits them: the provider's pages, files behind presigned links.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, Url};

/// A browser: it keeps cookies, and follows redirects only when it is told to.
pub(crate) struct Web {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// What a visit showed.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    /// Where it leads on to, absolute.
    pub(crate) location: Option<Url>,
    pub(crate) body: String,
}

impl Web {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Page {
        self.open(self.http.get(url)).await
    }

    /// Submits a form.
    pub(crate) async fn submit(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let form = Url::parse_with_params("http://form", fields).expect("fields");
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        self.open(request.body(form.query().unwrap_or_default().to_owned())).await
    }

    async fn open(&mut self, request: RequestBuilder) -> Page {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if pairs.is_empty() { request } else { request.header("cookie", pairs.join("; ")) };
        let response = request.send().await.expect("the site answers");
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("a cookie").split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (url, status) = (response.url().clone(), response.status().as_u16());
        let location = response.headers().get("location").map(|location| location.to_str().expect("a location"));
        let location = location.map(|location| url.join(location).expect("a location"));
        Page { url, status, location, body: response.text().await.expect("a page") }
    }
}

impl Page {
    /// Where it leads on to.
    #[track_caller]
    pub(crate) fn onward(&self) -> &str {
        let Self { url, status, location, body } = self;
        location.as_ref().unwrap_or_else(|| panic!("{url} leads nowhere: {status}\n{body}")).as_str()
    }
}
