//! How many attempts may fail, and what counts as one.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, Version};
use auth::{
    accounts::Accounts,
    limit::{
        PER_ACCOUNT, PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS, Pace, SLOW_ADDRESS, SLOW_AT_ONCE, Subject, WINDOW,
    },
    password::{Passwords, Verdict},
    pruner::{BATCH, Pruner},
    store::{End, Reserved},
};

use crate::api::{Answer, PASSWORD, SIGN_IN, SIGN_UP, Server, credentials, email};

const ANN: &str = "ann@example.com";
const ANNS: &str = "account:ann@example.com";
const ANNS_HERE: &str = "at:192.0.2.1 ann@example.com";
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
async fn after_ten_failures_an_account_is_closed_to_their_address_alone_whether_or_not_there_is_one() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    for account in [ANN, "nobody@example.com"] {
        for _ in 0..PER_ACCOUNT_AND_ADDRESS {
            let answer = server.post(SIGN_IN, &credentials(account, "wrong")).await;
            answer.is(include_str!("../golden/invalid_credentials.http"));
        }
        for password in ["wrong", PASSWORD] {
            is_limited(&server.post(SIGN_IN, &credentials(account, password)).await, WINDOW.as_secs());
        }
    }
    assert_eq!(server.failures(ANNS).await, PER_ACCOUNT_AND_ADDRESS, "what is refused counts against nobody");
    let other = server.post(SIGN_IN, &credentials("bob@example.com", "wrong")).await;
    other.is(include_str!("../golden/invalid_credentials.http"));
    assert_eq!(server.post_from("198.51.100.1", SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn an_account_has_a_limit_however_many_addresses_try_it() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    set(&server, ANNS, PER_ACCOUNT - 1, 0).await;
    let wrong = credentials(ANN, "wrong");
    assert_eq!(server.post_from("198.51.100.1", SIGN_IN, &wrong).await.status, 400);
    is_limited(&server.post_from("198.51.100.2", SIGN_IN, &wrong).await, WINDOW.as_secs());
}

#[tokio::test]
async fn who_holds_a_session_is_never_locked_out_of_his_own_account_by_others() {
    let server = Server::new().await;
    let cookie = server.sign_up(ANN).await.cookie;
    for key in [ANNS, ANNS_HERE, HERE] {
        set(&server, key, PER_ADDRESS, 0).await;
    }
    let right = credentials(ANN, PASSWORD);
    is_limited(&server.post(SIGN_IN, &right).await, WINDOW.as_secs());
    assert_eq!(server.post_with(&cookie, SIGN_IN, &right).await.status, 200);
    // The session opens no other account, and its holder does not guess for ever.
    let bobs = credentials("bob@example.com", "wrong");
    is_limited(&server.post_with(&cookie, SIGN_IN, &bobs).await, WINDOW.as_secs());
    let wrong = credentials(ANN, "wrong");
    assert_eq!(server.post_with(&cookie, SIGN_IN, &wrong).await.status, 400);
    assert_eq!(server.failures("session:ann@example.com").await, 1);
    set(&server, "session:ann@example.com", PER_ACCOUNT, 0).await;
    is_limited(&server.post_with(&cookie, SIGN_IN, &wrong).await, WINDOW.as_secs());
}

#[tokio::test]
async fn an_address_is_slowed_down_before_it_is_closed_for_signing_in_and_up() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    set(&server, HERE, PER_ADDRESS - 1, 0).await;
    let wrong = credentials("bob@example.com", "wrong");
    server.post(SIGN_IN, &wrong).await.is(include_str!("../golden/invalid_credentials.http"));
    is_limited(&server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await, WINDOW.as_secs());
    is_limited(&server.post(SIGN_UP, &credentials("new@example.com", PASSWORD)).await, WINDOW.as_secs());
    assert_eq!(server.failures(ANNS).await, 0, "what is refused counts against nobody");
    assert_eq!(server.post_from("192.0.2.2", SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn a_private_address_is_never_closed() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    set(&server, "address:10.0.0.7", 100 * PER_ADDRESS, 0).await;
    assert_eq!(server.post_from("10.0.0.7", SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn failures_slow_down_the_next_attempt_of_their_address_and_nobody_elses() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let (slow, pace) = (Duration::from_millis(200), Pace { step: Duration::from_millis(200) });
    let accounts = Accounts::new(server.store.clone(), Passwords::default(), pace);
    set(&server, HERE, SLOW_ADDRESS, 0).await;
    let subjects = |address: [u8; 4]| vec![Subject::Address(address.into())];
    for (address, expected) in [([192, 0, 2, 1], slow), ([192, 0, 2, 2], Duration::ZERO)] {
        let reserved = server.store.reserve(&subjects(address)).await.unwrap();
        let Reserved::Attempt(attempt) = reserved else { panic!("{reserved:?}") };
        assert_eq!(attempt.pause(pace), expected);
        server.store.end(&attempt, End::TakenBack).await.unwrap();
    }
    let started = Instant::now();
    let here = IpAddr::from([192, 0, 2, 1]);
    accounts.sign_in(&email(ANN), PASSWORD.into(), here.into()).await.unwrap();
    assert!(started.elapsed() >= slow, "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_address_that_is_slowed_down_has_few_attempts_in_flight() {
    let server = Server::new().await;
    set(&server, HERE, SLOW_ADDRESS, 0).await;
    let subjects = [Subject::Address([192, 0, 2, 1].into())];
    for _ in 0..SLOW_AT_ONCE {
        let reserved = server.store.reserve(&subjects).await.unwrap();
        assert!(matches!(reserved, Reserved::Attempt(_)), "{reserved:?}");
    }
    let reserved = server.store.reserve(&subjects).await.unwrap();
    assert!(matches!(reserved, Reserved::Busy), "{reserved:?}");
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
    for _ in 0..=PER_ACCOUNT_AND_ADDRESS {
        assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
    }
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (0, PER_ADDRESS - 1));
}

#[tokio::test]
async fn a_success_forgets_the_failures_at_the_account_from_its_address_and_no_others() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let failures =
        async || (server.failures(ANNS_HERE).await, server.failures(ANNS).await, server.failures(HERE).await);
    for _ in 1..PER_ACCOUNT_AND_ADDRESS {
        server.post(SIGN_IN, &credentials(ANN, "wrong")).await;
    }
    assert_eq!(failures().await, (9, 9, 9));
    assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
    assert_eq!(failures().await, (0, 9, 9));
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
    set(&server, ANNS_HERE, PER_ACCOUNT_AND_ADDRESS, window - 60).await;
    is_limited(&server.post(SIGN_IN, &credentials(ANN, "wrong")).await, 60);
    set(&server, ANNS_HERE, PER_ACCOUNT_AND_ADDRESS, window).await;
    server
        .post(SIGN_IN, &credentials(ANN, "wrong"))
        .await
        .is(include_str!("../golden/invalid_credentials.http"));
    assert_eq!(server.failures(ANNS_HERE).await, 1, "the count begins again");
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
