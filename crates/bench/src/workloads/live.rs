//! The shop alone: a seat becomes free, and every open page is told.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use common::event::{Id, Subject};
use futures_util::future::try_join_all;
use testkit::{Nats, ServiceProcess};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::{sleep, timeout},
};

use crate::{sample::Figures, stats, usage::Usage};

const READY: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(30);
/// Seats that become free, one after the other.
const SEATS: usize = 20;
/// Longer than what is told together.
const BETWEEN: Duration = Duration::from_millis(500);
/// As a browser sends it, so that the process has as much to keep of it.
const REQUEST: &str = "GET /live/tickets HTTP/1.1\r\n\
    Host: ticketing.dev\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36\r\n\
    Accept: text/event-stream\r\n\
    Accept-Language: en-GB,en;q=0.9\r\n\
    Accept-Encoding: gzip, deflate, br\r\n\
    Referer: https://ticketing.dev/\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Cookie: session=eyJqd3QiOiJleUpoYkdjaU9pSklVekkxTmlJc0luUjVjQ0k2SWtwWFZDSjkuZXlKcFpDSTZJalkxWWpCaE0yWXdZekZrTW1VelpqUXdOVEUyTWpjek9DSjkuc2lnbmF0dXJlIn0=\r\n\r\n";

/// How long from a seat's event to each page's message, and the memory that a page takes of the process.
#[expect(clippy::disallowed_methods, reason = "this plays `tickets`, whose events nobody has to store here")]
pub(super) async fn measure(pages: usize) -> Result<Figures> {
    let nats = Nats::start().await?;
    let shop = start(&nats).await?;
    let tickets = async_nats::connect(nats.url()).await.context("connect to NATS")?;
    let empty = Usage::of(shop.pid())?;
    let (told, mut news) = unbounded_channel();
    let open = |_| open(shop.port(), told.clone());
    let _pages = try_join_all((0..pages).map(open)).await?;
    // Until all of it is in memory that is going to be.
    sleep(BETWEEN).await;
    let full = Usage::of(shop.pid())?;
    let mut took = Vec::with_capacity(pages * SEATS);
    for _ in 0..SEATS {
        let ticket = Id::generate();
        let body = format!(r#"{{"id":"{ticket}","version":2,"title":"a seat","price":20,"userId":"u"}}"#);
        let begin = Instant::now();
        tickets.publish(Subject::TicketUpdated.as_str(), Bytes::from(body)).await?;
        tickets.flush().await?;
        for page in 0..pages {
            let heard =
                timeout(PATIENCE, news.recv()).await.with_context(|| format!("{page} pages heard"))?;
            let (at, text) = heard.context("a page is gone")?;
            ensure!(text.contains(ticket.as_str()), "{text} is not about {ticket}");
            took.push((at - begin).as_secs_f64() * 1e3);
        }
        sleep(BETWEEN).await;
    }
    let spent = Usage::of(shop.pid())?.cpu_s - full.cpu_s;
    stats::sort(&mut took);
    Ok(Figures::default()
        .with("page_kb", (full.rss_mb - empty.rss_mb) * 1024.0 / pages as f64)
        .with("message_us", spent * 1e6 / took.len() as f64)
        .with_lateness(&took))
}

/// The shop, which asks nobody for anything here.
async fn start(nats: &Nats) -> Result<ServiceProcess> {
    let shop = ServiceProcess::command("client")
        .env("NATS_URL", nats.url())
        .env("PUBLIC_URL", "http://127.0.0.1:1")
        .env("FORM_KEY", "a key of this benchmark alone, for forms")
        .env("RUST_LOG", "warn")
        .spawn()
        .await?;
    shop.ready(READY).await?;
    Ok(shop)
}

/// Opens a page, which tells of everything that it hears from then on. Dropped, it is closed.
async fn open(
    port: u16,
    told: UnboundedSender<(Instant, String)>,
) -> Result<tokio_util::task::AbortOnDropHandle<()>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.context("connect to the shop")?;
    stream.write_all(REQUEST.as_bytes()).await?;
    let mut buffer = vec![0; 2048];
    let mut head = Vec::new();
    while !head.windows(6).any(|bytes| bytes == b"retry:") {
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await.context("no answer")??;
        ensure!(read > 0, "a page was refused: {}", String::from_utf8_lossy(&head));
        head.extend_from_slice(&buffer[..read]);
    }
    let listening = async move {
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            // Signs of life are no news.
            if text.contains("event:") && told.send((Instant::now(), text)).is_err() {
                return;
            }
        }
    };
    Ok(tokio_util::task::AbortOnDropHandle::new(tokio::spawn(listening)))
}
