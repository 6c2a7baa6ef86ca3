//! The routes, for what holds for all of them.

use serde_json::{Value, json};

use super::{Call, Client, User, a_text, fires_in, id, minutes_ahead, unknown_id};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    SignedIn,
    Anyone,
}

/// What a route reads as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Nothing,
    Json,
    /// JSON that may be left out.
    OptionalJson,
}

/// What a route's `{id}` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Task,
    Reminder,
    Session,
    Notification,
    Attachment,
}

/// The ids of a user's things, one of each.
pub(crate) struct Things {
    pub(crate) task: String,
    pub(crate) reminder: String,
    pub(crate) session: String,
    pub(crate) notification: String,
    pub(crate) attachment: String,
}

impl Things {
    /// Gives a user a task, a reminder and a notification; the session is the user's own.
    pub(crate) async fn of(user: &User) -> Self {
        let task = user.task("Water the ferns").await;
        user.complete(&task).await;
        user.update_task(&task, json!({"status": "todo"})).await.expect(200);
        let notification = user.notifications().await.remove(0);
        let reminder = user.remind(&task, &fires_in(86_400)).await;
        let session = user.current_session().await;
        let announced = user.announce(&task, json!([a_text(1)])).await.expect(201);
        let attachment = announced.list("files").remove(0)["attachment"].clone();
        let [task, reminder, session, notification, attachment] =
            [task, reminder, session, notification, attachment].map(|thing| id(&thing).to_owned());
        Self { task, reminder, session, notification, attachment }
    }

    /// The id of the thing that a route is about.
    pub(crate) fn id_for(&self, route: Route) -> &str {
        match route.about() {
            Thing::Task => &self.task,
            Thing::Reminder => &self.reminder,
            Thing::Session => &self.session,
            Thing::Notification => &self.notification,
            Thing::Attachment => &self.attachment,
        }
    }
}

/// A route of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// `{id}` stands for that of a [`Thing`].
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) reads: Reads,
}

const fn route(method: &'static str, path: &'static str, access: Access, reads: Reads) -> Route {
    Route { method, path, access, reads }
}

impl Route {
    /// All that read or change something under `/api`, but the unsubscribe links, which prove themselves.
    pub(crate) const ALL: [Self; 51] = [
        route("POST", "/api/auth/register", Access::Anyone, Reads::Json),
        route("POST", "/api/auth/login", Access::Anyone, Reads::Json),
        route("POST", "/api/auth/verify-otp", Access::Anyone, Reads::Json),
        route("POST", "/api/auth/resend-otp", Access::Anyone, Reads::OptionalJson),
        route("POST", "/api/auth/forgot-password", Access::Anyone, Reads::Json),
        route("POST", "/api/auth/reset-password", Access::Anyone, Reads::Json),
        route("GET", "/api/auth/google", Access::Anyone, Reads::Nothing),
        route("GET", "/api/auth/google/callback", Access::Anyone, Reads::Nothing),
        route("POST", "/api/auth/refresh", Access::Anyone, Reads::OptionalJson),
        route("POST", "/api/auth/logout", Access::Anyone, Reads::Nothing),
        route("POST", "/api/auth/verify-email", Access::Anyone, Reads::Json),
        route("POST", "/api/auth/resend-verification", Access::SignedIn, Reads::Nothing),
        route("GET", "/api/user/me", Access::SignedIn, Reads::Nothing),
        route("PATCH", "/api/user/me", Access::SignedIn, Reads::Json),
        route("DELETE", "/api/user/me", Access::SignedIn, Reads::OptionalJson),
        route("POST", "/api/user/enabled-2fa", Access::SignedIn, Reads::Json),
        route("POST", "/api/user/export", Access::SignedIn, Reads::OptionalJson),
        route("GET", "/api/user/export", Access::SignedIn, Reads::Nothing),
        route("POST", "/api/user/export/open", Access::SignedIn, Reads::Json),
        route("GET", "/api/user/sessions", Access::SignedIn, Reads::Nothing),
        route("DELETE", "/api/user/sessions", Access::SignedIn, Reads::Nothing),
        route("DELETE", "/api/user/sessions/{id}", Access::SignedIn, Reads::Nothing),
        route("POST", "/api/user/change-password", Access::SignedIn, Reads::Json),
        route("POST", "/api/user/set-password", Access::SignedIn, Reads::Json),
        route("POST", "/api/tasks", Access::SignedIn, Reads::Json),
        route("GET", "/api/tasks", Access::SignedIn, Reads::Nothing),
        route("GET", "/api/tasks/{id}", Access::SignedIn, Reads::Nothing),
        route("PUT", "/api/tasks/{id}", Access::SignedIn, Reads::Json),
        route("DELETE", "/api/tasks/{id}", Access::SignedIn, Reads::Nothing),
        route("GET", "/api/tasks/{id}/reminders", Access::SignedIn, Reads::Nothing),
        route("POST", "/api/tasks/{id}/skip", Access::SignedIn, Reads::OptionalJson),
        route("GET", "/api/tasks/{id}/occurrences", Access::SignedIn, Reads::Nothing),
        route("PUT", "/api/tasks/{id}/plan", Access::SignedIn, Reads::Json),
        route("DELETE", "/api/tasks/{id}/plan", Access::SignedIn, Reads::Nothing),
        route("POST", "/api/tasks/{id}/attachments", Access::SignedIn, Reads::Json),
        route("POST", "/api/attachments/{id}", Access::SignedIn, Reads::Json),
        route("GET", "/api/attachments/{id}", Access::SignedIn, Reads::Nothing),
        route("DELETE", "/api/attachments/{id}", Access::SignedIn, Reads::Nothing),
        route("POST", "/api/reminders", Access::SignedIn, Reads::Json),
        route("GET", "/api/reminders", Access::SignedIn, Reads::Nothing),
        route("PUT", "/api/reminders/{id}", Access::SignedIn, Reads::Json),
        route("DELETE", "/api/reminders/{id}", Access::SignedIn, Reads::Nothing),
        route("POST", "/api/reminders/{id}/snooze", Access::SignedIn, Reads::Json),
        route("POST", "/api/reminders/{id}/review", Access::SignedIn, Reads::Json),
        route("GET", "/api/notifications", Access::SignedIn, Reads::Nothing),
        route("GET", "/api/notifications/count", Access::SignedIn, Reads::Nothing),
        route("PATCH", "/api/notifications/read-all", Access::SignedIn, Reads::Nothing),
        route("PATCH", "/api/notifications/{id}/read", Access::SignedIn, Reads::Nothing),
        route("DELETE", "/api/notifications/{id}", Access::SignedIn, Reads::Nothing),
        route("GET", "/api/analytics", Access::SignedIn, Reads::Nothing),
        route("GET", "/api/analytics/streaks", Access::SignedIn, Reads::Nothing),
    ];

    /// Those that need a signed-in user.
    pub(crate) fn signed_in() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.access == Access::SignedIn)
    }

    /// Those that read a JSON body.
    pub(crate) fn with_json() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.reads != Reads::Nothing)
    }

    /// Those that change something.
    pub(crate) fn unsafe_ones() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.method != "GET")
    }

    /// Those that take the id of a thing.
    pub(crate) fn with_id() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|route| route.path.contains("{id}"))
    }

    /// What its `{id}` stands for.
    pub(crate) fn about(self) -> Thing {
        if self.path.starts_with("/api/tasks") || (self.method, self.path) == ("POST", "/api/attachments/{id}") {
            Thing::Task
        } else if self.path.starts_with("/api/attachments") {
            Thing::Attachment
        } else if self.path.starts_with("/api/user/sessions") {
            Thing::Session
        } else if self.path.starts_with("/api/notifications") {
            Thing::Notification
        } else {
            Thing::Reminder
        }
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
        if self.reads == Reads::Nothing { call } else { call.json(&self.good_body()) }
    }

    fn good_body(self) -> Value {
        match (self.method, self.path) {
            (_, "/api/auth/register") => {
                json!({"name": "Asha Rao", "email": super::unique_email(), "password": super::PASSWORD})
            }
            (_, "/api/auth/login") => json!({"email": super::unique_email(), "password": super::PASSWORD}),
            (_, "/api/auth/refresh") => json!({"refreshToken": "a.b.c"}),
            (_, "/api/auth/verify-email" | "/api/user/export/open") => json!({"token": "A".repeat(43)}),
            (_, "/api/auth/verify-otp") => {
                json!({"email": super::unique_email(), "otp": "123456", "challengeId": unknown_id()})
            }
            (_, "/api/auth/resend-otp") => json!({"challengeId": unknown_id()}),
            (_, "/api/auth/forgot-password") => json!({"email": super::unique_email()}),
            (_, "/api/auth/reset-password") => json!({"token": "A".repeat(43), "password": "Another-Pass-1"}),
            ("DELETE", "/api/user/me") => json!({"password": super::PASSWORD}),
            (_, "/api/user/me") => json!({"name": "Somebody Else"}),
            (_, "/api/user/enabled-2fa") => json!({"is_Enabled": true}),
            (_, "/api/user/export") => json!({"password": super::PASSWORD}),
            (_, "/api/user/change-password") => {
                json!({"currentPassword": super::PASSWORD, "newPassword": "Another-Pass-1"})
            }
            (_, "/api/user/set-password") => json!({"password": "Another-Pass-1"}),
            (_, "/api/tasks/{id}/attachments" | "/api/attachments/{id}") => json!({"files": [a_text(1)]}),
            (_, "/api/tasks/{id}/skip") => json!({"occurrence": minutes_ahead(100)}),
            (_, "/api/tasks/{id}/plan") => json!({"kind": "fsrs"}),
            (_, "/api/reminders/{id}/review") => json!({"rating": "good"}),
            (_, path) if path.starts_with("/api/tasks") => json!({"title": "Water the ferns"}),
            (_, "/api/reminders/{id}/snooze") => json!({"minutes": 60}),
            ("POST", _) => json!({"taskId": unknown_id(), "scheduledAt": minutes_ahead(100)}),
            _ => json!({"message": "Two cups"}),
        }
    }
}
