//! The map of the API: every route, and what differs from the ordinary in each.
//!
//! The ordinary route needs a signed-in user, takes no body, and counts in the limit class `global` only.

use super::limiter::Class;

/// What a route takes as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// Nothing; what is sent is ignored.
    Ignored,
    /// A JSON object of at most [`JSON_MAX`] bytes.
    Json,
    /// The same, or nothing.
    OptionalJson,
    /// The same, or `multipart/form-data` of at most [`MULTIPART_MAX`] bytes.
    JsonOrMultipart,
}

/// Most bytes of a JSON body.
pub const JSON_MAX: usize = 256 * 1024;

/// Most bytes of a multipart body. Lambda takes 6 MB, in Base64.
pub const MULTIPART_MAX: usize = 4 * 1024 * 1024;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A signed-in user.
    SignedIn,
    /// Anyone.
    Anyone,
    /// Anyone; the handler sees who is signed in, if anybody is.
    AnyoneOrSignedIn,
}

/// One route, served by one function.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The function's name everywhere: binary, sample event, router.
    pub function: &'static str,
    /// The method; empty for the catch-all.
    pub method: &'static str,
    /// The path as API Gateway writes it, parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it takes as its body.
    pub body: BodyKind,
    /// The limit class that it counts in besides `global`.
    pub class: Option<Class>,
    /// Whether it counts at all.
    pub is_limited: bool,
    /// Whether other pages and mail programs may post to it: then what it takes proves itself (a signed link).
    pub takes_foreign_posts: bool,
}

impl Route {
    const fn new(function: &'static str, method: &'static str, path: &'static str, body: BodyKind) -> Self {
        Self {
            function,
            method,
            path,
            access: Access::SignedIn,
            body,
            class: None,
            is_limited: true,
            takes_foreign_posts: false,
        }
    }

    const fn get(function: &'static str, path: &'static str) -> Self {
        Self::new(function, "GET", path, BodyKind::Ignored)
    }

    const fn post(function: &'static str, path: &'static str) -> Self {
        Self::new(function, "POST", path, BodyKind::Json)
    }

    const fn put(function: &'static str, path: &'static str) -> Self {
        Self::new(function, "PUT", path, BodyKind::Json)
    }

    const fn patch(function: &'static str, path: &'static str) -> Self {
        Self::new(function, "PATCH", path, BodyKind::Json)
    }

    const fn delete(function: &'static str, path: &'static str) -> Self {
        Self::new(function, "DELETE", path, BodyKind::Ignored)
    }

    const fn fallback(function: &'static str) -> Self {
        Self::new(function, "", "", BodyKind::Ignored).for_anyone()
    }

    const fn for_anyone(mut self) -> Self {
        self.access = Access::Anyone;
        self
    }

    const fn for_anyone_or_signed_in(mut self) -> Self {
        self.access = Access::AnyoneOrSignedIn;
        self
    }

    const fn without_body(mut self) -> Self {
        self.body = BodyKind::Ignored;
        self
    }

    const fn with_optional_body(mut self) -> Self {
        self.body = BodyKind::OptionalJson;
        self
    }

    const fn with_files(mut self) -> Self {
        self.body = BodyKind::JsonOrMultipart;
        self
    }

    const fn limited_as(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }

    const fn with_foreign_posts(mut self) -> Self {
        self.takes_foreign_posts = true;
        self
    }

    const fn unlimited(mut self) -> Self {
        self.is_limited = false;
        self
    }

    /// Whether a request's path is this route's.
    pub fn matches(&self, path: &str) -> bool {
        let mut wanted = self.path.split('/');
        let mut given = path.split('/');
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
                _ => return false,
            }
        }
    }
}

/// `POST /api/auth/register`
pub static AUTH_REGISTER: Route =
    Route::post("auth-register", "/api/auth/register").for_anyone().limited_as(Class::Auth);
/// `POST /api/auth/login`
pub static AUTH_LOGIN: Route = Route::post("auth-login", "/api/auth/login").for_anyone().limited_as(Class::Auth);
/// `POST /api/auth/verify-otp`
pub static AUTH_VERIFY_OTP: Route =
    Route::post("auth-verify-otp", "/api/auth/verify-otp").for_anyone().limited_as(Class::Otp);
/// `POST /api/auth/resend-otp`
pub static AUTH_RESEND_OTP: Route =
    Route::post("auth-resend-otp", "/api/auth/resend-otp").for_anyone().with_optional_body().limited_as(Class::Otp);
/// `POST /api/auth/forgot-password`
pub static AUTH_FORGOT_PASSWORD: Route =
    Route::post("auth-forgot-password", "/api/auth/forgot-password").for_anyone().limited_as(Class::Reset);
/// `POST /api/auth/reset-password`
pub static AUTH_RESET_PASSWORD: Route =
    Route::post("auth-reset-password", "/api/auth/reset-password").for_anyone().limited_as(Class::Reset);
/// `GET /api/auth/google`
pub static AUTH_GOOGLE: Route = Route::get("auth-google", "/api/auth/google").for_anyone().limited_as(Class::Auth);
/// `GET /api/auth/google/callback`
pub static AUTH_GOOGLE_CALLBACK: Route =
    Route::get("auth-google-callback", "/api/auth/google/callback").for_anyone().limited_as(Class::Auth);
/// `POST /api/auth/verify-email`
pub static AUTH_VERIFY_EMAIL: Route =
    Route::post("auth-verify-email", "/api/auth/verify-email").for_anyone().limited_as(Class::Verify);
/// `POST /api/auth/resend-verification`
pub static AUTH_RESEND_VERIFICATION: Route =
    Route::post("auth-resend-verification", "/api/auth/resend-verification").without_body().limited_as(Class::Verify);
/// `POST /api/auth/refresh`
pub static AUTH_REFRESH: Route =
    Route::post("auth-refresh", "/api/auth/refresh").for_anyone().with_optional_body().limited_as(Class::Auth);
/// `POST /api/auth/logout`
pub static AUTH_LOGOUT: Route = Route::post("auth-logout", "/api/auth/logout").for_anyone().without_body();
/// `GET /api/user/me`
pub static USERS_ME: Route = Route::get("users-me", "/api/user/me");
/// `PATCH /api/user/me`
pub static USERS_UPDATE: Route = Route::patch("users-update", "/api/user/me");
/// `DELETE /api/user/me`
pub static USERS_DELETE: Route =
    Route::delete("users-delete", "/api/user/me").with_optional_body().limited_as(Class::Auth);
/// `POST /api/user/enabled-2fa`
pub static USERS_TWO_FACTOR: Route = Route::post("users-two-factor", "/api/user/enabled-2fa");
/// `POST /api/user/export`
pub static USERS_EXPORT: Route = Route::post("users-export", "/api/user/export").without_body();
/// `GET /api/user/export`
pub static USERS_GET_EXPORT: Route = Route::get("users-get-export", "/api/user/export").for_anyone_or_signed_in();
/// `GET /api/user/sessions`
pub static USERS_SESSIONS: Route = Route::get("users-sessions", "/api/user/sessions");
/// `DELETE /api/user/sessions/{id}`
pub static USERS_END_SESSION: Route = Route::delete("users-end-session", "/api/user/sessions/{id}");
/// `DELETE /api/user/sessions`
pub static USERS_END_OTHER_SESSIONS: Route = Route::delete("users-end-other-sessions", "/api/user/sessions");
/// `POST /api/user/change-password`
pub static USERS_CHANGE_PASSWORD: Route =
    Route::post("users-change-password", "/api/user/change-password").limited_as(Class::Auth);
/// `POST /api/user/set-password`
pub static USERS_SET_PASSWORD: Route =
    Route::post("users-set-password", "/api/user/set-password").limited_as(Class::Auth);
/// `POST /api/tasks`
pub static TASKS_CREATE: Route = Route::post("tasks-create", "/api/tasks");
/// `GET /api/tasks`
pub static TASKS_LIST: Route = Route::get("tasks-list", "/api/tasks");
/// `GET /api/tasks/{id}`
pub static TASKS_GET: Route = Route::get("tasks-get", "/api/tasks/{id}");
/// `PUT /api/tasks/{id}`
pub static TASKS_UPDATE: Route = Route::put("tasks-update", "/api/tasks/{id}");
/// `DELETE /api/tasks/{id}`
pub static TASKS_DELETE: Route = Route::delete("tasks-delete", "/api/tasks/{id}");
/// `GET /api/tasks/{id}/reminders`
pub static TASKS_REMINDERS: Route = Route::get("tasks-reminders", "/api/tasks/{id}/reminders");
/// `POST /api/tasks/{id}/attachments`
pub static ATTACHMENTS_CREATE: Route =
    Route::post("attachments-create", "/api/tasks/{id}/attachments").with_files().limited_as(Class::Upload);
/// `POST /api/attachments/{id}`: the same, as the original spells it; the id is the task's.
pub static ATTACHMENTS_CREATE_HERE: Route =
    Route::post("attachments-create", "/api/attachments/{id}").with_files().limited_as(Class::Upload);
/// `GET /api/attachments/{id}`
pub static ATTACHMENTS_GET: Route = Route::get("attachments-get", "/api/attachments/{id}");
/// `DELETE /api/attachments/{id}`
pub static ATTACHMENTS_DELETE: Route = Route::delete("attachments-delete", "/api/attachments/{id}");
/// `POST /api/reminders`
pub static REMINDERS_CREATE: Route = Route::post("reminders-create", "/api/reminders");
/// `GET /api/reminders`
pub static REMINDERS_LIST: Route = Route::get("reminders-list", "/api/reminders");
/// `PUT /api/reminders/{id}`
pub static REMINDERS_UPDATE: Route = Route::put("reminders-update", "/api/reminders/{id}");
/// `DELETE /api/reminders/{id}`
pub static REMINDERS_DELETE: Route = Route::delete("reminders-delete", "/api/reminders/{id}");
/// `GET /api/notifications`
pub static NOTIFICATIONS_LIST: Route = Route::get("notifications-list", "/api/notifications");
/// `GET /api/notifications/count`
pub static NOTIFICATIONS_COUNT: Route = Route::get("notifications-count", "/api/notifications/count");
/// `PATCH /api/notifications/{id}/read`
pub static NOTIFICATIONS_READ: Route =
    Route::patch("notifications-read", "/api/notifications/{id}/read").without_body();
/// `PATCH /api/notifications/read-all`
pub static NOTIFICATIONS_READ_ALL: Route =
    Route::patch("notifications-read-all", "/api/notifications/read-all").without_body();
/// `DELETE /api/notifications/{id}`
pub static NOTIFICATIONS_DELETE: Route = Route::delete("notifications-delete", "/api/notifications/{id}");
/// `GET /api/unsubscribe`
pub static MAIL_SUBSCRIPTION: Route = Route::get("mail-subscription", "/api/unsubscribe").for_anyone();
/// `POST /api/unsubscribe`
pub static MAIL_UNSUBSCRIBE: Route =
    Route::post("mail-unsubscribe", "/api/unsubscribe").for_anyone().without_body().with_foreign_posts();
/// `GET /api/analytics`
pub static ANALYTICS_GET: Route = Route::get("analytics-get", "/api/analytics");
/// `GET /api/analytics/streaks`
pub static ANALYTICS_STREAKS: Route = Route::get("analytics-streaks", "/api/analytics/streaks");
/// `GET /api/openapi.json`
pub static SERVICE_OPENAPI: Route = Route::get("service-openapi", "/api/openapi.json").for_anyone();
/// `GET /api/docs`
pub static SERVICE_DOCS: Route = Route::get("service-docs", "/api/docs").for_anyone();
/// `GET /health`
pub static SERVICE_HEALTH: Route = Route::get("service-health", "/health").for_anyone().unlimited();
/// `GET /`
pub static SERVICE_HEALTH_ROOT: Route = Route::get("service-health", "/").for_anyone().unlimited();
/// Everything else.
pub static SERVICE_FALLBACK: Route = Route::fallback("service-fallback");

/// Every route but the catch-all.
pub static ALL: [&Route; 50] = [
    &AUTH_REGISTER,
    &AUTH_LOGIN,
    &AUTH_VERIFY_OTP,
    &AUTH_RESEND_OTP,
    &AUTH_FORGOT_PASSWORD,
    &AUTH_RESET_PASSWORD,
    &AUTH_GOOGLE,
    &AUTH_GOOGLE_CALLBACK,
    &AUTH_VERIFY_EMAIL,
    &AUTH_RESEND_VERIFICATION,
    &AUTH_REFRESH,
    &AUTH_LOGOUT,
    &USERS_ME,
    &USERS_UPDATE,
    &USERS_DELETE,
    &USERS_TWO_FACTOR,
    &USERS_EXPORT,
    &USERS_GET_EXPORT,
    &USERS_SESSIONS,
    &USERS_END_SESSION,
    &USERS_END_OTHER_SESSIONS,
    &USERS_CHANGE_PASSWORD,
    &USERS_SET_PASSWORD,
    &TASKS_CREATE,
    &TASKS_LIST,
    &TASKS_GET,
    &TASKS_UPDATE,
    &TASKS_DELETE,
    &TASKS_REMINDERS,
    &ATTACHMENTS_CREATE,
    &ATTACHMENTS_CREATE_HERE,
    &ATTACHMENTS_GET,
    &ATTACHMENTS_DELETE,
    &REMINDERS_CREATE,
    &REMINDERS_LIST,
    &REMINDERS_UPDATE,
    &REMINDERS_DELETE,
    &NOTIFICATIONS_LIST,
    &NOTIFICATIONS_COUNT,
    &NOTIFICATIONS_READ,
    &NOTIFICATIONS_READ_ALL,
    &NOTIFICATIONS_DELETE,
    &MAIL_SUBSCRIPTION,
    &MAIL_UNSUBSCRIBE,
    &ANALYTICS_GET,
    &ANALYTICS_STREAKS,
    &SERVICE_OPENAPI,
    &SERVICE_DOCS,
    &SERVICE_HEALTH,
    &SERVICE_HEALTH_ROOT,
];

/// The methods that a path has, for `Allow`; empty for an unknown path.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    ALL.iter().filter(|route| route.matches(path)).map(|route| route.method).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_matches_one_segment_that_is_not_empty() {
        assert!(TASKS_GET.matches("/api/tasks/x"));
        assert!(!TASKS_GET.matches("/api/tasks/"));
        assert!(!TASKS_GET.matches("/api/tasks/x/y"));
        assert!(!TASKS_GET.matches("/api/tasks"));
        assert_eq!(methods_of("/api/tasks/x"), ["GET", "PUT", "DELETE"]);
        assert!(methods_of("/api/nothing").is_empty());
    }
}
