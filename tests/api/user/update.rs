//! `PATCH /api/user/me`

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{App, Call, Client, at_once, instant, minutes_ahead};

fn update(client: &Client, body: Value) -> Call {
    client.patch("/api/user/me", body)
}

#[tokio::test]
async fn an_update_answers_the_account_as_it_is_shown() {
    let user = App::new().user().await;
    let mut wanted = user.me().await;
    let body = json!({
        "name": "Zoë O'Connor", "timezone": "America/New_York", "morning_digest": {"enabled": false, "time": "06:30"},
    });
    for (name, value) in body.as_object().expect("an object") {
        wanted[name] = value.clone();
    }
    let answer = update(&user, body).await.expect(200).saying("User updated successfully");
    assert_eq!(*answer.data(), json!({"user": wanted}));
    assert_eq!(user.me().await, wanted);
}

#[tokio::test]
async fn only_the_fields_sent_change() {
    let user = App::new().user().await;
    let mut wanted = user.me().await;
    for (body, at, value) in [
        (json!({"name": "Zoë O'Connor"}), "/name", json!("Zoë O'Connor")),
        (json!({"timezone": "Europe/Berlin"}), "/timezone", json!("Europe/Berlin")),
        (json!({"morning_digest": {"enabled": false}}), "/morning_digest/enabled", json!(false)),
        (json!({"morning_digest": {"time": "21:45"}}), "/morning_digest/time", json!("21:45")),
        (json!({"morning_digest": {"enabled": true}}), "/morning_digest/enabled", json!(true)),
        (json!({"morning_digest": {}}), "/morning_digest/enabled", json!(true)),
        (json!({"morning_digest": {"enabled": null, "time": ""}}), "/morning_digest/time", json!("21:45")),
        (json!({"timezone": "", "morning_digest": null}), "/timezone", json!("Europe/Berlin")),
        (json!({"timezone": null}), "/timezone", json!("Europe/Berlin")),
        (json!({}), "/morning_digest/enabled", json!(true)),
    ] {
        *wanted.pointer_mut(at).expect("the field") = value;
        assert_eq!(update(&user, body.clone()).await.expect(200).data()["user"], wanted, "{body}");
        assert_eq!(user.me().await, wanted, "{body}");
    }
}

#[tokio::test]
async fn what_is_not_the_user_s_to_change_is_ignored() {
    let app = App::new();
    let user = app.user().await;
    let before = user.me().await;
    let body = json!({
        "id": crate::support::unknown_id(), "email": "other@example.com", "email_verified": true,
        "is_two_factor_enabled": true, "auth_provider": "google", "has_password": false, "password": "Another-Pass-1",
        "createdAt": "2020-01-01T00:00:00Z", "role": "admin",
    });
    assert_eq!(update(&user, body).await.expect(200).data()["user"], before);
    assert_eq!(user.me().await, before);
    app.client().login(&user.email, crate::support::PASSWORD).await.expect(200);
}

#[tokio::test]
async fn another_user_stays_as_they_are() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let before = other.me().await;
    update(&user, json!({"name": "Zoë", "timezone": "UTC"})).await.expect(200);
    assert_eq!(other.me().await, before);
}

#[tokio::test]
async fn an_unknown_zone_is_refused() {
    let user = App::new().user().await;
    for zone in [
        "Mars/Olympus",
        "Asia",
        "+05:30",
        "Asia/Kolkata/x",
        "../../etc/passwd",
        "Europe/Berlin; --",
        "🌍",
        "Etc/Unknown",
        "Factory",
        "factory",
    ] {
        let answer = update(&user, json!({"timezone": zone})).await.expect_invalid(&["timezone"]);
        answer.saying("Timezone must be an IANA time zone");
    }
    for value in [json!(330), json!({"$ne": null}), json!(["UTC"])] {
        update(&user, json!({"timezone": value})).await.expect_invalid(&["timezone"]);
    }
    assert_eq!(user.me().await["timezone"], "Asia/Kolkata");
}

#[tokio::test]
async fn zones_all_over_the_world_are_known() {
    let user = App::new().user().await;
    let far = ["UTC", "Pacific/Kiritimati", "America/Argentina/Buenos_Aires", "Australia/Lord_Howe", "Asia/Kathmandu"];
    // The last ones are other names of the same rules, as browsers of different age give them.
    for zone in far.into_iter().chain(["Europe/Kiev", "Europe/Kyiv", "Asia/Calcutta", "Asia/Kolkata"]) {
        update(&user, json!({"timezone": zone})).await.expect(200);
        assert_eq!(user.me().await["timezone"], zone);
    }
}

#[tokio::test]
async fn a_plain_due_date_ends_the_day_in_the_new_zone() {
    let user = App::new().user().await;
    let due = async || instant(&user.create_task(json!({"title": "Due", "dueDate": "2031-01-15"})).await["dueDate"]);
    let before = user.create_task(json!({"title": "Before the move", "dueDate": "2031-01-15"})).await;
    for (zone, midnight) in [("America/New_York", "2031-01-16T05:00:00Z"), ("Pacific/Auckland", "2031-01-15T11:00:00Z")]
    {
        update(&user, json!({"timezone": zone})).await.expect(200);
        let (due, midnight): (Timestamp, Timestamp) = (due().await, midnight.parse().expect("an instant"));
        assert!(due < midnight && midnight.duration_since(due).as_millis() <= 1000, "{zone}: {due}");
    }
    assert_eq!(user.task_now(&before).await, before, "what was an instant stays one");
}

#[tokio::test]
async fn the_digest_s_time_is_hours_and_minutes() {
    let user = App::new().user().await;
    let set = |time: Value| update(&user, json!({"morning_digest": {"time": time}}));
    for time in ["00:00", "23:59", "09:05", "12:30"] {
        assert_eq!(set(json!(time)).await.expect(200).data()["user"]["morning_digest"]["time"], time);
    }
    for time in [
        "24:00", "25:00", "12:60", "5:00", "05:0", "0500", "05:00:00", "05.00", "05:00Z", "5 am", "+5:00", "-1:00",
        "0५:00",
    ] {
        let answer = set(json!(time)).await.expect_invalid(&["morning_digest.time"]);
        answer.saying("Morning digest time must be HH:MM");
    }
    for time in [json!(500), json!(["05:00"]), json!({"$ne": null})] {
        set(time).await.expect_invalid(&["morning_digest.time"]);
    }
    assert_eq!(user.me().await["morning_digest"], json!({"enabled": true, "time": "12:30"}));
}

#[tokio::test]
async fn a_bad_field_is_named() {
    let user = App::new().user().await;
    let before = user.me().await;
    let mut cases = vec![];
    let long = "a".repeat(256);
    for name in ["", "A", "   ", "Asha\u{0}Rao", "Asha\r\nBcc: x@example.com", &long] {
        cases.push((json!({"name": name}), "name"));
    }
    for name in [json!(null), json!(7), json!(["Asha Rao"]), json!({"$ne": null})] {
        cases.push((json!({"name": name}), "name"));
    }
    for enabled in [json!("true"), json!(1), json!([])] {
        cases.push((json!({"morning_digest": {"enabled": enabled}}), "morning_digest.enabled"));
    }
    for digest in [json!(true), json!("05:00"), json!([])] {
        cases.push((json!({"morning_digest": digest}), "morning_digest"));
    }
    for (body, field) in cases {
        update(&user, body).await.expect_invalid(&[field]);
    }
    assert_eq!(user.me().await, before);
}

#[tokio::test]
async fn every_bad_field_is_named_and_the_good_ones_do_not_change() {
    let user = App::new().user().await;
    let before = user.me().await;
    let bad = json!({"name": "A", "timezone": "Mars/Olympus", "morning_digest": {"enabled": "yes", "time": "25:00"}});
    let all = ["name", "timezone", "morning_digest.enabled", "morning_digest.time"];
    update(&user, bad).await.expect_invalid(&all);
    let one = json!({"name": "Zoë O'Connor", "timezone": "UTC", "morning_digest": {"enabled": false, "time": "25:00"}});
    update(&user, one).await.expect_invalid(&["morning_digest.time"]);
    assert_eq!(user.me().await, before);
}

#[tokio::test]
async fn a_name_is_trimmed_and_bounded_as_at_registration() {
    let user = App::new().user().await;
    for (typed, stored) in
        [("  Zoe\u{308} ", "Zoë".to_owned()), ("Al", "Al".to_owned()), (&"é".repeat(255), "é".repeat(255))]
    {
        assert_eq!(update(&user, json!({"name": typed})).await.expect(200).data()["user"]["name"], stored);
    }
}

#[tokio::test]
async fn mails_address_the_user_by_the_new_name() {
    let app = App::new();
    let user = app.verified_user_named("Asha Rao").await;
    update(&user, json!({"name": "Zoë Fernhill"})).await.expect(200);
    let task = user.task("Water the ferns").await;
    user.remind(&task, &minutes_ahead(10)).await;
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due soon").await;
    assert!(mail.text.contains("Zoë Fernhill") && !mail.text.contains(&user.name), "{mail:?}");
}

#[tokio::test]
async fn updates_of_different_fields_at_once_are_all_kept() {
    let user = App::new().user().await;
    let bodies = [
        json!({"name": "Zoë O'Connor"}),
        json!({"timezone": "Europe/Berlin"}),
        json!({"morning_digest": {"enabled": false}}),
        json!({"morning_digest": {"time": "06:30"}}),
    ];
    for answer in at_once(bodies.map(|body| update(&user, body))).await {
        answer.expect(200);
    }
    let me = user.me().await;
    assert_eq!((&me["name"], &me["timezone"]), (&json!("Zoë O'Connor"), &json!("Europe/Berlin")));
    assert_eq!(me["morning_digest"], json!({"enabled": false, "time": "06:30"}));
}
