//! The life of a process: it starts, it is signalled, it drains, it ends.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
};

use axum::{Router, routing::get};
use process::{Process, config::Environment};
use rustix::process::Signal;
use tokio::sync::Notify;

use crate::{child::Child, http::request};

/// What the process under test does.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// A service with a loop that drains when `/finish` is asked for, and with a slow request.
    Good,
    /// Has a loop and a blocking task that never end.
    Stubborn,
    /// Waits for ever for a server that is not there.
    NeverConnects,
    /// Its loop returns.
    Returns,
    /// Its loop panics.
    Panics,
}

fn read(env: &mut Environment) -> Option<Role> {
    env.required("ROLE", "what to do", "what to do", |text| match text {
        "good" => Ok(Role::Good),
        "stubborn" => Ok(Role::Stubborn),
        "never connects" => Ok(Role::NeverConnects),
        "returns" => Ok(Role::Returns),
        "panics" => Ok(Role::Panics),
        _ => Err("unknown"),
    })
}

#[test]
#[ignore = "this is the process that the other tests start"]
fn the_service() {
    let exit = process::run("example", read, live);
    std::process::exit(i32::from(exit.code()));
}

async fn live(role: Role, process: Process) -> anyhow::Result<()> {
    let finish = Arc::new(Notify::new());
    process.serve(api(&finish)).await?;
    let stopping = process.stopping();
    match role {
        Role::Good => process.spawn("worker", async move {
            stopping.cancelled().await;
            finish.notified().await;
            Ok(())
        }),
        Role::Stubborn => {
            tokio::task::spawn_blocking(|| {
                loop {
                    thread::park();
                }
            });
            process.spawn("stubborn worker", std::future::pending());
        }
        Role::NeverConnects => std::future::pending().await,
        Role::Returns => process.spawn("worker", async { anyhow::bail!("nothing to do") }),
        Role::Panics => process.spawn("worker", async { panic!("on purpose") }),
    }
    Ok(())
}

fn api(finish: &Arc<Notify>) -> Router {
    let finish = Arc::clone(finish);
    Router::new().route("/finish", get(async move || finish.notify_one())).route("/slow/{addr}", get(slow))
}

/// Answers only once the server accepts no more connections: a request that is in flight at the very end.
async fn slow(axum::extract::Path(addr): axum::extract::Path<SocketAddr>) -> &'static str {
    tracing::info!("slow request began");
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    "finished"
}

#[test]
fn sigterm_drains_while_the_probes_answer_and_requests_in_flight_finish() {
    let mut child = Child::start(&[("ROLE", "good")]);
    let addr = child.addr();
    child.log("startup is ready");
    assert_eq!(request(addr, "/readyz").status, 200);
    let slow = thread::spawn(move || request(addr, &format!("/slow/{addr}")));
    child.log("slow request began");
    // A load balancer keeps such connections; they must not hold up the end.
    let _idle = TcpStream::connect(addr).unwrap();

    child.signal(Signal::TERM);
    child.log("drains for at most 20s");
    let ready = request(addr, "/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (503, "draining\n"));
    assert_eq!(request(addr, "/livez").status, 200);

    assert_eq!(request(addr, "/finish").status, 200);
    let slow = slow.join().unwrap();
    assert_eq!((slow.status, slow.body.as_str()), (200, "finished"));
    let (code, stdout, stderr) = child.end();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    assert!(stdout.contains("example has drained"), "{stdout}");
}

#[test]
fn a_second_signal_ends_a_drain_at_once() {
    let mut child = Child::start(&[("ROLE", "stubborn")]);
    child.log("startup is ready");
    child.signal(Signal::INT);
    child.log("drains for at most");
    child.signal(Signal::TERM);
    let (code, stdout, stderr) = child.end();
    assert_eq!(code, 128 + 15, "{stdout}\n{stderr}");
}

#[test]
fn a_drain_past_its_limit_fails_and_names_what_still_runs() {
    let mut child = Child::start(&[("ROLE", "stubborn"), ("SHUTDOWN_TIMEOUT", "50ms")]);
    child.log("startup is ready");
    child.signal(Signal::TERM);
    let (code, stdout, stderr) = child.end();
    assert_eq!(code, 1, "{stdout}\n{stderr}");
    assert!(stdout.contains("not drained within 50ms, still running: stubborn worker, http"), "{stdout}");
}

#[test]
fn a_process_that_still_waits_for_a_server_is_alive_unready_and_ends_when_told() {
    let mut child = Child::start(&[("ROLE", "never connects")]);
    let addr = child.addr();
    assert_eq!(request(addr, "/livez").status, 200);
    let ready = request(addr, "/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (503, "startup is not ready: not finished yet\n"));
    child.signal(Signal::TERM);
    let (code, stdout, stderr) = child.end();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
}

#[test]
fn a_loop_that_returns_takes_the_process_down() {
    let (code, stdout, stderr) = Child::start(&[("ROLE", "returns")]).end();
    assert_eq!(code, 1, "{stdout}\n{stderr}");
    assert!(stdout.contains("example goes down: task worker ended by itself: nothing to do"), "{stdout}");
}

#[test]
fn a_loop_that_panics_takes_the_process_down_and_the_panic_is_a_log_line() {
    let mut child = Child::start(&[("ROLE", "panics")]);
    let panic = child.log("panicked at");
    assert_eq!((&panic["level"], &panic["service"]), (&"ERROR".into(), &"example".into()));
    assert!(panic["location"].as_str().unwrap().contains("life.rs"), "{panic}");
    let (code, stdout, stderr) = child.end();
    assert_eq!(code, 1, "{stdout}\n{stderr}");
    assert!(
        stdout.contains("example goes down: task worker ended by itself: it panicked: on purpose"),
        "{stdout}"
    );
}

#[test]
fn an_address_in_use_fails_the_start_and_names_the_variable() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (code, stdout, stderr) = Child::start(&[("ROLE", "good"), ("HTTP_ADDR", &addr)]).end();
    assert_eq!(code, 1, "{stdout}\n{stderr}");
    assert!(stdout.contains("set HTTP_ADDR to a free address"), "{stdout}");
}
