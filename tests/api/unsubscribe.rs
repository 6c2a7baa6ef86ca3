//! `GET` and `POST /api/unsubscribe`: the links in digests and reminder mails.

use crate::support::{App, User, eventually, minutes_ahead};

/// The path and query of the unsubscribe link in a reminder's mail.
async fn link(app: &App, user: &User) -> String {
    let task = user.task("Water the ferns").await;
    user.remind(&task, &minutes_ahead(10)).await;
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due soon").await;
    let (_, rest) = mail.text.split_once("/api/unsubscribe?token=").expect("a link");
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    format!("/api/unsubscribe?token={token}")
}

async fn has_told(user: &User, title: &str) -> bool {
    user.notifications().await.iter().any(|one| one["title"] == title)
}

#[tokio::test]
async fn one_click_from_anywhere_ends_reminder_mails_and_notifications_go_on() {
    let app = App::new();
    let user = app.user().await;
    let link = link(&app, &user).await;
    for _ in 0..2 {
        let program = app.client().with_header("origin", "https://mail.example");
        program.call("POST", &link).header("content-type", "application/x-www-form-urlencoded").await.expect(200);
    }
    assert!(has_told(&user, "Unsubscribed").await);
    let task = user.task("Call").await;
    let reminder = user.remind(&task, &minutes_ahead(10)).await;
    let over = eventually("the reminder is over", async || {
        user.reminder_now(&reminder).await.filter(|reminder| reminder["status"] == "completed")
    })
    .await;
    assert_eq!(over["delivery"]["state"], "skipped");
    assert_eq!(user.notifications_of(&task, "upcoming").await.len(), 1);
    app.client().call("POST", &format!("{link}&undo=1")).await.expect(200);
    let task = user.task("Write").await;
    user.remind(&task, &minutes_ahead(10)).await;
    app.mailbox.wait_for(&user.email, "Reminder: Write is due soon").await;
    assert!(app.mailbox.about(&user.email, "Reminder: Call is due soon").await.is_empty());
}

#[tokio::test]
async fn looking_at_the_link_only_shows_a_page_with_a_button() {
    let app = App::new();
    let user = app.user().await;
    let link = link(&app, &user).await;
    let page = app.client().get(&link).await.expect_page(200);
    assert!(page.contains("<form method=\"post\"") && page.contains("Unsubscribe?"), "{page}");
    assert!(!page.contains(&user.email) && !page.contains("<script"), "{page}");
    assert!(!has_told(&user, "Unsubscribed").await);
    let page = app.client().call("POST", &link).header("accept", "text/html").await.expect_page(200);
    assert!(page.contains("You are unsubscribed") && page.contains("undo=1"), "{page}");
    let page = app.client().get(&link).await.expect_page(200);
    assert!(page.contains("You are unsubscribed"), "{page}");
}

#[tokio::test]
async fn a_link_that_was_not_given_out_does_nothing() {
    let app = App::new();
    let user = app.user().await;
    let link = link(&app, &user).await;
    let changed = format!("{}{}", &link, "A");
    for bad in [changed.as_str(), "/api/unsubscribe", "/api/unsubscribe?token=", "/api/unsubscribe?token=x%00"] {
        app.client().call("POST", bad).await.expect_error(400, "INVALID_TOKEN");
        let page = app.client().get(bad).await.expect_page(400);
        assert!(page.contains("This link does not work") && !page.contains("<form"), "{page}");
    }
    assert!(!has_told(&user, "Unsubscribed").await);
}
