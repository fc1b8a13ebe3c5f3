//! The process as a whole: what it needs to start, what it does without, and how it ends.

use std::time::Duration;

use ::process::config::Mistakes;
use testkit::{ServiceBuilder, ServiceProcess, eventually, free_port};

use crate::stand_in::StandIn;

const SOON: Duration = Duration::from_secs(60);

fn command(apis: &str) -> ServiceBuilder {
    let urls = ["AUTH_URL", "TICKETS_URL", "ORDERS_URL", "PAYMENTS_URL", "PUBLIC_URL"];
    let command =
        ServiceProcess::command("client").env("FORM_KEY", "of these tests alone, and it guards nothing");
    urls.into_iter().fold(command, |command, url| command.env(url, apis))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_served_while_the_broker_is_away_and_a_drain_ends_well() {
    let stand_in = StandIn::new().await;
    let nobody = format!("nats://127.0.0.1:{}", free_port().unwrap());
    let client = command(&stand_in.url()).env("NATS_URL", nobody).spawn().await.unwrap();
    eventually("the window is shown", SOON, async || match client.get("/").await {
        Ok((200, page)) if page.contains("A seat") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(client.get("/livez").await.unwrap().0, 200);
    let (_, metrics) = client.get("/metrics").await.unwrap();
    for begun in [
        r#"api_calls_total{service="orders",result="lost"} 0"#,
        "shop_window_old_total 0",
        r#"http_requests_total{method="GET",route="/",status="200"}"#,
    ] {
        assert!(metrics.contains(begun), "{begun} is not in:\n{metrics}");
    }
    client.terminate().unwrap();
    assert!(client.wait_exit(SOON).await.unwrap().success(), "{}", client.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_what_it_needs_names_all_of_it_and_shows_no_secret() {
    let client = command("nowhere").env("FORM_KEY", "s3cret").spawn().await.unwrap();
    let status = client.wait_exit(SOON).await.unwrap();
    assert_eq!(status.code(), Some(i32::from(Mistakes::EXIT_CODE)));
    let log = client.log();
    for name in ["AUTH_URL", "TICKETS_URL", "ORDERS_URL", "PAYMENTS_URL", "PUBLIC_URL", "FORM_KEY"] {
        assert!(log.contains(name), "{name} is not in:\n{log}");
    }
    assert!(!log.contains("s3cret"));
}
