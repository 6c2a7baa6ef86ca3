//! Sessions that an attacker plants in a victim's browser.

use crate::support::{App, PASSWORD, id};

/// The victim logs in while the attacker's cookies are there: it is a new session, of the victim's, and the attacker's
/// cookies stay the attacker's.
pub(super) async fn planted_session() {
    let app = App::new();
    let (victim, attacker) = (app.user().await, app.user().await);
    let (_, planted) = app.browser(&attacker).await;
    let login = app.client().session_cookies(&planted).login(&victim.email, PASSWORD).await.expect(200);
    assert_eq!(login.data()["user"]["id"], victim.id.as_str());
    let given = login.cookie_tokens();
    assert!(given.access != planted.access && given.refresh != planted.refresh);

    let (of_victim, of_attacker) = (app.client().session_cookies(&given), app.client().session_cookies(&planted));
    assert_eq!(of_victim.me().await["id"], victim.id.as_str());
    assert_eq!(of_attacker.me().await["id"], attacker.id.as_str());
    let (own, foreign) = (of_victim.current_session().await, of_attacker.current_session().await);
    assert_ne!(id(&own), id(&foreign), "a login never goes on with a session that was there");
    assert_eq!((victim.sessions().await.len(), attacker.sessions().await.len()), (2, 2));

    // The same with an earlier session of the victim's own: it is not prolonged, a new one begins.
    let again = app.client().session_cookies(&given).login(&victim.email, PASSWORD).await.expect(200).cookie_tokens();
    let newest = app.client().session_cookies(&again).current_session().await;
    assert_ne!(id(&newest), id(&own));
}

/// Two cookies of one name, from a neighbouring domain: whichever counts, the answer is one user's, whole, and a
/// rotation changes that user's session only.
pub(super) async fn shadowed_session() {
    let app = App::new();
    let (victim, attacker) = (app.user().await, app.user().await);
    let (_, planted) = app.browser(&attacker).await;
    let mixed = app.client().cookies(&[
        ("refreshToken", &victim.tokens.refresh),
        ("refreshToken", &planted.refresh),
        ("accessToken", &planted.access),
    ]);
    let given = mixed.call("POST", "/api/auth/refresh").await.expect(200).cookie_tokens();
    let me = app.client().bearer(&given.access).me().await;
    let refreshed = app.client().refresh(&given.refresh).await.expect(200).tokens();
    let again = app.client().bearer(&refreshed.access).me().await;
    assert_eq!(me["id"], again["id"], "both tokens are the same user's");
    assert_eq!(me["id"], victim.id.as_str(), "the first of two cookies counts");
    app.assert_alive(&planted).await;
}
