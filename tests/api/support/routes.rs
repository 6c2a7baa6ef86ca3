//! The routes, for what holds for all of them.

use serde_json::{Value, json};

use super::{Call, Client, minutes_ahead, unknown_id};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    SignedIn,
    Anyone,
}

/// A route of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// `{id}` stands for a task's or a reminder's.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// Whether it reads a JSON body.
    pub(crate) takes_json: bool,
}

const fn route(method: &'static str, path: &'static str, access: Access, takes_json: bool) -> Route {
    Route { method, path, access, takes_json }
}

impl Route {
    /// All that read or change something under `/api`.
    pub(crate) const ALL: [Self; 15] = [
        route("POST", "/api/auth/register", Access::Anyone, true),
        route("POST", "/api/auth/login", Access::Anyone, true),
        route("POST", "/api/auth/logout", Access::Anyone, false),
        route("GET", "/api/user/me", Access::SignedIn, false),
        route("POST", "/api/tasks", Access::SignedIn, true),
        route("GET", "/api/tasks", Access::SignedIn, false),
        route("GET", "/api/tasks/{id}", Access::SignedIn, false),
        route("PUT", "/api/tasks/{id}", Access::SignedIn, true),
        route("DELETE", "/api/tasks/{id}", Access::SignedIn, false),
        route("GET", "/api/tasks/{id}/reminders", Access::SignedIn, false),
        route("POST", "/api/reminders", Access::SignedIn, true),
        route("GET", "/api/reminders", Access::SignedIn, false),
        route("PUT", "/api/reminders/{id}", Access::SignedIn, true),
        route("DELETE", "/api/reminders/{id}", Access::SignedIn, false),
        route("GET", "/api/notifications", Access::SignedIn, false),
    ];

    /// Those that need a signed-in user.
    pub(crate) fn signed_in() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.access == Access::SignedIn)
    }

    /// Those that read a JSON body.
    pub(crate) fn with_json() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.takes_json)
    }

    /// Those that take the id of a thing.
    pub(crate) fn with_id() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.path.contains("{id}"))
    }

    /// Whether the thing is a task; else it is a reminder.
    pub(crate) fn is_about_tasks(self) -> bool {
        self.path.starts_with("/api/tasks")
    }

    /// The path for the thing of this id.
    pub(crate) fn path_of(self, id: &str) -> String {
        self.path.replace("{id}", id)
    }

    /// A call without a body, about a thing that nobody has.
    pub(crate) fn bare_call(self, client: &Client) -> Call {
        client.call(self.method, &self.path_of(&unknown_id()))
    }

    /// A call with a body that the route would take, about a thing that nobody has.
    pub(crate) fn call(self, client: &Client) -> Call {
        self.call_about(client, &unknown_id())
    }

    /// A call with a body that the route would take, about the thing of this id.
    pub(crate) fn call_about(self, client: &Client, id: &str) -> Call {
        let call = client.call(self.method, &self.path_of(id));
        if self.takes_json { call.json(&self.good_body()) } else { call }
    }

    fn good_body(self) -> Value {
        match (self.method, self.path) {
            (_, "/api/auth/register") => {
                json!({"name": "Asha Rao", "email": super::unique_email(), "password": super::PASSWORD})
            }
            (_, "/api/auth/login") => json!({"email": super::unique_email(), "password": super::PASSWORD}),
            (_, path) if path.starts_with("/api/tasks") => json!({"title": "Water the ferns"}),
            ("POST", _) => json!({"taskId": unknown_id(), "scheduledAt": minutes_ahead(100)}),
            _ => json!({"message": "Two cups"}),
        }
    }
}
