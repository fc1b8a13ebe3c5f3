//! Attempts that are still in flight: nobody knows yet whether they fail, so they make others wait and refuse nobody.

use std::{net::IpAddr, time::Duration};

use auth::{
    accounts::Accounts,
    limit::{IN_FLIGHT, PER_ACCOUNT_AND_ADDRESS, SLOW_ADDRESS, Subject, WINDOW},
    password::Passwords,
    pruner::Pruner,
    store::{Attempt, End, Reserved},
};
use futures_util::future::join_all;

use crate::{
    api::{PACE, PASSWORD, SIGN_IN, SIGN_UP, Server, credentials, email},
    races::blocked,
};

const ANN: &str = "ann@example.com";
/// At her account, from [`THERE`].
const ANNS: &str = "at:198.51.100.1 ann@example.com";
const HERE: &str = "address:192.0.2.1";
const THERE: &str = "address:198.51.100.1";

fn address(nth: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, nth])
}

/// An attempt at `account` from [`THERE`], or nothing as long as others in flight leave no room.
async fn begin(server: &Server, account: &str) -> Option<Attempt> {
    let (account, there) = (email(account), address(1));
    let subjects = [Subject::AccountAndAddress(account, there), Subject::Address(there)];
    match server.store.reserve(&subjects).await.unwrap() {
        Reserved::Attempt(attempt) => Some(attempt),
        Reserved::Busy => None,
        Reserved::TooMany(remaining) => panic!("refused for {remaining:?}"),
    }
}

/// So many at [`ANN`]'s account, for which there is room.
async fn begin_many(server: &Server, many: i32) -> Vec<Attempt> {
    let attempts = join_all((0..many).map(|_| begin(server, ANN))).await;
    attempts.into_iter().map(Option::unwrap).collect()
}

/// As if all attempts had begun earlier.
async fn age(server: &Server, by: Duration) {
    let sql = "update attempts set pending = array(select at - $1 * interval '1 second' from unnest(pending) as at)";
    sqlx::query(sql).bind(by.as_secs() as i64).execute(&server.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_who_sign_in_to_one_account_at_once_are_all_let_in() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let ann = credentials(ANN, PASSWORD);
    for answer in join_all((0..20).map(|_| server.post(SIGN_IN, &ann))).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!((server.failures(ANNS).await, server.failures(HERE).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_who_sign_up_from_one_address_at_once_none_has_failed() {
    let server = Server::new().await;
    let answers = join_all((0..SLOW_ADDRESS + 10).map(async |nth| {
        server.post(SIGN_UP, &credentials(&format!("user-{nth}@example.com"), PASSWORD)).await
    }));
    for answer in answers.await {
        // A machine that hashes too slowly for so many says so.
        assert!(matches!(answer.status, 201 | 503), "{}", answer.body);
    }
    assert_eq!((server.failures(HERE).await, server.in_flight(HERE).await), (0, 0));
    assert_eq!(server.post(SIGN_IN, &credentials("user-0@example.com", "wrong")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_while_signing_in_with_the_right_password_has_not_failed() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let accounts = Accounts::new(server.store.clone(), Passwords::default(), PACE);
    for nth in 0..PER_ACCOUNT_AND_ADDRESS + 2 {
        let mut held = server.pool.begin().await.unwrap();
        sqlx::raw_sql("lock table users in access exclusive mode").execute(&mut *held).await.unwrap();
        let (ann, from) = (email(ANN), address(nth as u8));
        tokio::select! {
            biased;
            answer = accounts.sign_in(&ann, PASSWORD.into(), from.into()) => panic!("{answer:?}"),
            () = blocked(&server, 1) => {}
        }
        held.rollback().await.unwrap();
    }
    assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_no_more_attempts_in_flight_than_may_fail_at_full_speed_through_however_many_replicas()
{
    let server = Server::new().await;
    let replica = server.replica().await;
    let attempts = join_all((0..100).map(async |nth| {
        let server = if nth % 2 == 0 { &server } else { &replica };
        begin(server, &format!("user-{nth}@example.com")).await
    }));
    let attempts: Vec<Attempt> = attempts.await.into_iter().flatten().collect();
    assert_eq!(attempts.len(), SLOW_ADDRESS as usize);
    assert_eq!((server.in_flight(THERE).await, server.failures(THERE).await), (SLOW_ADDRESS, 0));
    let accounts: i64 = sqlx::query_scalar("select count(*) from attempts where key like 'at:%'")
        .fetch_one(&server.pool)
        .await
        .unwrap();
    assert_eq!(accounts, i64::from(SLOW_ADDRESS), "who has to wait is counted nowhere");

    let failed = attempts.iter().map(|attempt| server.store.end(attempt, End::Failed));
    for ended in join_all(failed).await {
        ended.unwrap();
    }
    assert_eq!((server.in_flight(THERE).await, server.failures(THERE).await), (0, SLOW_ADDRESS));
}

#[tokio::test]
async fn each_end_of_an_attempt_counts_as_it_should() {
    let server = Server::new().await;
    for (end, of_account, of_address) in
        [(End::Failed, 1, 1), (End::TakenBack, 1, 1), (End::Failed, 2, 2), (End::Succeeded, 0, 2)]
    {
        let (one, two) = (begin(&server, ANN).await.unwrap(), begin(&server, ANN).await.unwrap());
        assert_eq!((server.in_flight(ANNS).await, server.in_flight(THERE).await), (2, 2));
        server.store.end(&one, end).await.unwrap();
        assert_eq!((server.in_flight(ANNS).await, server.in_flight(THERE).await), (1, 1), "{end:?}");
        server.store.end(&two, End::TakenBack).await.unwrap();
        assert_eq!((server.in_flight(ANNS).await, server.in_flight(THERE).await), (0, 0));
        let failures = (server.failures(ANNS).await, server.failures(THERE).await);
        assert_eq!(failures, (of_account, of_address), "{end:?}");
    }
}

#[tokio::test]
async fn of_two_attempts_that_began_at_the_same_time_only_one_ends() {
    let server = Server::new().await;
    let attempt = begin(&server, ANN).await.unwrap();
    for end in [End::Failed, End::Succeeded, End::TakenBack] {
        server.sql("update attempts set pending = array_cat(pending[:1], pending[:1])").await;
        server.store.end(&attempt, end).await.unwrap();
        assert_eq!(server.in_flight(ANNS).await, 1, "{end:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_was_left_behind_counts_no_more_once_it_is_too_old_and_others_go_on() {
    let server = Server::new().await;
    let left = begin_many(&server, PER_ACCOUNT_AND_ADDRESS).await;
    age(&server, IN_FLIGHT - Duration::from_secs(20)).await;
    assert!(begin(&server, ANN).await.is_none());
    age(&server, Duration::from_secs(20)).await;
    let new = begin(&server, ANN).await.unwrap();
    assert_eq!(server.in_flight(ANNS).await, 1);
    // One that ends after all is not taken for another.
    server.store.end(&left[0], End::TakenBack).await.unwrap();
    assert_eq!(server.in_flight(ANNS).await, 1);
    server.store.end(&new, End::TakenBack).await.unwrap();
    assert_eq!(server.in_flight(ANNS).await, 0);
}

#[tokio::test]
async fn an_attempt_is_left_behind_no_longer_because_others_begin() {
    let server = Server::new().await;
    let _left = begin_many(&server, PER_ACCOUNT_AND_ADDRESS - 1).await;
    for _ in 0..3 {
        age(&server, IN_FLIGHT / 3).await;
        let others = begin(&server, ANN).await.unwrap();
        server.store.end(&others, End::TakenBack).await.unwrap();
    }
    assert_eq!(server.in_flight(ANNS).await, 0);
}

#[tokio::test]
async fn whoever_waits_for_too_long_is_told_to_try_again_and_has_not_failed() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let _others = begin_many(&server, PER_ACCOUNT_AND_ADDRESS).await;
    let sign_in = async || server.post_from("198.51.100.1", SIGN_IN, &credentials(ANN, PASSWORD)).await;
    sign_in().await.is(include_str!("../golden/unavailable.http"));
    assert_eq!((server.failures(ANNS).await, server.failures(THERE).await), (0, 0));
    assert_eq!(server.in_flight(THERE).await, PER_ACCOUNT_AND_ADDRESS, "he himself is counted nowhere");
    age(&server, IN_FLIGHT).await;
    assert_eq!(sign_in().await.status, 200);
}

#[tokio::test]
async fn the_pruner_removes_what_holds_nothing_and_leaves_an_attempt_in_flight() {
    let server = Server::new().await;
    let pruner = Pruner::new(server.store.clone());
    let attempt = begin(&server, ANN).await.unwrap();
    assert_eq!(pruner.run_once().await.unwrap(), 0);
    server.store.end(&attempt, End::Failed).await.unwrap();
    assert_eq!(pruner.run_once().await.unwrap(), 0);
    server.store.end(&attempt, End::Succeeded).await.unwrap();
    assert_eq!(pruner.run_once().await.unwrap(), 1, "the account, whose failures are forgotten");
    assert_eq!(server.failures(THERE).await, 1);
    let _left = begin(&server, ANN).await.unwrap();
    age(&server, IN_FLIGHT).await;
    sqlx::query("update attempts set since = since - $1 * interval '1 second'")
        .bind(WINDOW.as_secs() as i64)
        .execute(&server.pool)
        .await
        .unwrap();
    assert_eq!(pruner.run_once().await.unwrap(), 2);
}
