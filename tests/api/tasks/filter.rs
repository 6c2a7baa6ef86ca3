//! `GET /api/tasks`: what a query keeps.

use serde_json::json;

use crate::support::{App, Client, each};

type Query = &'static [(&'static str, &'static str)];

/// A user's tasks, to choose from.
async fn garden(user: &Client) {
    let day = |n: u32| format!("2031-01-0{n}T00:00:00Z");
    for body in [
        json!({"title": "Water the FERNS", "priority": "low", "category": "Garden", "dueDate": day(1)}),
        json!({
            "title": "Mow the lawn", "status": "in-progress", "priority": "high", "category": "Garden", "dueDate": day(2),
        }),
        json!({"title": "Pay rent", "status": "completed", "priority": "high", "category": "Home", "dueDate": day(3)}),
        json!({"title": "Call Meera", "description": "about the ferns", "dueDate": day(4)}),
        json!({"title": "Learn to juggle"}),
    ] {
        user.create_task(body).await;
    }
}

#[tokio::test]
async fn a_query_keeps_what_it_names() {
    let user = App::new().user().await;
    garden(&user).await;
    let (ferns, lawn, rent, meera, juggle) =
        ("Water the FERNS", "Mow the lawn", "Pay rent", "Call Meera", "Learn to juggle");
    // The user's zone is Asia/Kolkata: each task is due at 05:30 of its day.
    let cases: [(Query, &[&str]); 24] = [
        (&[("status", "todo")], &[ferns, meera, juggle]),
        (&[("status", "COMPLETED")], &[rent]),
        (&[("status", "completed"), ("status", "in-progress")], &[lawn, rent]),
        (&[("priority", "high")], &[lawn, rent]),
        (&[("priority", "Low"), ("priority", "high")], &[ferns, lawn, rent]),
        (&[("category", "Garden")], &[ferns, lawn]),
        (&[("category", "Garden"), ("category", "Home")], &[ferns, lawn, rent]),
        (&[("category", "Gardens")], &[]),
        (&[("category", "Garden"), ("priority", "high")], &[lawn]),
        (&[("q", "ferns")], &[ferns, meera]),
        (&[("q", "FeRnS")], &[ferns, meera]),
        (&[("q", "the fern")], &[ferns, meera]),
        (&[("q", "ferns"), ("status", "todo"), ("priority", "low")], &[ferns]),
        (&[("q", ".*")], &[]),
        (&[("dueBefore", "2031-01-02T00:00:00Z")], &[ferns]),
        (&[("dueAfter", "2031-01-03T00:00:00Z")], &[rent, meera]),
        (&[("dueAfter", "2031-01-02T00:00:00Z"), ("dueBefore", "2031-01-04T00:00:00Z")], &[lawn, rent]),
        (&[("dueAfter", "2031-01-02T05:30:00+05:30"), ("dueBefore", "2031-01-02T05:30:00.001+05:30")], &[lawn]),
        (&[("dueAfter", "2031-01-04T00:00:00Z"), ("dueBefore", "2031-01-01T00:00:00Z")], &[]),
        (&[("dueBefore", "2031-01-02")], &[ferns]),
        (&[("dueAfter", "2031-01-03")], &[rent, meera]),
        (&[("dueAfter", "2031-01-02"), ("dueBefore", "2031-01-03")], &[lawn]),
        (&[("dueAfter", "2031-01-02"), ("dueBefore", "2031-01-02T00:00:00Z"), ("sort", "-dueDate")], &[]),
        (&[("status", "todo"), ("sort", "-dueDate")], &[meera, ferns, juggle]),
    ];
    for (query, titles) in cases {
        assert_eq!(each(&user.tasks(query).await, "title"), titles, "{query:?}");
    }
}

#[tokio::test]
async fn a_change_moves_a_task_from_one_filter_to_the_other() {
    let user = App::new().user().await;
    let task = user.task("Water the ferns").await;
    user.complete(&task).await;
    assert!(user.tasks(&[("status", "todo")]).await.is_empty());
    assert_eq!(user.tasks(&[("status", "completed")]).await.len(), 1);
}

#[tokio::test]
async fn text_is_found_beyond_ascii() {
    let user = App::new().user().await;
    user.task("Straße fegen").await;
    user.task("Żurek kochen 🍲").await;
    assert_eq!(each(&user.tasks(&[("q", "straße")]).await, "title"), ["Straße fegen"]);
    assert_eq!(each(&user.tasks(&[("q", "żUREK")]).await, "title"), ["Żurek kochen 🍲"]);
    assert_eq!(each(&user.tasks(&[("q", "🍲")]).await, "title"), ["Żurek kochen 🍲"]);
    for (title, wanted) in [("ΟΔΟΣΗΜΑΝΣΗ", "ΟΔΟΣ"), ("İSTANBUL tatil", "istanbul"), ("Straße fegen", "STRASSE")]
    {
        if title != "Straße fegen" {
            user.task(title).await;
        }
        assert_eq!(each(&user.tasks(&[("q", wanted)]).await, "title"), [title], "{wanted}");
    }
}

#[tokio::test]
async fn a_task_due_on_a_day_is_found_by_that_day() {
    let user = App::new().user().await;
    user.create_task(json!({"title": "Pay rent", "dueDate": "2031-01-15"})).await;
    for (query, found) in [
        (&[("dueAfter", "2031-01-15"), ("dueBefore", "2031-01-16")][..], 1),
        (&[("dueAfter", "2031-01-16")][..], 0),
        (&[("dueBefore", "2031-01-15")][..], 0),
    ] {
        assert_eq!(user.tasks(query).await.len(), found, "{query:?}");
    }
    for bad in ["2031-02-30", "2031-1-5", "15/01/2031"] {
        user.get("/api/tasks").query(&[("dueBefore", bad)]).await.expect_invalid(&["dueBefore"]);
    }
}
