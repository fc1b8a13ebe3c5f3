//! The network between a client and a server, made bad and good again.

use std::{io::ErrorKind, net::Ipv4Addr, time::Duration};

use testkit::{Cut, Port, Redis, Relay, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::SOON;

/// Long enough for what is on its way through a good relay.
const MOMENT: Duration = Duration::from_millis(100);

/// A server that answers with what it hears, says how many connections it has seen, and how each ended.
struct Echo {
    port: u16,
    ends: mpsc::UnboundedReceiver<&'static str>,
    accepting: JoinHandle<()>,
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn echo() -> Echo {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, ends) = mpsc::unbounded_channel();
    let accepting = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sender = sender.clone();
            sender.send("begun").unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let copied = tokio::io::copy(&mut from, &mut to).await;
                let _ = sender.send(if copied.is_ok() { "closed" } else { "reset" });
            });
        }
    });
    Echo { port, ends, accepting }
}

async fn connect(relay: &Relay) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port())).await.unwrap()
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

async fn hear(stream: &mut TcpStream, text: &str) {
    let mut heard = vec![0; text.len()];
    timeout(SOON, stream.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, text.as_bytes());
}

/// A relay through which a client has said "before" and heard it.
async fn in_health() -> (Echo, Relay, TcpStream) {
    let server = echo().await;
    let relay = Relay::to(server.port).await.unwrap();
    let mut client = connect(&relay).await;
    say(&mut client, "before").await;
    hear(&mut client, "before").await;
    (server, relay, client)
}

async fn silent(stream: &mut TcpStream) {
    let mut byte = [0];
    let heard = timeout(MOMENT, stream.read(&mut byte)).await;
    assert!(heard.is_err(), "{heard:?}");
}

async fn held(relay: &Relay, times: u64) {
    eventually("data is held back", SOON, async || {
        let counters = relay.counters();
        if counters.held >= times { Ok(()) } else { Err(format!("{counters:?}")) }
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_during_a_cut_arrives_when_it_is_healed() {
    let (_server, relay, mut client) = in_health().await;
    relay.cut(Cut::Both);
    say(&mut client, "during").await;
    held(&relay, 1).await;
    silent(&mut client).await;
    assert_eq!(relay.counters().to_server, 6, "only what was sent before has arrived");
    relay.heal().await.unwrap();
    hear(&mut client, "during").await;
    assert_eq!((relay.counters().to_server, relay.counters().to_client), (12, 12));
}

#[tokio::test]
async fn a_cut_one_way_lets_the_other_way_through() {
    let (_server, relay, mut client) = in_health().await;
    relay.cut(Cut::ToClient);
    say(&mut client, "request").await;
    held(&relay, 1).await;
    silent(&mut client).await;
    assert_eq!((relay.counters().to_server, relay.counters().to_client), (13, 6));
    relay.heal().await.unwrap();
    hear(&mut client, "request").await;
}

#[tokio::test]
async fn the_end_of_a_connection_does_not_pass_a_cut_either() {
    let mut server = echo().await;
    let relay = Relay::to(server.port).await.unwrap();
    let mut client = connect(&relay).await;
    say(&mut client, "a").await;
    hear(&mut client, "a").await;
    assert_eq!(server.ends.recv().await, Some("begun"));
    relay.cut(Cut::ToServer);
    drop(client);
    held(&relay, 1).await;
    assert!(timeout(MOMENT, server.ends.recv()).await.is_err());
    relay.heal().await.unwrap();
    assert_eq!(timeout(SOON, server.ends.recv()).await.unwrap(), Some("closed"));
}

#[tokio::test]
async fn the_death_of_a_server_does_not_pass_a_cut_even_when_the_client_goes_on() {
    let redis = Redis::start().await.unwrap();
    let relay = Relay::to(redis.port()).await.unwrap();
    let mut client = connect(&relay).await;
    say(&mut client, "PING\r\n").await;
    hear(&mut client, "+PONG\r\n").await;
    relay.cut(Cut::ToClient);
    redis.kill().await.unwrap();
    for _ in 0..3 {
        say(&mut client, "PING\r\n").await;
        silent(&mut client).await;
    }
    relay.heal().await.unwrap();
    let end = timeout(SOON, client.read(&mut [0])).await.unwrap();
    assert!(end.is_err() || end.is_ok_and(|length| length == 0));
}

#[tokio::test]
async fn a_client_that_gives_up_during_a_cut_never_reaches_the_server() {
    let mut server = echo().await;
    let relay = Relay::to(server.port).await.unwrap();
    relay.cut(Cut::Both);
    let mut waits = connect(&relay).await;
    say(&mut waits, "patient").await;
    let mut gives_up = connect(&relay).await;
    say(&mut gives_up, "impatient").await;
    drop(gives_up);
    held(&relay, 2).await;
    relay.heal().await.unwrap();
    hear(&mut waits, "patient").await;
    assert_eq!(server.ends.recv().await, Some("begun"));
    assert!(timeout(MOMENT, server.ends.recv()).await.is_err(), "a second connection, or an end");
    assert_eq!(relay.counters().to_server, 7);
}

#[tokio::test]
async fn refused_and_reset_look_to_a_client_as_they_do_without_a_relay() {
    let mut server = echo().await;
    let relay = Relay::to(server.port).await.unwrap();
    let mut client = connect(&relay).await;
    say(&mut client, "a").await;
    hear(&mut client, "a").await;
    assert_eq!(server.ends.recv().await, Some("begun"));
    relay.reset();
    assert_eq!(client.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(timeout(SOON, server.ends.recv()).await.unwrap(), Some("reset"));
    assert_eq!(relay.counters().resets, 1);
    relay.refuse().await.unwrap();
    let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port())).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    relay.heal().await.unwrap();
    let mut client = connect(&relay).await;
    say(&mut client, "b").await;
    hear(&mut client, "b").await;
}

#[tokio::test]
async fn a_client_of_a_server_that_is_down_is_reset() {
    let nobody = Port::take().unwrap();
    let relay = Relay::to(nobody.number()).await.unwrap();
    let mut client = connect(&relay).await;
    assert_eq!(client.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_slow_line_takes_its_time_and_passes_everything_in_order() {
    let server = echo().await;
    let relay = Relay::to(server.port).await.unwrap();
    let mut client = connect(&relay).await;
    relay.slow_down(Duration::from_millis(50), None);
    let begun = Instant::now();
    say(&mut client, "there and back").await;
    hear(&mut client, "there and back").await;
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    relay.slow_down(Duration::ZERO, Some(1_000_000));
    let sent: Vec<_> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    let begun = Instant::now();
    let (mut from, mut to) = client.split();
    let mut heard = vec![0; sent.len()];
    let (written, read) = tokio::join!(to.write_all(&sent), from.read_exact(&mut heard));
    written.unwrap();
    read.unwrap();
    assert!(heard == sent && begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    assert!(relay.counters().delayed > 2);
}

#[tokio::test]
async fn a_lossy_line_stalls_now_and_then() {
    let server = echo().await;
    let relay = Relay::to(server.port).await.unwrap();
    let mut client = connect(&relay).await;
    relay.lose(4, 1);
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        say(&mut client, "x").await;
        hear(&mut client, "x").await;
        slowest = slowest.max(begun.elapsed());
    }
    let lost = relay.counters().lost;
    assert!(lost > 0 && slowest >= Duration::from_millis(200), "{lost} lost, slowest {slowest:?}");
}

#[tokio::test]
async fn a_relay_that_is_pointed_elsewhere_leads_clients_to_the_other_server() {
    let (one, other) = tokio::join!(Redis::start(), Redis::start());
    let (one, other) = (one.unwrap(), other.unwrap());
    let relay = Relay::to(one.port()).await.unwrap();
    let url = relay.url(&one.url());
    let set = async |value: &str| {
        let mut connection =
            redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
        let () = redis::cmd("SET").arg("key").arg(value).query_async(&mut connection).await.unwrap();
        connection
    };
    let mut connection = set("one").await;
    relay.repoint(other.port());
    let cut_off = redis::cmd("GET").arg("key").query_async::<String>(&mut connection).await;
    assert!(cut_off.is_err(), "{cut_off:?}");
    set("other").await;
    for (redis, value) in [(one, "one"), (other, "other")] {
        let mut connection = redis.connect().await.unwrap();
        let found: String = redis::cmd("GET").arg("key").query_async(&mut connection).await.unwrap();
        assert_eq!(found, value);
    }
}
