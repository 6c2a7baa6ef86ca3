//! `GET /health` and `GET /`

use crate::support::{App, instant, now};

#[tokio::test]
async fn the_service_is_healthy_and_says_so_to_anyone() {
    let client = App::new().client();
    for path in ["/health", "/"] {
        let answer = client.get(path).await.expect(200);
        let body = answer.json();
        assert_eq!(body["status"], "healthy", "{answer}");
        let age = now().duration_since(instant(&body["timestamp"]));
        assert!(age.as_secs().abs() < 120, "{age:?}");
        assert!(body["uptime"].as_f64().is_some_and(|seconds| seconds >= 0.0), "{answer}");
        for field in ["environment", "version"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}\n{answer}");
        }
        assert!(body["checks"]["database"].is_string() || body["checks"]["database"].is_object(), "{answer}");
        assert!(body.get("success").is_none(), "it is not enveloped: {answer}");
        assert_eq!(answer.cookies_set(), 0);
    }
}

#[tokio::test]
async fn it_tells_no_secrets() {
    let answer = App::new().client().get("/health").await.expect(200);
    let lower = answer.body().to_lowercase();
    for secret in ["secret", "arn:", "spacedly-", "password", "127.0.0.1"] {
        assert!(!lower.contains(secret), "{secret}\n{answer}");
    }
}

#[tokio::test]
async fn monitors_are_not_limited() {
    let client = App::new().client();
    let answers = crate::support::at_once((0..30).map(|_| client.get("/health"))).await;
    for answer in answers {
        assert_eq!(answer.expect(200).header("ratelimit-limit"), None, "it counts nowhere");
    }
}
