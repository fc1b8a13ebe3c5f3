//! The spawner of our binaries, on the smallest program that behaves like one of them.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::time::Duration;

use testkit::{ServiceBuilder, ServiceProcess, eventually};
use tokio::sync::mpsc;

const SOON: Duration = Duration::from_secs(10);

fn answers() -> ServiceBuilder {
    let tests = std::env::current_exe().unwrap();
    ServiceProcess::program(tests.parent().unwrap().with_file_name("examples").join("answers"))
        .env("GREETING", "hello")
}

#[tokio::test]
async fn a_service_is_started_with_an_empty_environment_and_says_when_it_is_ready() {
    let service = answers().name("answers-1").spawn().await.unwrap();
    service.ready(SOON).await.unwrap();
    assert_eq!(service.get("/readyz").await.unwrap(), (200, String::from("hello")));
    assert_eq!(service.get("/elsewhere").await.unwrap().0, 404);
    assert_eq!(service.log(), "greeting=hello home=\n", "HOME is not passed on");
}

#[tokio::test]
async fn a_service_drains_on_sigterm_and_its_exit_status_is_known() {
    let service = answers().spawn().await.unwrap();
    service.ready(SOON).await.unwrap();
    let early = service.wait_exit(Duration::from_millis(50)).await.unwrap_err();
    assert!(format!("{early:#}").contains("has not ended within 50ms"), "{early:#}");
    service.terminate().unwrap();
    assert!(service.wait_exit(SOON).await.unwrap().success());
    assert!(service.log().ends_with("drained\n") && !service.is_running());
}

#[tokio::test]
async fn a_killed_service_comes_back_on_the_same_port() {
    let service = answers().spawn().await.unwrap();
    service.ready(SOON).await.unwrap();
    let (url, pid) = (service.http_url(), service.pid());
    service.kill().await.unwrap();
    assert!(service.get("/readyz").await.is_err() && !service.is_running());
    service.restart().await.unwrap();
    service.ready(SOON).await.unwrap();
    assert_eq!(service.http_url(), url);
    assert_ne!(service.pid(), pid);
    assert_eq!(service.log().lines().count(), 2, "the log spans both lives");
}

#[tokio::test]
async fn a_paused_service_goes_on_when_it_is_resumed() {
    let service = answers().spawn().await.unwrap();
    service.ready(SOON).await.unwrap();
    service.pause().unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(200), service.get("/readyz")).await;
    assert!(silent.is_err(), "{silent:?}");
    service.resume().unwrap();
    service.ready(SOON).await.unwrap();
}

#[tokio::test]
async fn a_service_that_ends_instead_of_getting_ready_is_told_at_once_with_its_log() {
    let service = answers().env("HTTP_ADDR", "nonsense").spawn().await.unwrap();
    let error = format!("{:#}", service.ready(Duration::from_secs(60)).await.unwrap_err());
    assert!(error.contains("exit status: 1") && error.contains("invalid socket address"), "{error}");
}

#[tokio::test]
async fn a_binary_of_this_workspace_is_built_by_its_name_and_started() {
    // Without arguments it says how to use it and ends, whatever the commands are by now.
    let service = ServiceProcess::command("xtask").name("xtask-1").spawn().await.unwrap();
    assert_eq!(service.wait_exit(SOON).await.unwrap().code(), Some(2), "{}", service.log());
    assert!(service.log().contains("Usage: cargo xtask"), "{}", service.log());
    assert!(ServiceProcess::build_and_locate("xtask").unwrap().is_file());
    let error = format!("{:#}", ServiceProcess::command("no-such-service").spawn().await.unwrap_err());
    assert!(error.contains("no-such-service") && error.contains("cargo build"), "{error}");
}

#[tokio::test]
async fn the_output_of_a_service_can_be_followed_line_by_line() {
    let (sender, mut lines) = mpsc::unbounded_channel();
    let service = answers().echo(sender).spawn().await.unwrap();
    assert_eq!(lines.recv().await.unwrap(), "greeting=hello home=");
    service.ready(SOON).await.unwrap();
    service.terminate().unwrap();
    assert_eq!(lines.recv().await.unwrap(), "drained");
    eventually("the log has it too", SOON, async || {
        let log = service.log();
        if log.ends_with("drained\n") { Ok(()) } else { Err(log) }
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "the moon is square: not within 30ms; at last: it is round")]
async fn waiting_in_vain_ends_with_what_was_awaited_and_the_last_state() {
    let round = async || Err::<(), _>(String::from("it is round"));
    eventually("the moon is square", Duration::from_millis(30), round).await;
}

#[tokio::test]
async fn waiting_ends_with_the_first_answer_and_a_probe_that_hangs_does_not_hang_the_wait() {
    let mut asked = 0;
    let answer = eventually("the third answer", SOON, async || {
        asked += 1;
        if asked == 3 { Ok(asked) } else { Err(format!("asked {asked} times")) }
    });
    assert_eq!(answer.await, 3);
    let hanging = tokio::spawn(eventually("never", Duration::from_millis(30), async || {
        std::future::pending::<Result<(), String>>().await
    }));
    assert!(hanging.await.unwrap_err().is_panic());
}
