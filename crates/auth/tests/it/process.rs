//! The process as a whole.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use testkit::{Database, Postgres, ServiceBuilder, ServiceProcess, eventually};

use crate::api::{Answer, CURRENT, PASSWORD, SIGN_IN, SIGN_UP, credentials};

const READY: Duration = Duration::from_secs(30);
const ANN: &str = "ann@example.com";

/// The binary as a stranger would start it.
fn command(database: &Database, keys: &str) -> ServiceBuilder {
    ServiceProcess::command("auth")
        .env("DATABASE_URL", database.url())
        .env("JWT_KEY", keys)
        .env("COOKIE_SECURE", "false")
        .env("RUST_LOG", "info")
}

async fn start(database: &Database, keys: &str) -> ServiceProcess {
    let auth = command(database, keys).spawn().await.unwrap();
    auth.ready(READY).await.unwrap();
    auth
}

async fn database() -> Database {
    Postgres::shared().await.unwrap().database().await.unwrap()
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

async fn post(auth: &ServiceProcess, path: &str, password: &str) -> Answer {
    post_as(auth, path, ANN, password).await
}

async fn post_as(auth: &ServiceProcess, path: &str, email: &str, password: &str) -> Answer {
    let request =
        client().post(format!("{}{path}", auth.http_url())).header("content-type", "application/json");
    Answer::read(request.body(credentials(email, password)).send().await.unwrap()).await
}

/// The address of the user who is signed in with this cookie, or null.
async fn current(auth: &ServiceProcess, cookie: &str) -> serde_json::Value {
    let request = client().get(format!("{}{CURRENT}", auth.http_url())).header("cookie", cookie);
    Answer::read(request.send().await.unwrap()).await.json()["currentUser"]["email"].take()
}

/// A sample of `/metrics`, 0 if it is not there yet.
async fn metric(auth: &ServiceProcess, series: &str) -> f64 {
    sample(auth, series).await.unwrap_or(0.0)
}

async fn sample(auth: &ServiceProcess, series: &str) -> Option<f64> {
    let (_, text) = auth.get("/metrics").await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_counted_from_0() {
    let auth = start(&database().await, "key").await;
    for series in [
        "signups_total",
        r#"signins_total{outcome="failed"}"#,
        r#"http_requests_total{method="POST",route="/api/users/signin",status="429"}"#,
    ] {
        assert_eq!(sample(&auth, series).await, Some(0.0), "{series}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_without_signing_anybody_out() {
    let database = database().await;
    let before = start(&database, "old").await;
    let old = post(&before, SIGN_UP, PASSWORD).await.cookie;
    assert_eq!(current(&before, &old).await, ANN);

    let both = start(&database, "new,old").await;
    assert_eq!(current(&both, &old).await, ANN);
    let new = post(&both, SIGN_IN, PASSWORD).await;
    assert!(
        new.set_cookie.ends_with("Path=/; HttpOnly; SameSite=Lax"),
        "COOKIE_SECURE=false: {}",
        new.set_cookie
    );

    let after = start(&database, "new").await;
    assert_eq!(current(&after, &new.cookie).await, ANN);
    assert_eq!(current(&after, &old).await, serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_costs_the_same_work_as_a_wrong_password_and_a_refused_attempt_none() {
    let auth = start(&database().await, "key").await;
    post(&auth, SIGN_UP, PASSWORD).await;
    let worked = async || metric(&auth, "password_hash_seconds_count").await;
    assert_eq!(worked().await, 1.0);
    assert_eq!(post(&auth, SIGN_IN, "wrong").await.status, 400);
    assert_eq!(worked().await, 2.0);
    assert_eq!(post_as(&auth, SIGN_IN, "bob@example.com", "wrong").await.status, 400);
    assert_eq!(worked().await, 3.0);
    assert_eq!(post(&auth, SIGN_UP, "abc").await.status, 400);
    assert_eq!(worked().await, 3.0, "a password that is not valid is not hashed");
    for _ in 1..10 {
        post(&auth, SIGN_IN, "wrong").await;
    }
    assert_eq!(worked().await, 12.0);
    assert_eq!(post(&auth, SIGN_IN, PASSWORD).await.status, 429);
    assert_eq!(worked().await, 12.0);
    for (series, expected) in [
        ("signups_total", 1.0),
        (r#"signins_total{outcome="invalid_credentials"}"#, 11.0),
        (r#"signins_total{outcome="too_many_attempts"}"#, 1.0),
    ] {
        assert_eq!(metric(&auth, series).await, expected, "{series}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_users_by_their_ids_and_never_shows_an_address_or_a_password() {
    let auth = start(&database().await, "key").await;
    let user = post(&auth, SIGN_UP, PASSWORD).await.user();
    post(&auth, SIGN_IN, PASSWORD).await;
    for _ in 0..11 {
        post(&auth, SIGN_IN, "wr0ng-password").await;
    }
    for expected in [
        format!("user {user} signed up"),
        format!("user {user} signed in"),
        "too many failed attempts".into(),
    ] {
        eventually("the line is there", READY, async || {
            if auth.log().contains(&expected) { Ok(()) } else { Err(auth.log()) }
        })
        .await;
    }
    let log = auth.log();
    for secret in [ANN, "example.com", PASSWORD, "wr0ng-password", "$argon2"] {
        assert!(!log.contains(secret), "{secret} is in:\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_once_that_a_browser_drops_the_cookie_over_plain_http() {
    for (secure, expected) in [("true", 1), ("false", 0)] {
        let auth = command(&database().await, "key").env("COOKIE_SECURE", secure).spawn().await.unwrap();
        auth.ready(READY).await.unwrap();
        assert_eq!(post(&auth, SIGN_UP, PASSWORD).await.status, 201);
        assert_eq!(post(&auth, SIGN_IN, PASSWORD).await.status, 200);
        auth.terminate().unwrap();
        auth.wait_exit(READY).await.unwrap();
        let log = auth.log();
        assert_eq!(log.matches("signed in over plain HTTP").count(), expected, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_has_the_name_that_older_services_read_if_it_is_told_so() {
    let database = database().await;
    let auth = command(&database, "key").env("SESSION_COOKIE", "express:sess").spawn().await.unwrap();
    auth.ready(READY).await.unwrap();
    let cookie = post(&auth, SIGN_UP, PASSWORD).await.cookie;
    assert!(cookie.starts_with("express:sess="), "{cookie}");
    assert_eq!(current(&auth, &cookie).await, ANN);
    let other = start(&database, "key").await;
    assert_eq!(current(&other, &cookie).await, ANN, "whichever name a service writes, it reads both");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_once_that_many_accounts_fail_from_one_private_address() {
    let database = database().await;
    let auth = start(&database, "key").await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    for (accounts, expected) in [(9, 0), (10, 1), (11, 1)] {
        sqlx::query(
            "insert into attempts
             select 'at:127.0.0.1 user-' || n || '@example.com', 1, now(), '{}'::timestamptz[] from generate_series(1, $1) n
             union all select 'address:127.0.0.1', 50, now(), '{}'::timestamptz[]
             on conflict (key) do update set failures = excluded.failures, since = excluded.since",
        )
        .bind(accounts)
        .execute(&pool)
        .await
        .unwrap();
        assert_eq!(post(&auth, SIGN_UP, "wr0ng").await.status, if accounts == 9 { 201 } else { 400 });
        let log = auth.log();
        assert_eq!(log.matches("from the private address 127.0.0.1").count(), expected, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_once_that_nobody_believes_a_proxy_which_is_there() {
    for (hops, expected) in [("0", 1), ("1", 0)] {
        let auth = command(&database().await, "key").env("TRUSTED_PROXY_HOPS", hops).spawn().await.unwrap();
        auth.ready(READY).await.unwrap();
        post(&auth, SIGN_IN, "wrong").await;
        for _ in ["once", "again"] {
            let request = client().post(format!("{}{SIGN_IN}", auth.http_url()));
            let request = request.header("x-forwarded-for", "192.0.2.1");
            let request = request.header("content-type", "application/json").body(credentials(ANN, PASSWORD));
            assert_eq!(request.send().await.unwrap().status(), 400);
        }
        auth.terminate().unwrap();
        auth.wait_exit(READY).await.unwrap();
        let log = auth.log();
        assert_eq!(log.matches("TRUSTED_PROXY_HOPS is 0").count(), expected, "{log}");
        assert!(!log.contains("192.0.2.1"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_before_postgres_is_alive_and_gets_ready_by_itself() {
    let postgres = Postgres::start().await.unwrap();
    let database = postgres.database().await.unwrap();
    postgres.stop().await.unwrap();
    let auth = command(&database, "key").spawn().await.unwrap();
    eventually("it says what it waits for", READY, async || match auth.get("/readyz").await {
        Ok((503, text)) if text.contains("postgres") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(auth.get("/livez").await.unwrap().0, 200);
    assert_eq!(auth.get(CURRENT).await.unwrap().0, 200);
    postgres.restart().await.unwrap();
    auth.ready(READY).await.unwrap();
    assert_eq!(post(&auth, SIGN_UP, PASSWORD).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_account_and_exits_0() {
    let database = database().await;
    let auth = start(&database, "key").await;
    let client = client();
    let sign_ups = join_all((0..40).map(async |nth| {
        let request = client.post(format!("{}{SIGN_UP}", auth.http_url()));
        let request = request.header("content-type", "application/json");
        let email = format!("user-{nth}@example.com");
        let answer = request.body(credentials(&email, PASSWORD)).send().await.ok()?;
        (answer.status() == 201).then_some(email)
    }));
    let terminated = async {
        eventually("some have signed up", READY, async || match metric(&auth, "signups_total").await {
            5.0.. => Ok(()),
            other => Err(format!("{other}")),
        })
        .await;
        auth.terminate().unwrap();
        let status = auth.wait_exit(Duration::from_secs(25)).await.unwrap();
        assert_eq!(status.code(), Some(0), "{}", auth.log());
    };
    let (signed_up, ()) = tokio::join!(sign_ups, terminated);
    let signed_up: Vec<String> = signed_up.into_iter().flatten().collect();
    assert!(signed_up.len() >= 5, "{signed_up:?}");
    auth.restart().await.unwrap();
    auth.ready(READY).await.unwrap();
    for email in signed_up {
        assert_eq!(post_as(&auth, SIGN_IN, &email, PASSWORD).await.status, 200, "{email}");
    }
}

#[tokio::test]
async fn every_setting_that_is_missing_or_wrong_is_reported_at_once_with_exit_64() {
    let auth = ServiceProcess::command("auth")
        .env("DATABASE_URL", "mysql://u:s3cret@db/auth")
        .env("JWT_KEY", "hunter2,")
        .env("COOKIE_SECURE", "maybe")
        .env("SESSION_LIFETIME", "30")
        .env("TRUSTED_PROXY_HOPS", "11")
        .env("SHUTDOWN_TIMEOUT", "soon")
        .spawn()
        .await
        .unwrap();
    let status = auth.wait_exit(READY).await.unwrap();
    let log = auth.log();
    assert_eq!(status.code(), Some(64), "{log}");
    for name in [
        "DATABASE_URL",
        "JWT_KEY",
        "COOKIE_SECURE",
        "SESSION_LIFETIME",
        "TRUSTED_PROXY_HOPS",
        "SHUTDOWN_TIMEOUT",
    ] {
        assert!(log.contains(name), "{name} is not in:\n{log}");
    }
    assert!(!log.contains("s3cret") && !log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_their_route_with_a_slash_behind_it_or_none() {
    let database = database().await;
    let auth = start(&database, "key").await;
    for path in [CURRENT.to_owned(), format!("{CURRENT}/")] {
        assert_eq!(auth.get(&path).await.unwrap().0, 200, "{path}");
    }
    assert_eq!(auth.get("/api/users/nothing/").await.unwrap().0, 404);
    let count = async |route: &str, status: u16| {
        let series = format!(r#"http_requests_total{{method="GET",route="{route}",status="{status}"}}"#);
        metric(&auth, &series).await
    };
    assert_eq!((count(CURRENT, 200).await, count("unmatched", 404).await), (2.0, 1.0));
}
