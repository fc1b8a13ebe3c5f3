//! A process with a clock of its own, which jumps while it runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{Connection, PgConnection};
use testkit::{FakeClock, Host, Nats, Postgres, Redis, ServiceProcess, eventually, paths};

use crate::SOON;

const FAR: Duration = Duration::from_secs(300);

fn clock() -> Option<FakeClock> {
    FakeClock::new().map_err(|error| paths::say(&format!("tests of clocks are left out: {error:#}"))).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that another process shows is compared with this one's"
)]
fn true_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Shows the true time, then one ahead, then one behind, then the true one again; the same process all the time.
async fn jumps(clock: &FakeClock, mut time: impl AsyncFnMut() -> f64) {
    let mut off_by = async |expected: f64| {
        // Redis remembers what time it is for a while.
        eventually("the time has jumped", SOON, async || {
            let before = true_time() + expected - 1.0;
            let shown = time().await;
            let after = true_time() + expected + 1.0;
            if (before..after).contains(&shown) { Ok(()) } else { Err(format!("{}", shown - true_time())) }
        })
        .await;
    };
    off_by(0.0).await;
    clock.put_ahead(FAR).unwrap();
    off_by(300.0).await;
    clock.put_behind(FAR).unwrap();
    off_by(-300.0).await;
    clock.put_right().unwrap();
    off_by(0.0).await;
}

#[tokio::test]
async fn the_clock_of_a_service_jumps_while_it_runs() {
    let Some(clock) = clock() else { return };
    let tests = std::env::current_exe().unwrap();
    let answers = tests.parent().unwrap().with_file_name("examples").join("answers");
    let service = ServiceProcess::program(answers).clock(&clock).spawn().await.unwrap();
    service.ready(SOON).await.unwrap();
    jumps(&clock, async || service.get("/time").await.unwrap().1.parse().unwrap()).await;
}

#[tokio::test]
async fn the_clock_of_redis_jumps_while_it_runs() {
    let Some(clock) = clock() else { return };
    let redis = Redis::start_on(&Host::default().with_clock(&clock), &[]).await.unwrap();
    let mut connection = redis.connect().await.unwrap();
    jumps(&clock, async || {
        let (seconds, micros): (f64, f64) = redis::cmd("TIME").query_async(&mut connection).await.unwrap();
        seconds + micros / 1e6
    })
    .await;
}

#[tokio::test]
async fn the_clock_of_postgres_jumps_while_it_runs() {
    let Some(clock) = clock() else { return };
    let postgres = Postgres::start_on(&Host::default().with_clock(&clock), &["fsync=off"]).await.unwrap();
    let mut session = PgConnection::connect(&postgres.url()).await.unwrap();
    jumps(&clock, async || {
        let time = sqlx::query_scalar("SELECT extract(epoch FROM clock_timestamp())::float8");
        time.fetch_one(&mut session).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_clock_for_nats_is_refused_because_it_would_have_no_effect() {
    let Some(clock) = clock() else { return };
    let error = Nats::start_on(&Host::default().with_clock(&clock), "").await.unwrap_err();
    assert!(error.to_string().contains("time"), "{error}");
}
