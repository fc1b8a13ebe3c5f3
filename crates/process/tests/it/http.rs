//! The probes and `/metrics` over a real socket.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, routing::get};
use process::{
    Identity,
    health::{Health, Needed},
    http::{Inner, bind, routes, routes_at_root, serve},
    telemetry::Metrics,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

/// How long a connection may idle in these tests.
const IDLE: Duration = Duration::from_secs(75);

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// One request on one connection, with nothing in between that retries or pools.
pub(crate) fn request(addr: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

async fn ask(addr: SocketAddr, path: &'static str) -> Answer {
    tokio::task::spawn_blocking(move || request(addr, path)).await.unwrap()
}

fn inner(health: &Health) -> Inner {
    let identity = Identity::new("orders", "orders-1");
    Inner { health: health.clone(), metrics: Metrics::install(), identity }
}

async fn served(health: &Health) -> SocketAddr {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let api = Router::new().route("/api/orders", get(async || "orders"));
    let routes = routes(api, &inner(health));
    tokio::spawn(serve(listener, routes, IDLE, CancellationToken::new()));
    addr
}

#[tokio::test]
async fn the_default_address_is_reached_by_both_families_and_a_peer_of_ipv4_is_known_as_one() {
    let listener = bind("[::]:0".parse().unwrap()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
    tokio::spawn(serve(listener, Router::new().route("/peer", get(peer)), IDLE, CancellationToken::new()));
    let mut families = vec!["127.0.0.1"];
    // A host may have no IPv6 at all.
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        families.push("::1");
    }
    for ip in families {
        let addr = SocketAddr::new(ip.parse().unwrap(), port);
        assert_eq!(ask(addr, "/peer").await.body, ip);
    }
}

#[tokio::test]
async fn the_probes_tell_what_is_wrong_and_the_api_is_beside_them() {
    let health = Health::new();
    let addr = served(&health).await;
    let nats = health.register_dependency("nats", Needed::Always);
    nats.set_unready("connection refused");
    let ready = ask(addr, "/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "nats is not ready: connection refused\n"));
    nats.set_ready();
    assert_eq!(ask(addr, "/readyz").await.status, 200);
    health.start_draining();
    let ready = ask(addr, "/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "draining\n"));
    assert_eq!(ask(addr, "/livez").await.status, 200);
    assert_eq!(ask(addr, "/api/orders").await.body, "orders");
    assert_eq!(ask(addr, "/api/tickets").await.status, 404);
}

#[tokio::test]
async fn what_comes_through_a_proxy_to_a_service_that_answers_every_path_reaches_no_probe_and_no_metric() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let shop = Router::new().route("/", get(async || "shop")).fallback(async || "no such page");
    let routes = routes_at_root(shop, &inner(&Health::new()));
    tokio::spawn(serve(listener, routes, IDLE, CancellationToken::new()));
    for (path, inside) in [("/livez", "ok\n"), ("/readyz", "ok\n"), ("/", "shop"), ("/x", "no such page")] {
        assert_eq!(ask(addr, path).await.body, inside, "{path}");
    }
    assert_eq!(ask(addr, "/metrics").await.status, 200);
    assert!(ask(addr, "/aboutz").await.body.contains("orders-1"));
    for (path, outside) in ["/livez", "/readyz", "/aboutz", "/metrics"]
        .map(|path| (path, "no such page"))
        .into_iter()
        .chain([("/", "shop")])
    {
        let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        let head = format!("GET {path} HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(&format!("\r\n\r\n{outside}")), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_process_says_which_one_it_is_and_how_it_is() {
    let health = Health::new();
    let addr = served(&health).await;
    let schedule = health.register_remark("the schedule");
    schedule.set("is paused");
    assert_eq!(ask(addr, "/readyz").await.body, "ok, though the schedule is paused\n");
    let about: common::internal::About = serde_json::from_str(&ask(addr, "/aboutz").await.body).unwrap();
    assert_eq!((about.service.as_str(), about.instance.as_str(), about.ready), ("orders", "orders-1", true));
    assert_eq!(about.version, env!("CARGO_PKG_VERSION"));
    assert!(about.started_at <= common::clock::now().into());
    assert_eq!(about.remarks, ["the schedule is paused"]);
}

#[tokio::test]
async fn the_metrics_are_prometheus_text() {
    let addr = served(&Health::new()).await;
    metrics::counter!("kit_test_total", "reason" => "a \"quoted\" one").increment(2);
    metrics::histogram!("kit_test_seconds").record(0.004);
    metrics::histogram!("kit_test_batch").record(7.0);
    let answer = ask(addr, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    let text = answer.body;
    for line in [
        r#"kit_test_total{reason="a \"quoted\" one"} 2"#,
        r#"kit_test_seconds_bucket{le="0.003"} 0"#,
        r#"kit_test_seconds_bucket{le="0.005"} 1"#,
        r#"kit_test_seconds_bucket{le="+Inf"} 1"#,
        r#"kit_test_batch_bucket{le="10"} 1"#,
        "kit_test_seconds_count 1",
        "# TYPE kit_test_seconds histogram",
    ] {
        assert!(text.lines().any(|it| it == line), "no line {line} in\n{text}");
    }
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert_is_sample(line);
    }
}

/// `name{labels} value`, with a legal name and a number.
fn assert_is_sample(line: &str) {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    assert!(value.parse::<f64>().is_ok(), "no number: {line}");
    let (name, labels) = series.split_once('{').map_or((series, None), |(name, labels)| (name, Some(labels)));
    assert!(labels.is_none_or(|labels| labels.ends_with('}')), "labels do not end: {line}");
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    assert!(!name.is_empty() && name.chars().all(legal), "illegal name: {line}");
}

#[tokio::test]
async fn an_address_in_use_is_named_with_its_variable() {
    let taken = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = taken.local_addr().unwrap();
    let error = format!("{:#}", bind(addr).await.unwrap_err());
    assert!(error.contains(&addr.to_string()) && error.contains("HTTP_ADDR"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_sends_a_whole_head_is_closed() {
    let addr = served(&Health::new()).await;
    for head in ["", "GET /livez HTTP/1.1\r\nHost: te"] {
        let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let begin = tokio::time::Instant::now();
        let mut answer = Vec::new();
        // Paused time runs ahead whenever everybody waits. An answer is as good as none, as long as it is over.
        let _ = stream.read_to_end(&mut answer).await;
        let took = begin.elapsed();
        assert!((60..=90).contains(&took.as_secs()), "{took:?} for {head:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_half_a_head_does_not_hold_up_the_end() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let routes = routes(Router::new(), &inner(&Health::new()));
    let serving = tokio::spawn(serve(listener, routes, IDLE, stop.clone()));
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    stream.write_all(b"GET /livez HT").await.unwrap();
    // A whole request behind it has been answered, so the half one has been read.
    let mut whole = tokio::net::TcpStream::connect(addr).await.unwrap();
    whole.write_all(b"GET /livez HTTP/1.0\r\n\r\n").await.unwrap();
    whole.read_to_end(&mut Vec::new()).await.unwrap();
    let begin = tokio::time::Instant::now();
    stop.cancel();
    serving.await.unwrap();
    assert!(begin.elapsed().as_secs() <= 5, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_asked_while_the_drain_announces_itself_gets_its_answer_and_is_told_to_leave() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let routes = routes(Router::new(), &inner(&Health::new()));
    let serving = tokio::spawn(serve(listener, routes, IDLE, stop.clone()));
    let mut kept = tokio::net::TcpStream::connect(addr).await.unwrap();
    let request = b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n";
    kept.write_all(request).await.unwrap();
    let mut answer = [0; 1024];
    let read = kept.read(&mut answer).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer[..read]).contains("connection: close"));
    stop.cancel();
    kept.write_all(request).await.unwrap();
    let mut last = String::new();
    kept.read_to_string(&mut last).await.unwrap();
    assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    serving.await.unwrap();
}
