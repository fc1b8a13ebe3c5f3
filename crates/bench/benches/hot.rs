//! What each job goes through in our own code: `cargo bench --package bench`.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on fails")]

use std::hint::black_box;

use common::{
    clock,
    event::{ExpirationComplete, Id, OrderCreated, Timestamp},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use expiration::schedule::{Job, Schedule};
use testkit::Redis;
use tokio::runtime::Runtime;

const CREATED: &str = r#"{"id":"6b02606ac30802f3896a71b3","version":0,"status":"created","userId":"6b02606ac30802f3896a71b4","expiresAt":"2026-01-31T12:00:00.000Z","ticket":{"id":"6b02606ac30802f3896a71b5","price":19.99}}"#;
const BATCH: usize = 500;

/// What is read and written of each message.
fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message");
    group.bench_function("read order:created", |bench| {
        bench.iter(|| serde_json::from_str::<OrderCreated>(black_box(CREATED)).unwrap());
    });
    group.bench_function("read an instant as everybody writes it", |bench| {
        bench.iter(|| black_box("2026-01-31T12:00:00.000Z").parse::<Timestamp>().unwrap());
    });
    group.bench_function("read an instant in another form", |bench| {
        bench.iter(|| black_box("2026-01-31T13:00:00.000+01:00").parse::<Timestamp>().unwrap());
    });
    group.bench_function("read an id", |bench| {
        bench.iter(|| black_box("6b02606ac30802f3896a71b3").parse::<Id>().unwrap());
    });
    let order_id: Id = "6b02606ac30802f3896a71b3".parse().unwrap();
    group.bench_function("write a message id", |bench| {
        bench.iter(|| ExpirationComplete::message_id_of(black_box(&order_id)));
    });
    group.finish();
}

/// One batch through Redis, with nothing else around it.
fn schedule(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start()).unwrap();
    let schedule = Schedule::new(&redis.url(), "hot").unwrap();
    let mut group = criterion.benchmark_group("a batch of 500 in Redis");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    group.bench_function("schedule, claim, complete", |bench| {
        bench.iter(|| {
            runtime.block_on(async {
                let due_ms = clock::now_ms() - 1_000;
                let jobs: Vec<Job> = (0..BATCH).map(|_| Job { id: Id::generate(), due_ms }).collect();
                schedule.schedule(&jobs).await.unwrap();
                let claim = schedule.claim_due(BATCH, clock::now_ms()).await.unwrap().claim.unwrap();
                assert_eq!(claim.jobs.len(), BATCH);
                schedule.complete(&claim).await.unwrap()
            })
        });
    });
    group.finish();
}

criterion_group!(hot, messages, schedule);
criterion_main!(hot);
