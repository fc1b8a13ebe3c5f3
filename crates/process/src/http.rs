//! The process's HTTP server: the service's API, the probes and the metrics on one address.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use futures_util::TryFutureExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use tracing::{debug, info, warn};

use super::{Identity, health::Health, outage::Outage, telemetry::Metrics};

/// Content type of the Prometheus text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Binds `HTTP_ADDR`. Separate from [`serve`], so that an address in use fails at once and by name.
///
/// # Errors
/// If the address cannot be bound.
pub async fn bind(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = listen(addr).with_context(|| {
        format!("cannot listen on {addr}: set HTTP_ADDR to a free address, such as [::]:3001")
    })?;
    // Port 0 means any: the real one is only known here.
    let addr = listener.local_addr().context("the listener has no address")?;
    tracing::info!(%addr, "serving HTTP on {addr}");
    Ok(listener)
}

/// Connections that may wait to be accepted. With more than that, which a rush for one concert can be, a client's next try is a
/// second later.
const BACKLOG: i32 = 4_096;

/// Listens with room for a rush. `[::]` is every address of both families, whatever the host's `bindv6only` says, and of
/// IPv4 alone on a host without IPv6. [`bind`] says more when it fails.
///
/// # Errors
/// What the operating system says.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    match listen_on(addr) {
        Err(error) if addr.ip() == Ipv6Addr::UNSPECIFIED && has_no_ipv6(&error) => {
            listen_on((Ipv4Addr::UNSPECIFIED, addr.port()).into())
        }
        listener => listener,
    }
}

fn listen_on(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    if addr.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A port that was in use a moment ago is free for its next process.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn has_no_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own: a kernel without IPv6 says so for the socket, one that has it switched off
    // has no address to bind.
    error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
        || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// Until connections that stay idle are closed in a drain. What is asked on them meanwhile is answered with
/// `Connection: close`, so that a proxy takes its next request elsewhere instead of losing it.
const ANNOUNCEMENT: Duration = Duration::from_secs(1);
/// A peer that vanished is found out by now and then asking for it.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// For the bytes of the last answers, when nothing else is left to do.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// After an error that the next connection would have too, such as no descriptor being free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is cancelled, then finishes the requests in flight; the caller bounds how long that may take.
/// A handler gets the peer's address as `ConnectInfo<SocketAddr>`. A connection may idle, and take for the head of a request,
/// for `idle_timeout`.
///
/// axum's own server has no limit on how long a head may take, and could be held up by connections that send none.
pub async fn serve(listener: TcpListener, routes: Router, idle_timeout: Duration, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(idle_timeout);
    let graceful = GracefulShutdown::new();
    let requests = TaskTracker::new();
    while let Some((stream, peer)) = stop.run_until_cancelled(accept(&listener)).await {
        let (routes, tracker, stop) = (routes.clone(), requests.clone(), stop.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = routes.clone().oneshot(request.map(Body::new));
            let stop = stop.clone();
            // Boxed, it is gone when the answer has begun, which in a shop may go on for hours.
            Box::pin(tracker.track_future(answer.map_ok(move |response| announcing(response, &stop))))
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        // Not an async block, which would hold it twice: a shop has thousands of connections that stay open.
        tokio::spawn(connection.unwrap_or_else(move |error| debug!(%peer, "a connection ended: {error}")));
    }
    // New connections are refused at once.
    drop(listener);
    if graceful.count() > 0 {
        tokio::time::sleep(ANNOUNCEMENT).await;
    }
    requests.close();
    // A connection with half a head would hold up the end for as long as it may take for it.
    let answered = async {
        requests.wait().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        () = graceful.shutdown() => {}
        () = answered => debug!("connections without a request were cut off"),
    }
}

/// An answer that is the last of its connection once the drain has begun.
fn announcing(mut response: Response, stop: &CancellationToken) -> Response {
    if stop.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    static OUT_OF_FILES: Outage = Outage::new(ACCEPT_PAUSE);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers are not held back; without it they only take longer.
                let _ = stream.set_nodelay(true);
                let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
                let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
                if OUT_OF_FILES.succeeded().is_some() {
                    info!("connections are accepted again");
                }
                // An IPv4 peer of a socket of both families: ::ffff:192.0.2.1.
                return (stream, SocketAddr::new(peer.ip().to_canonical(), peer.port()));
            }
            // This one is gone; the next is another's.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if OUT_OF_FILES.failed().is_some() {
                    warn!("can't accept a connection: {error}");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// What every process tells of itself.
#[derive(Clone, Debug)]
pub struct Inner {
    /// `/livez` and `/readyz`.
    pub health: Health,
    /// `/metrics`.
    pub metrics: Metrics,
    /// `/aboutz`.
    pub identity: Identity,
}

/// The service's `api` with `/livez`, `/readyz`, `/aboutz` and `/metrics`.
pub fn routes(api: Router, inner: &Inner) -> Router {
    inner_routes(inner).merge(api)
}

/// As [`routes`], for a service to which a proxy sends every path: what has come through one never reaches what is told of the
/// process, and gets what the `api` says of these paths.
pub fn routes_at_root(api: Router, inner: &Inner) -> Router {
    let inner = inner_routes(inner).fallback_service(api.clone());
    Router::new().fallback(async move |request: Request| {
        let is_from_outside = request.headers().contains_key(FORWARDED_FOR);
        let routes = if is_from_outside { &api } else { &inner };
        routes.clone().oneshot(request).await
    })
}

/// Every proxy says so; a probe and a scraper do not.
const FORWARDED_FOR: &str = "x-forwarded-for";

fn inner_routes(inner: &Inner) -> Router {
    let (live, ready, about) = (inner.health.clone(), inner.health.clone(), inner.health.clone());
    let (metrics, identity) = (inner.metrics.clone(), inner.identity.clone());
    Router::new()
        .route("/livez", get(async move || probe(live.livez(), &[])))
        .route("/readyz", get(async move || probe(ready.readyz(), &ready.remarks())))
        .route("/aboutz", get(async move || Json(identity.about(&about))))
        .route("/metrics", get(async move || ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.render())))
}

fn probe(state: Result<(), String>, remarks: &[String]) -> (StatusCode, String) {
    match state {
        Ok(()) if remarks.is_empty() => (StatusCode::OK, "ok\n".to_owned()),
        Ok(()) => (StatusCode::OK, format!("ok, though {}\n", remarks.join(", "))),
        Err(complaints) => (StatusCode::SERVICE_UNAVAILABLE, complaints + "\n"),
    }
}
