//! Many who look on cost next to nothing: what each is sent was written once.

use std::{fs, time::Duration};

use common::Service;
use platform::VIEWER_TOKEN;
use reqwest::Method;
use tokio::time::{Instant, timeout};

use crate::world::{LONG, SOON, World};

const VIEWERS: usize = 500;
/// For how long it is measured.
const WATCHED: Duration = Duration::from_secs(10);

/// Time that a process has spent on a processor.
fn spent(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may have spaces: the 12th and 13th field, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_who_look_on_cost_little_more_than_one() {
    let world = World::start(LONG).await;
    let console = world.platform.services(Service::Console)[0].pid();
    let measure = async |viewers: usize| {
        let mut streams = tokio::task::JoinSet::new();
        for _ in 0..viewers {
            let request = world.request(Method::GET, "/api/live").bearer_auth(VIEWER_TOKEN).timeout(LONG);
            let mut stream = request.send().await.unwrap();
            assert_eq!(stream.status(), 200);
            streams.spawn(
                async move { while timeout(SOON, stream.chunk()).await.unwrap().unwrap().is_some() {} },
            );
        }
        let (before, begun) = (spent(console), Instant::now());
        let mut timers = 0;
        while begun.elapsed() < WATCHED {
            // Something changes all the time, so everybody is told as often as may be.
            world.foreign(LONG).await;
            timers += 1;
        }
        assert!(timers > 10, "only {timers} changes");
        let cost = (spent(console) - before).as_secs_f64() / begun.elapsed().as_secs_f64();
        streams.abort_all();
        cost
    };
    let (one, many) = (measure(1).await, measure(VIEWERS).await);
    assert!(many - one < 0.05, "of a core: {one:.3} with one, {many:.3} with {VIEWERS}");
}
