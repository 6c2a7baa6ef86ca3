//! `PATCH /api/notifications/read-all`

use crate::support::{App, Client};

async fn read_all(client: &Client) {
    let answer = client.call("PATCH", "/api/notifications/read-all").await.expect(200);
    answer.saying("All notifications marked as read");
}

#[tokio::test]
async fn all_are_read_and_later_ones_are_not() {
    let user = App::new().user().await;
    read_all(&user).await;
    for title in ["First", "Second", "Third"] {
        let task = user.task(title).await;
        user.complete(&task).await;
    }
    read_all(&user).await;
    assert_eq!(user.unread().await, 0);
    assert!(user.notifications().await.iter().all(|one| one["isRead"] == true));
    let task = user.task("Fourth").await;
    user.complete(&task).await;
    let read: Vec<bool> = user.notifications().await.iter().map(|one| one["isRead"] == true).collect();
    assert_eq!((read, user.unread().await), (vec![false, true, true, true], 1));
}

#[tokio::test]
async fn another_user_s_stay_unread() {
    let app = App::new();
    let (one, other) = (app.user().await, app.user().await);
    for user in [&one, &other] {
        let task = user.task("Water the ferns").await;
        user.complete(&task).await;
    }
    read_all(&one).await;
    assert_eq!((one.unread().await, other.unread().await), (0, 1));
}
