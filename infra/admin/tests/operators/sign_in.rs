//! Who was brought over signs in with the original's password.

use admin::import::{self, Address, Start};
use serde_json::json;
use shared::domain::email::Email;
use shared::domain::zone::Zone;
use shared::http::App;
use test_support::api::{answer, app, body, event, route, status};
use test_support::{World, clock};

use legacy_fixture::{AS_TABLES, Postgres};

const PASSWORD: &str = "Original-pass-1";

async fn login(app: &App, email: &str, password: &str) -> (u16, serde_json::Value) {
    let route = route(auth::login::OPERATION);
    let mut event = event(&route, "192.0.2.1");
    event["body"] = json!(json!({"email": email, "password": password}).to_string());
    let answer = answer(app, &route, auth::login::handle, event).await;
    (status(&answer), body(&answer))
}

async fn hash_of(world: &World, email: &str) -> String {
    let id = world.store.user_id_of(&Email::parse(email).unwrap()).await.unwrap().unwrap();
    let user = world.store.user(id).await.unwrap().unwrap();
    user.password_hash.unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_user_of_the_original_signs_in_with_the_old_password_and_its_hash_is_replaced() {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    // Libraries write the same hash under either name; ten rounds are the original's.
    let people = [("$2a$10$", "asha@example.com"), ("$2b$10$", "bela@example.com")];
    for (prefix, email) in people {
        let hash = bcrypt::hash(PASSWORD, 10).unwrap().replacen("$2b$10$", prefix, 1);
        let insert = "INSERT INTO users (name, email, password) VALUES ('Asha Rao', $1, $2)";
        client.execute(insert, &[&email, &hash]).await.unwrap();
    }
    let (address, zone) = (Address::read(&postgres.url(), None).unwrap(), Zone::parse("Asia/Kolkata").unwrap());
    let report =
        import::run((&world.store, clock::fixed()), &address, &zone, Start::WhereItStopped, None, &mut std::io::sink())
            .await
            .unwrap();
    assert_eq!(report.refused.len() + report.altered.len(), 0, "{report}");
    let app = app(world.store.clone()).await;
    for (prefix, email) in people {
        assert!(hash_of(&world, email).await.starts_with(prefix), "kept as it is");
        assert_eq!(login(&app, email, "Original-pass-2").await.0, 401);
        let (status, answer) = login(&app, email, PASSWORD).await;
        assert_eq!((status, &answer["data"]["user"]["email"]), (200, &json!(email)), "{answer}");
        let replaced = hash_of(&world, email).await;
        assert!(replaced.starts_with("$argon2id$"), "{replaced}");
        assert_eq!(login(&app, email, PASSWORD).await.0, 200, "with the new hash too");
        assert_eq!(hash_of(&world, email).await, replaced);
    }
}

#[tokio::test]
async fn a_password_that_the_original_changed_before_hashing_signs_in_as_it_was_typed() {
    let (world, postgres) = (World::new().await, Postgres::start_at(&clock::now().to_string()).await);
    let client = postgres.client().await;
    client.batch_execute(AS_TABLES).await.unwrap();
    let people = [
        ("dollar@example.com", "$ecret-Pa$$-1", "ecret-Pa-1"),
        ("script@example.com", "<script>x</script>Abc-123456", "Abc-123456"),
        ("space@example.com", " Padded-Pass-1 ", "Padded-Pass-1"),
        ("decomposed@example.com", "Pa\u{308}ssword-42", "Pa\u{308}ssword-42"),
    ];
    for (email, _, stored) in people {
        let insert = "INSERT INTO users (name, email, password) VALUES ('Asha Rao', $1, $2)";
        client.execute(insert, &[&email, &bcrypt::hash(stored, 10).unwrap()]).await.unwrap();
    }
    let (address, zone) = (Address::read(&postgres.url(), None).unwrap(), Zone::parse("Asia/Kolkata").unwrap());
    import::run((&world.store, clock::fixed()), &address, &zone, Start::WhereItStopped, None, &mut std::io::sink())
        .await
        .unwrap();
    let app = app(world.store.clone()).await;
    for (email, typed, _) in people {
        assert_eq!(login(&app, email, &format!("{typed}x")).await.0, 401, "{email}");
        assert_eq!(login(&app, email, typed).await.0, 200, "{email}");
        assert!(hash_of(&world, email).await.starts_with("$argon2id$"), "{email}");
        assert_eq!(login(&app, email, typed).await.0, 200, "{email}: with the new hash too");
    }
}
