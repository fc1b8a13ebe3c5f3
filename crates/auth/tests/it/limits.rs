//! How many attempts may fail, and what counts as one.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, Version};
use auth::{
    limit::{PER_ACCOUNT, PER_ADDRESS, WINDOW},
    password::{Passwords, Verdict},
    pruner::{BATCH, Pruner},
};

use crate::api::{Answer, PASSWORD, SIGN_IN, SIGN_UP, Server, credentials, email};

const ANN: &str = "ann@example.com";
const ANNS: &str = "account:ann@example.com";
const HERE: &str = "address:192.0.2.1";

/// Sets the failures of a key, which began so many seconds ago.
async fn set(server: &Server, key: &str, failures: i32, seconds_ago: i32) {
    sqlx::query(
        "insert into attempts values ($1, $2, now() - $3 * interval '1 second', '{}')
         on conflict (key) do update set failures = excluded.failures, since = excluded.since",
    )
    .bind(key)
    .bind(failures)
    .bind(seconds_ago)
    .execute(&server.pool)
    .await
    .unwrap();
}

#[track_caller]
fn is_limited(answer: &Answer, within: u64) {
    answer.is(include_str!("../golden/too_many_attempts.http"));
    let seconds = answer.retry_after.unwrap();
    assert!((1..=within).contains(&seconds), "{seconds} s");
}

#[tokio::test]
async fn after_ten_failures_an_account_is_closed_for_everyone_whether_or_not_there_is_one() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    for account in [ANN, "nobody@example.com"] {
        for nth in 0..PER_ACCOUNT {
            let answer =
                server.post_from(&format!("192.0.2.{nth}"), SIGN_IN, &credentials(account, "wrong")).await;
            answer.is(include_str!("../golden/invalid_credentials.http"));
        }
        for password in ["wrong", PASSWORD] {
            let answer = server.post_from("198.51.100.1", SIGN_IN, &credentials(account, password)).await;
            is_limited(&answer, WINDOW.as_secs());
        }
    }
    assert_eq!(server.failures("address:198.51.100.1").await, 0, "what is refused counts against nobody");
    let other = server.post_from("198.51.100.1", SIGN_IN, &credentials("bob@example.com", "wrong")).await;
    other.is(include_str!("../golden/invalid_credentials.http"));
}

#[tokio::test]
async fn after_fifty_failures_an_address_is_closed_for_signing_in_and_up() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    for nth in 0..PER_ADDRESS {
        let account = format!("user-{nth}@example.com");
        let answer = server.post(SIGN_IN, &credentials(&account, "wrong")).await;
        answer.is(include_str!("../golden/invalid_credentials.http"));
    }
    is_limited(&server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await, WINDOW.as_secs());
    is_limited(&server.post(SIGN_UP, &credentials("new@example.com", PASSWORD)).await, WINDOW.as_secs());
    assert_eq!(server.failures(ANNS).await, 0, "what is refused counts against nobody");
    assert_eq!(server.post_from("192.0.2.2", SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn an_ipv6_network_shares_one_limit() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    set(&server, "address:2001:db8:1:2::/64", PER_ADDRESS, 0).await;
    let wrong = credentials(ANN, "wrong");
    is_limited(&server.post_from("2001:db8:1:2:3:4:5:6", SIGN_IN, &wrong).await, WINDOW.as_secs());
    assert_eq!(server.post_from("2001:db8:1:3::1", SIGN_IN, &wrong).await.status, 400);
    assert_eq!(server.failures("address:2001:db8:1:3::/64").await, 1);
}

#[tokio::test]
async fn a_success_never_counts() {
    let server = Server::new().await;
    set(&server, HERE, PER_ADDRESS - 1, 60).await;
    server.sign_up(ANN).await;
    for _ in 0..=PER_ACCOUNT {
        assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
    }
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (0, PER_ADDRESS - 1));
}

#[tokio::test]
async fn a_success_forgets_the_failures_of_the_account_and_not_those_of_the_address() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    for _ in 1..PER_ACCOUNT {
        server.post(SIGN_IN, &credentials(ANN, "wrong")).await;
    }
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (9, 9));
    assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (0, 9));
}

#[tokio::test]
async fn what_is_wrong_in_its_fields_is_no_attempt() {
    let server = Server::new().await;
    for path in [SIGN_UP, SIGN_IN] {
        server.post(path, &credentials("ann", PASSWORD)).await;
        server.post(path, &credentials(ANN, "")).await;
    }
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (0, 0));
}

#[tokio::test]
async fn an_address_in_use_counts_against_who_asks_and_not_against_the_account() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    for _ in 0..3 {
        server.post(SIGN_UP, &credentials(ANN, PASSWORD)).await;
    }
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (0, 3));
}

#[tokio::test]
async fn failures_count_for_a_quarter_of_an_hour_from_the_first_of_them_on() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let window = WINDOW.as_secs() as i32;
    set(&server, ANNS, PER_ACCOUNT, window - 60).await;
    is_limited(&server.post(SIGN_IN, &credentials(ANN, "wrong")).await, 60);
    set(&server, ANNS, PER_ACCOUNT, window).await;
    server
        .post(SIGN_IN, &credentials(ANN, "wrong"))
        .await
        .is(include_str!("../golden/invalid_credentials.http"));
    assert_eq!(server.failures(ANNS).await, 1, "the count begins again");
}

#[tokio::test]
async fn the_pruner_removes_what_counts_no_more_in_bounded_batches() {
    let server = Server::new().await;
    let window = WINDOW.as_secs() as i32;
    set(&server, ANNS, 3, window - 60).await;
    sqlx::query(
        "insert into attempts select 'account:' || n, 1, now() - $1 * interval '1 second', '{}'
         from generate_series(1, $2) n",
    )
    .bind(window)
    .bind(BATCH as i32 + 5)
    .execute(&server.pool)
    .await
    .unwrap();
    let pruner = Pruner::new(server.store.clone());
    for expected in [BATCH, 5, 0] {
        assert_eq!(pruner.run_once().await.unwrap(), expected);
    }
    assert_eq!(server.failures(ANNS).await, 3);
}

#[tokio::test]
async fn a_weak_hash_is_replaced_when_its_user_signs_in() {
    let params = Params::new(8, 1, 1, None).unwrap();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let weak: PasswordHash = hasher.hash_password(PASSWORD.as_bytes()).unwrap();
    let weak = weak.to_string();
    let server = Server::new().await;
    let user = "u-1".parse().unwrap();
    server.store.create(&user, &email(ANN), &weak).await.unwrap();
    assert_eq!(server.post(SIGN_IN, &credentials(ANN, "wrong")).await.status, 400);
    assert_eq!(server.store.find(&email(ANN)).await.unwrap().unwrap().password_hash, weak);
    for _ in ["weak", "strong"] {
        assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
    }
    let strong = server.store.find(&email(ANN)).await.unwrap().unwrap().password_hash;
    let verdict = Passwords::default().verify(PASSWORD.into(), Some(strong)).await.unwrap();
    assert_eq!(verdict, Verdict::Right { weak: false });
}
