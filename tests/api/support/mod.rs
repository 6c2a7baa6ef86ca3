//! The clients of the tests, what they get back, the mailbox, the provider that stands in for Google, and the cloud.

mod answer;
mod app;
mod call;
mod client;
mod cloud;
mod contract;
mod google;
pub(crate) mod jwt;
mod mailbox;
mod routes;
mod time;
mod two_factor;
mod upload;
mod web;

pub(crate) use self::answer::Answer;
pub(crate) use self::app::{App, PASSWORD, User, unique_email};
pub(crate) use self::call::{Call, at_once};
pub(crate) use self::client::{Client, Tokens};
pub(crate) use self::google::{Flow, Person, SIGN_IN_FAILED};
pub(crate) use self::mailbox::Mailbox;
pub(crate) use self::routes::{Access, Reads, Route, Thing, Things};
pub(crate) use self::time::{
    assert_as_long, epoch_seconds, eventually, eventually_within, fires_in, instant, minutes_ahead, noon, now,
};
pub(crate) use self::two_factor::Challenge;
pub(crate) use self::upload::{a_text, announced, file, put};
pub(crate) use self::web::Web;

use serde_json::Value;

use self::app::variable;
use self::cloud::Cloud;

/// Where the product's app runs in the test stack: the one allowed origin, and where links in mails lead.
pub(crate) const FRONTEND: &str = "http://localhost:8080";

/// A UUID that nothing has.
pub(crate) fn unknown_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The `id` of a task, a reminder, a notification.
#[track_caller]
pub(crate) fn id(thing: &Value) -> &str {
    text(thing, "id")
}

/// A field that must be a text.
#[track_caller]
pub(crate) fn text<'a>(thing: &'a Value, field: &str) -> &'a str {
    thing[field].as_str().unwrap_or_else(|| panic!("`{field}` must be a text in {thing}"))
}

/// The texts of one field of each.
#[track_caller]
pub(crate) fn each<'a>(things: &'a [Value], field: &str) -> Vec<&'a str> {
    things.iter().map(|thing| text(thing, field)).collect()
}

/// The names of an object's fields, in alphabetical order.
#[track_caller]
pub(crate) fn names(thing: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = thing.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
