//! The queue of login codes and resets: other mail does not hold it up.

use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use crate::support::App;

/// Verification mails of a stranger, which take some seconds to leave.
const FLOOD: usize = 150;

#[tokio::test]
async fn a_flood_of_verification_mails_delays_no_login_code() {
    let app = App::new();
    let (user, flooded) = (app.two_factor_user().await, app.user().await);
    // Every function has run once.
    app.challenge(&user).await;
    let rows = (0..FLOOD).map(|_| {
        let id = Uuid::now_v7().to_string();
        let row = json!({
            "id": {"S": id},
            "userId": {"S": flooded.id},
            "content": {"M": {"kind": {"S": "verification"}, "seed": {"S": Uuid::now_v7()}, "kid": {"S": "1"}}},
            "state": {"S": "queued"},
            "attempts": {"N": "0"},
            "createdAt": {"S": "2026-01-01T00:00:00.000Z"},
        });
        (format!("MAIL#{id}"), row)
    });
    app.cloud().put_rows(&flooded.id, rows.collect()).await;
    let began = Instant::now();
    let challenge = app.challenge(&user).await;
    let took = began.elapsed();
    let left = FLOOD + 1 - app.mailbox.messages(&flooded.email).await.len();
    assert!(took < Duration::from_secs(5), "the code took {took:?}");
    assert!(left > 0, "all of the flood had left before the code: this shows nothing");
    challenge.verify(&challenge.code).await.expect(200);
}
