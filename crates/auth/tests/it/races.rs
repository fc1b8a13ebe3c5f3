//! What happens at once, or a second time because an answer was lost.

use std::net::IpAddr;

use auth::{
    accounts::{Accounts, Refusal},
    limit::PER_ACCOUNT_AND_ADDRESS,
    password::Passwords,
    store::Created,
};
use common::event::Id;
use futures_util::future::join_all;

use crate::api::{PACE, PASSWORD, SIGN_UP, Server, credentials, email};

fn address(nth: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, nth])
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_sign_up_with_one_address_at_once_exactly_one_gets_it() {
    let server = Server::new().await;
    let replica = server.replica().await;
    for nth in 0..10 {
        let (lower, upper) = (format!("ann-{nth}@example.com"), format!("ANN-{nth}@EXAMPLE.COM"));
        let (lower, upper) = (credentials(&lower, PASSWORD), credentials(&upper, PASSWORD));
        let (one, two) = tokio::join!(server.post(SIGN_UP, &lower), replica.post(SIGN_UP, &upper));
        let (winner, loser) = if one.status == 201 { (one, two) } else { (two, one) };
        assert_eq!(winner.status, 201);
        loser.is(include_str!("../golden/email_in_use.http"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guesses_at_once_through_two_replicas_get_no_more_than_ten_answers() {
    let server = Server::new().await;
    server.sign_up("ann@example.com").await;
    let replica = server.replica().await;
    let passwords = Passwords::default();
    let replicas = [&server, &replica].map(|it| Accounts::new(it.store.clone(), passwords.clone(), PACE));
    let ann = email("ann@example.com");
    let guesses = join_all((0..100).map(|nth| {
        let accounts = &replicas[nth % 2];
        accounts.sign_in(&ann, format!("guess {nth}").into(), address(1).into())
    }));
    let mut verified = 0;
    for guess in guesses.await {
        match guess.unwrap_err() {
            Refusal::InvalidCredentials => verified += 1,
            Refusal::TooManyAttempts(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(verified, PER_ACCOUNT_AND_ADDRESS);
    let counted: i64 =
        sqlx::query_scalar("select coalesce(sum(failures), 0) from attempts where key like 'address:%'")
            .fetch_one(&server.pool)
            .await
            .unwrap();
    assert_eq!(
        counted,
        i64::from(PER_ACCOUNT_AND_ADDRESS),
        "only what was verified counts against an address"
    );
}

#[tokio::test]
async fn an_account_whose_answer_was_lost_is_recognised_by_its_id() {
    let server = Server::new().await;
    let (id, ann) = (Id::generate(), email("ann@example.com"));
    for _ in ["first", "again"] {
        assert_eq!(server.store.create(&id, &ann, "hash").await.unwrap(), Created::Created);
    }
    assert_eq!(server.store.create(&Id::generate(), &ann, "hash").await.unwrap(), Created::EmailInUse);
    let other = email("bob@example.com");
    assert_eq!(
        server.store.create(&id, &other, "hash").await.unwrap(),
        Created::EmailInUse,
        "an id is used once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_waits_for_one_still_in_progress_sees_how_that_ended() {
    for commits in [true, false] {
        let server = Server::new().await;
        let (id, ann) = (Id::generate(), email("ann@example.com"));
        let mut first = server.pool.begin().await.unwrap();
        sqlx::query("insert into users (id, email, password_hash) values ($1, 'ann@example.com', 'hash')")
            .bind(id.as_str())
            .execute(&mut *first)
            .await
            .unwrap();
        let (mine, others) = (server.store.clone(), server.store.clone());
        let again = tokio::spawn({
            let (id, ann) = (id.clone(), ann.clone());
            async move { mine.create(&id, &ann, "hash").await.unwrap() }
        });
        blocked(&server, 1).await;
        if commits {
            let other =
                tokio::spawn(async move { others.create(&Id::generate(), &ann, "hash").await.unwrap() });
            blocked(&server, 2).await;
            first.commit().await.unwrap();
            assert_eq!(other.await.unwrap(), Created::EmailInUse);
        } else {
            first.rollback().await.unwrap();
        }
        assert_eq!(again.await.unwrap(), Created::Created);
    }
}

/// Waits until so many sessions wait for a row that another one holds.
pub(crate) async fn blocked(server: &Server, sessions: i64) {
    testkit::eventually("sessions wait for a lock", std::time::Duration::from_secs(10), async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&server.pool)
        .await
        .map_err(|error| error.to_string())?;
        if waiting >= sessions { Ok(()) } else { Err(format!("{waiting} of {sessions}")) }
    })
    .await;
}
