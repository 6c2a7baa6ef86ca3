//! Text is stored as typed: trimmed, composed, counted in characters, never mangled.

use serde_json::json;

use crate::support::{App, each, fires_in, id};

#[tokio::test]
async fn text_that_looks_dangerous_comes_back_unchanged() {
    let user = App::new().user().await;
    for text in [
        "<script>alert('x')</script>",
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE tasks; --",
        "{\"$ne\": null}",
        "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
        "../../etc/passwd",
        "%3Cscript%3E &lt;b&gt; &amp;",
        "C:\\new\\table \"quoted\" 'single' `tick`",
        "attribute_not_exists(PK) #name :value",
        "=cmd|' /C calc'!A0",
        "Tom & Jerry",
    ] {
        let task = user.create_task(json!({"title": text, "description": text, "category": text})).await;
        let now = user.task_now(&task).await;
        for field in ["title", "description", "category"] {
            assert_eq!(now[field], text, "{field}");
        }
        let found = user.tasks(&[("category", text), ("q", text)]).await;
        assert_eq!(each(&found, "id"), [id(&task)], "{text}");
    }
}

#[tokio::test]
async fn any_script_and_emoji_are_kept() {
    let user = App::new().user().await;
    for text in [
        "שלום עולם — לקנות חלב",
        "مرحبا بالعالم",
        "\u{202b}RTL\u{202c} mixed",
        "购买牛奶和面包",
        "दूध खरीदें",
        "Zażółć gęślą jaźń",
        "👨‍👩‍👧‍👦 🏳️‍🌈 🇮🇳 ☕️",
        "𝕬𝖘𝖍𝖆 𐍈𐌰",
        "naïve façade ﬁn Ⅷ ½",
    ] {
        let task = user.create_task(json!({"title": text, "description": text})).await;
        let now = user.task_now(&task).await;
        assert_eq!((now["title"].as_str(), now["description"].as_str()), (Some(text), Some(text)));
    }
}

#[tokio::test]
async fn decomposed_letters_come_back_composed() {
    let user = App::new().user().await;
    let task = user
        .create_task(
            json!({"title": "Cafe\u{301} A\u{30a}ngstrom \u{1112}\u{1161}\u{11ab}", "category": "Cafe\u{301}"}),
        )
        .await;
    assert_eq!(task["title"], "Café Ångstrom 한");
    assert_eq!(task["category"], "Café");
    assert_eq!(user.tasks(&[("q", "café")]).await.len(), 1);
    // Whoever types it the other way means the same.
    assert_eq!(user.tasks(&[("category", "Cafe\u{301}")]).await.len(), 1);
    assert_eq!(user.tasks(&[("q", "cafe\u{301}")]).await.len(), 1);
}

#[tokio::test]
async fn text_is_trimmed() {
    let user = App::new().user().await;
    let (title, description, category) = (" \t Water  the ferns \n", "\n\n Two cups \n", "\u{3000}Garden\u{a0}");
    let task = user.create_task(json!({"title": title, "description": description, "category": category})).await;
    assert_eq!(task["title"], "Water  the ferns", "inner spaces stay");
    assert_eq!(task["description"], "Two cups");
    assert_eq!(task["category"], "Garden");
}

#[tokio::test]
async fn control_characters_are_refused() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    for c in ['\u{0}', '\u{1}', '\u{7}', '\u{8}', '\u{b}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9f}'] {
        let text = format!("Water{c}the ferns");
        let body = json!({"title": text, "description": text, "category": text});
        user.post("/api/tasks", body).await.expect_invalid(&["title", "description", "category"]);
        let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "message": text});
        user.post("/api/reminders", body).await.expect_invalid(&["message"]);
    }
    for text in ["Water\nthe ferns", "Water\rthe ferns", "Water\r\nBcc: x@example.com"] {
        user.post("/api/tasks", json!({"title": text})).await.expect_invalid(&["title"]);
    }
    assert_eq!(user.tasks(&[]).await.len(), 1);
}

#[tokio::test]
async fn long_text_has_lines() {
    let user = App::new().user().await;
    let lines = "One\nTwo\r\n\tThree";
    let task = user.create_task(json!({"title": "Water the ferns", "description": lines})).await;
    assert_eq!(task["description"], lines);
    let body = json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "message": lines});
    assert_eq!(user.create_reminder(body).await["message"], lines);
}

#[tokio::test]
async fn lengths_are_counted_in_characters() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    // Four bytes each; two characters that compose into one; spaces around that do not count.
    for (unit, stored) in [("🌿", "🌿"), ("e\u{301}", "é"), ("ß", "ß")] {
        let text = |n: usize| unit.repeat(n);
        let longest = json!({"title": format!(" {} ", text(200)), "description": text(1000), "category": text(50)});
        let created = user.create_task(longest).await;
        assert_eq!(created["title"], stored.repeat(200));
        assert_eq!(created["description"], stored.repeat(1000));
        assert_eq!(created["category"], stored.repeat(50));
        let over = json!({"title": text(201), "description": text(1001), "category": text(51)});
        user.post("/api/tasks", over).await.expect_invalid(&["title", "description", "category"]);

        user.post("/api/tasks", json!({"title": text(2)})).await.expect_invalid(&["title"]);
        assert_eq!(user.create_task(json!({"title": text(3)})).await["title"], stored.repeat(3));

        let reminder = |n: usize| json!({"taskId": id(&task), "scheduledAt": fires_in(86_400), "message": text(n)});
        assert_eq!(user.create_reminder(reminder(500)).await["message"], stored.repeat(500));
        user.post("/api/reminders", reminder(501)).await.expect_invalid(&["message"]);
    }
}
