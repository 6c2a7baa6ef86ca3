//! `GET /api/user/me`

use serde_json::json;

use crate::support::{App, instant, names, now};

#[tokio::test]
async fn a_user_sees_their_own_account() {
    let user = App::new().user_named("Zoë O'Connor").await;
    let answer = user.get("/api/user/me").await.expect(200);
    let me = &answer.data()["user"];
    let fields = [
        "auth_provider",
        "createdAt",
        "email",
        "email_verified",
        "has_password",
        "id",
        "is_two_factor_enabled",
        "morning_digest",
        "name",
        "timezone",
    ];
    assert_eq!(names(me), fields);
    assert_eq!(me["id"], user.id.as_str());
    assert_eq!(me["name"], "Zoë O'Connor");
    assert_eq!(me["email"], user.email.as_str());
    assert_eq!(me["auth_provider"], "local");
    assert_eq!(me["has_password"], true);
    assert_eq!(me["email_verified"], false);
    assert_eq!(me["is_two_factor_enabled"], false);
    assert_eq!(me["timezone"], "Asia/Kolkata");
    assert_eq!(me["morning_digest"], json!({"enabled": true, "time": "05:00"}));
    let age = now().duration_since(instant(&me["createdAt"]));
    assert!(age.as_secs().abs() < 120, "{age:?}");
}

#[tokio::test]
async fn each_user_sees_themselves() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    for user in [&one, &other] {
        let answer = user.get("/api/user/me").await.expect(200);
        assert_eq!(answer.data()["user"]["email"], user.email.as_str());
    }
}
