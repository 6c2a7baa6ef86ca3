//! What a reminder's mail says.

use serde_json::json;

use crate::support::{App, id, minutes_ahead};

#[tokio::test]
async fn it_holds_what_the_user_needs_to_know() {
    let app = App::new();
    let user = app.verified_user_named("Asha Rao").await;
    let task = user
        .create_task(json!({
            "title": "Water the ferns", "description": "The ones in the hall", "dueDate": "2031-01-15T10:00:00Z",
        }))
        .await;
    let body = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(10), "message": "Two cups each"});
    user.create_reminder(body).await;
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due soon").await;
    for part in [&mail.html, &mail.text] {
        for words in ["Asha Rao", "Water the ferns", "The ones in the hall", "Two cups each", "2031"] {
            assert!(part.contains(words), "{words:?} is not in {part}");
        }
    }
    assert!(!mail.text.contains("</"), "the text part is no HTML: {}", mail.text);
}

#[tokio::test]
async fn markup_arrives_escaped_in_html_and_as_typed_elsewhere() {
    let app = App::new();
    let evil = "<script>alert('x')</script> & <b>bold</b>";
    let user = app.verified_user_named("<i>Mallory</i>").await;
    let task = user.create_task(json!({"title": evil, "description": "<img src=x onerror=alert(1)>"})).await;
    let message = "</td><a href=\"https://evil.example\">click</a>";
    let body = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(10), "message": message});
    user.create_reminder(body).await;
    let mail = app.mailbox.wait_for(&user.email, &format!("Reminder: {evil} is due soon")).await;
    for raw in ["<script>alert", "<b>bold", "<i>Mallory", "<img src=x", "</td><a href=\"https://evil.example\""] {
        assert!(!mail.html.contains(raw), "{raw} is live in {}", mail.html);
    }
    let escaped = ["&lt;script&gt;alert", "&#60;script&#62;alert", "&#x3c;script&#x3e;alert"];
    assert!(escaped.iter().any(|form| mail.html.contains(form)), "the title is gone from {}", mail.html);
    assert!(mail.text.contains(evil), "{}", mail.text);
    assert_eq!(user.task_now(&task).await["title"], evil);
}

#[tokio::test]
async fn to_an_address_that_is_not_verified_it_holds_the_title_and_no_other_text_of_the_user() {
    let app = App::new();
    let user = app.user_named("Win a prize at evil.example").await;
    let task = user
        .create_task(json!({
            "title": "Water the ferns", "description": "At evil.example", "category": "evil.example",
            "dueDate": "2031-01-15T10:00:00Z",
        }))
        .await;
    let body = json!({"taskId": id(&task), "scheduledAt": minutes_ahead(10), "message": "See evil.example"});
    user.create_reminder(body).await;
    let mail = app.mailbox.wait_for(&user.email, "Reminder: Water the ferns is due soon").await;
    for part in [&mail.html, &mail.text] {
        assert!(part.contains("Water the ferns") && part.contains("2031") && !part.contains("evil.example"), "{part}");
    }
}

#[tokio::test]
async fn a_subject_holds_any_script() {
    let app = App::new();
    let user = app.user().await;
    let title = "שלום 🌿 नमस्ते — prüfen";
    let task = user.task(title).await;
    user.remind(&task, &minutes_ahead(10)).await;
    // Isolated (UAX #9), so that its direction does not turn the words around it.
    let mail = app.mailbox.wait_for(&user.email, &format!("Reminder: \u{2068}{title}\u{2069} is due soon")).await;
    assert!(mail.html.contains(title) && mail.text.contains(title), "{mail:?}");
}
