//! Requests that are forged, malformed or too large.

use reqwest::Method;

use crate::api::{Answer, PASSWORD, SIGN_IN, SIGN_UP, Server, credentials};

const BOTH: [&str; 2] = [SIGN_UP, SIGN_IN];

#[tokio::test]
async fn fields_of_another_type_are_no_fields() {
    let server = Server::new().await;
    for body in [
        "{}",
        "[]",
        "null",
        "7",
        r#""text""#,
        r#"{"email":null,"password":null}"#,
        r#"{"email":7,"password":7777}"#,
        r#"{"email":["ann@example.com"],"password":["s3cret"]}"#,
        r#"{"email":{"$gt":""},"password":{"$gt":""}}"#,
        r#"{"email":"\ud800@example.com","password":"\ud800\ud800\ud800\ud800"}"#,
        r#"{"Email":"ann@example.com","Password":"s3cret"}"#,
    ] {
        let up = server.post(SIGN_UP, body).await;
        up.is(include_str!("../golden/email_and_password_not_valid.http"));
        let into = server.post(SIGN_IN, body).await;
        into.is(include_str!("../golden/email_not_valid_and_password_missing.http"));
    }
}

#[tokio::test]
async fn an_address_that_would_do_harm_elsewhere_is_no_address() {
    let server = Server::new().await;
    server.sign_up("ann@example.com").await;
    for email in [
        "' or 1=1 --@example.com",
        "ann@example.com'; drop table users; --",
        "ann@example.com\u{0}",
        "\u{0}",
        "ann@example.com\r\nSet-Cookie: a=b",
        "<script>@example.com",
        "ann@example.com,bob@example.com",
        "${jndi:ldap://example.com}@example.com",
    ] {
        for path in BOTH {
            let answer = server.post(path, &credentials(email, PASSWORD)).await;
            answer.is(include_str!("../golden/email_not_valid.http"));
        }
    }
    // A legal one, that a statement put together from texts would stumble over.
    server.sign_up("o'brien--@example.com").await;
    let users: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(&server.pool).await.unwrap();
    assert_eq!(users, 2);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let server = Server::new().await;
    let nested = "[".repeat(10_000);
    for path in BOTH {
        for body in ["", "email=a", "{", r#"{"email":}"#, "\u{0}", &nested] {
            server.post(path, body).await.is(include_str!("../golden/body_not_valid.http"));
        }
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonish"] {
            let request = server.request(Method::POST, path).header("content-type", content_type);
            let answer = request.body(credentials("ann@example.com", PASSWORD)).send().await.unwrap();
            Answer::read(answer).await.is(include_str!("../golden/body_not_json.http"));
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_next_request_is_served() {
    let server = Server::new().await;
    for size in [20_000, 1_000_000] {
        for path in BOTH {
            let answer = server.post(path, &credentials("ann@example.com", &"x".repeat(size))).await;
            answer.is(include_str!("../golden/too_large.http"));
        }
    }
    // The longest that is taken at all is nobody's password.
    let answer = server.post(SIGN_IN, &credentials("ann@example.com", &"x".repeat(16_000))).await;
    answer.is(include_str!("../golden/invalid_credentials.http"));
    server.sign_up("ann@example.com").await;
}
