//! `DELETE /api/user/me`
//!
//! That an account without a password needs a session of the last ten minutes takes ten minutes to see; that such a
//! session suffices is in `auth::google`.

use serde_json::{Value, json};

use crate::support::{
    Answer, App, Call, Client, PASSWORD, User, at_once, eventually, fires_in, id, minutes_ahead, text,
};

const PATH: &str = "/api/user/me";

fn delete(client: &Client, password: &str) -> Call {
    client.delete(PATH).json(&json!({"password": password}))
}

#[track_caller]
fn assert_deleted(answer: Answer) -> Answer {
    let answer = answer.expect(200).saying("Account deleted successfully");
    assert_eq!(*answer.data(), json!({}));
    answer
}

/// Waits until the table has nothing of the user's.
async fn assert_nothing_left(app: &App, user_id: &str) {
    let cloud = app.cloud();
    eventually(&format!("all rows of {user_id} go"), async || cloud.rows_of(user_id).await.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn the_account_is_gone_and_the_browser_signed_out() {
    let app = App::new();
    let user = app.user().await;
    let (browser, tokens) = app.browser(&user).await;
    assert_deleted(delete(&browser, PASSWORD).await).assert_cookies_cleared();
    app.assert_ended(&tokens).await;
    app.assert_ended(&user.tokens).await;
    app.client().login(&user.email, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
pub(crate) async fn tokens_of_the_account_read_and_write_nothing_any_more() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let reminder = user.remind(&task, &fires_in(86_400)).await;
    let (device, tokens) = app.another_device(&user).await;
    assert_deleted(delete(&user, PASSWORD).await);

    for client in [&*user, &device] {
        client.get(PATH).await.expect_unauthorized();
        client.post("/api/tasks", json!({"title": "Too late"})).await.expect_unauthorized();
        let body = json!({"taskId": id(&task), "scheduledAt": fires_in(600)});
        for call in [
            client.update_task(&task, json!({"title": "Too late"})),
            client.delete_task(&task),
            client.post("/api/reminders", body),
            client.update_reminder(&reminder, json!({"message": "Too late"})),
            client.delete_reminder(&reminder),
        ] {
            // What the cleaner has removed by now is not found.
            let answer = call.await;
            assert!([401, 404].contains(&answer.status()), "{answer}");
        }
        client.patch(PATH, json!({"name": "Too Late"})).await.expect_unauthorized();
        delete(client, PASSWORD).await.expect_unauthorized();
    }
    // A refused token counts as a failed sign-in of the account, so each of these is tried once.
    user.post("/api/user/enabled-2fa", json!({"is_Enabled": true})).await.expect_unauthorized();
    device.call("POST", "/api/user/export").await.expect_unauthorized();
    app.client().refresh(&tokens.refresh).await.expect_unauthorized();
    assert_nothing_left(&app, &user.id).await;
    // What is still read with a token that has not expired is nothing.
    for (path, list) in
        [("/api/tasks", "tasks"), ("/api/reminders", "reminders"), ("/api/notifications", "notifications")]
    {
        let answer = device.get(path).await;
        assert!(answer.status() == 401 || answer.list(list).is_empty(), "{answer}");
    }
    assert_ne!(device.get(&format!("/api/tasks/{}", id(&task))).await.status(), 200);
}

#[tokio::test]
async fn the_address_is_free_at_once() {
    let app = App::new();
    let user = app.user().await;
    user.task("Water the ferns").await;
    assert_deleted(delete(&user, PASSWORD).await);
    let answer = app.client().register("Somebody New", &user.email, "Harbour-77-gull").await.expect(201);
    let new_id = text(&answer.data()["user"], "id").to_owned();
    assert_ne!(new_id, user.id);
    app.client().login(&user.email, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    let tokens = app.client().tokens(&user.email, "Harbour-77-gull").await;
    let new = app.client().bearer(&tokens.access);
    assert_eq!(new.me().await["name"], "Somebody New");
    assert!(new.tasks(&[]).await.is_empty() && new.notifications().await.is_empty());
    // The old account's cleaning leaves the new one alone.
    assert_nothing_left(&app, &user.id).await;
    app.assert_alive(&tokens).await;
    user.get(PATH).await.expect_unauthorized();
}

#[tokio::test]
async fn all_that_was_the_user_s_goes() {
    let app = App::new();
    let user = app.two_factor_user().await;
    app.challenge(&user).await;
    let mut reminders = Vec::new();
    for n in 0..4 {
        let task = user.task(&format!("Task {n}")).await;
        reminders.push(user.remind(&task, &fires_in(86_400)).await);
        user.remind(&task, &minutes_ahead(30)).await;
    }
    let done = user.task("Done").await;
    user.complete(&done).await;
    let cloud = app.cloud();
    for reminder in &reminders {
        let what = format!("{} is scheduled", id(reminder));
        eventually(&what, async || (cloud.schedules_of(id(reminder)).await.len() == 1).then_some(())).await;
    }
    assert!(cloud.rows_of(&user.id).await.len() > 10, "there is something to delete");

    assert_deleted(delete(&user, PASSWORD).await);
    assert_nothing_left(&app, &user.id).await;
    for reminder in &reminders {
        let what = format!("the schedule of {} goes", id(reminder));
        eventually(&what, async || cloud.schedules_of(id(reminder)).await.is_empty().then_some(())).await;
    }
}

#[tokio::test]
async fn more_than_one_batch_of_rows_goes() {
    let app = App::new();
    let user = app.user().await;
    for _ in 0..3 {
        let create = |n: usize| user.post("/api/tasks", json!({"title": format!("Task {n}")}));
        for answer in at_once((0..30).map(create)).await {
            answer.expect(201);
        }
    }
    assert_deleted(delete(&user, PASSWORD).await);
    assert_nothing_left(&app, &user.id).await;
}

#[tokio::test]
async fn an_export_s_file_goes_too() {
    let app = App::new();
    let user = app.user().await;
    user.call("POST", "/api/user/export").await.expect(202);
    let url = eventually("the export is ready", async || {
        let export = user.get("/api/user/export").await.expect(200).data().clone();
        export["url"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(app.web().get(&url).await.status, 200);
    let mail = app.mailbox.wait_for(&user.email, "Your Data Export").await;
    let token = mail.token_of("/settings?export=").expect("a token");
    assert_deleted(delete(&user, PASSWORD).await);
    eventually("the file goes", async || (app.web().get(&url).await.status != 200).then_some(())).await;
    let open = |client: &Client| client.post("/api/user/export/open", json!({"token": token}));
    open(&user).await.expect_unauthorized();
    let stranger = app.user().await;
    open(&stranger).await.expect_error(400, "INVALID_TOKEN");
}

#[tokio::test]
async fn nothing_of_another_user_goes() {
    let app = App::new();
    let (user, other) = (app.user().await, app.user().await);
    let task = other.task("Still here").await;
    let reminder = other.remind(&task, &fires_in(86_400)).await;
    let before = (other.me().await, other.tasks(&[]).await, other.reminders().await, other.sessions().await);
    assert_deleted(delete(&user, PASSWORD).await);
    assert_nothing_left(&app, &user.id).await;
    let after = (other.me().await, other.tasks(&[]).await, other.reminders().await, other.sessions().await);
    assert_eq!(after, before);
    app.assert_alive(&other.tokens).await;
    assert_eq!(app.cloud().schedules_of(id(&reminder)).await.len(), 1);
}

#[tokio::test]
pub(crate) async fn what_was_mailed_before_is_void() {
    let app = App::new();
    let user = app.two_factor_user().await;
    let verification = app.mailbox.verification_token(&user.email, &[]).await;
    let reset = app.reset_token(&user.email).await;
    let challenge = app.challenge(&user).await;
    assert_deleted(delete(&user, PASSWORD).await);

    let verify = || {
        let proof = json!({"token": verification, "password": PASSWORD});
        app.client().post("/api/auth/verify-email", proof)
    };
    verify().await.expect_error(400, "INVALID_TOKEN");
    app.client().reset(&reset, "Harbour-77-gull").await.expect_error(400, "INVALID_RESET_TOKEN");
    challenge.verify(&challenge.code).await.expect_error(400, "INVALID_OTP");

    // Nor do they open an account that somebody else makes with the address.
    app.client().register("Somebody New", &user.email, PASSWORD).await.expect(201);
    app.client().reset(&reset, "Harbour-77-gull").await.expect_error(400, "INVALID_RESET_TOKEN");
    verify().await.expect_error(400, "INVALID_TOKEN");
    challenge.verify_from(&app.client(), &challenge.code).await.expect_error(400, "INVALID_OTP");
    let tokens = app.client().tokens(&user.email, PASSWORD).await;
    let new = app.client().bearer(&tokens.access);
    assert_eq!(new.me().await["email_verified"], false);
    assert_eq!(new.sessions().await.len(), 1);
    assert_nothing_left(&app, &user.id).await;
}

#[tokio::test]
async fn no_reminder_goes_out_afterwards() {
    let app = App::new();
    let (user, witness) = (app.user().await, app.user().await);
    let task = user.task("Vanishing").await;
    user.remind(&task, &fires_in(4)).await;
    assert_deleted(delete(&user, PASSWORD).await);
    // One that was to go out later has gone out: that of the deleted user would have, too.
    let other = witness.task("Later").await;
    witness.remind(&other, &fires_in(8)).await;
    app.mailbox.wait_for(&witness.email, "Reminder: Later is due soon").await;
    assert!(app.mailbox.about(&user.email, "Reminder: Vanishing is due soon").await.is_empty());
    assert_nothing_left(&app, &user.id).await;
}

#[tokio::test]
async fn the_password_is_asked_for() {
    let app = App::new();
    let user = app.user().await;
    let before = user.me().await;
    user.delete(PATH).await.expect_invalid(&["password"]);
    user.delete(PATH).json(&json!({})).await.expect_invalid(&["password"]);
    for password in [json!(null), json!({"$ne": null}), json!([PASSWORD])] {
        user.delete(PATH).json(&json!({"password": password})).await.expect_invalid(&["password"]);
    }
    assert_eq!(user.me().await, before);
    app.assert_alive(&user.tokens).await;
    // Of five such requests none is a failed sign-in.
    delete(&user, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn after_five_wrong_passwords_the_right_one_has_to_wait() {
    let user = App::new().user().await;
    for _ in 0..5 {
        delete(&user, "Wrong-Pass-1").await.expect_error(400, "WRONG_PASSWORD");
    }
    delete(&user, PASSWORD).await.expect_error(429, "TOO_MANY_REQUESTS");
    user.task("Still here").await;
}

#[tokio::test]
async fn a_wrong_password_deletes_nothing() {
    let app = App::new();
    let user = app.user().await;
    let task = user.task("Water the ferns").await;
    let upper = PASSWORD.to_uppercase();
    for wrong in ["Wrong-Pass-1", &upper, "x"] {
        let answer = delete(&user, wrong).await.expect_error(400, "WRONG_PASSWORD");
        assert_eq!(answer.cookies_set(), 0, "{answer}");
    }
    assert_eq!(user.tasks(&[]).await, [task]);
    app.client().login(&user.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_ended_session_deletes_nothing() {
    let app = App::new();
    let user = app.user().await;
    let (device, _) = app.another_device(&user).await;
    device.call("POST", "/api/auth/logout").await.expect(200);
    delete(&device, PASSWORD).await.expect_unauthorized();
    app.assert_alive(&user.tokens).await;
}

#[tokio::test]
async fn of_deletions_at_once_one_succeeds() {
    let app = App::new();
    let user = app.user().await;
    // Five attempts are all that an address has.
    let answers = at_once((0..5).map(|_| delete(&user, PASSWORD))).await;
    let deleted = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!(answers.iter().all(|answer| [200, 401, 409].contains(&answer.status())), "{}", show(&answers));
    assert_eq!(deleted, 1, "{}", show(&answers));
    assert_nothing_left(&app, &user.id).await;
}

#[tokio::test]
pub(crate) async fn what_is_written_meanwhile_goes_too() {
    let app = App::new();
    for _ in 0..3 {
        let user: User = app.user().await;
        let task = user.task("Here and gone").await;
        let mut calls: Vec<Call> = vec![delete(&user, PASSWORD)];
        let reminder: Value = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(30)});
        calls.extend((0..4).map(|n| user.post("/api/tasks", json!({"title": format!("Task {n}")}))));
        calls.push(user.post("/api/reminders", reminder));
        calls.push(user.call("POST", "/api/user/export"));
        calls.push(user.update_task(&task, json!({"status": "completed"})));
        calls.push(app.client().login(&user.email, PASSWORD));
        let answers = at_once(calls).await;
        if answers[0].status() != 200 {
            assert_eq!(answers[0].status(), 409, "{}", answers[0]);
            assert_deleted(delete(&user, PASSWORD).await);
        }
        assert!(answers.iter().all(|answer| answer.status() < 500), "{}", show(&answers));
        assert_nothing_left(&app, &user.id).await;
        app.client().register("Somebody New", &user.email, PASSWORD).await.expect(201);
    }
}

fn show(answers: &[Answer]) -> String {
    answers.iter().map(|answer| format!("{answer}\n")).collect()
}
