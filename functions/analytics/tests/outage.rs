//! Analytics while the table fails.

use analytics::{get, streaks};
use shared::store::Store;
use test_support::api::{answer, app, body, route, status};
use test_support::{Answer, Scripted, TABLE, World};

#[tokio::test]
async fn a_table_that_fails_is_reported_in_the_words_of_the_original() {
    let (world, table) = (World::new().await, Scripted::new(vec![Answer::broken()]).await);
    let app = app(Store::new(&table.sdk(), TABLE.to_owned())).await;
    let told = |answer: &_| (status(answer), body(answer)["code"].clone(), body(answer)["message"].clone());
    let unavailable = |message: &str| (503, "UNAVAILABLE".into(), message.into());
    let of = route(get::OPERATION);
    let totals = answer(&app, &of, get::handle, world.event(&of, "192.0.2.1")).await;
    assert_eq!(told(&totals), unavailable("Failed to fetch analytics"));
    let of = route(streaks::OPERATION);
    let days = answer(&app, &of, streaks::handle, world.event(&of, "192.0.2.1")).await;
    assert_eq!(told(&days), unavailable("Failed to fetch streaks"));
}
