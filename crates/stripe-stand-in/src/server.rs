//! The HTTP server, which can cut a connection instead of answering.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response, routing::get};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    api::{self, Cut},
    app::App,
    hosted_page,
};

/// How often sessions are looked through for those whose time is over.
const TICK: Duration = Duration::from_secs(1);
/// After an error that the next connection would have too, such as no descriptor being free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is cancelled; then every connection ends where it is.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, stop: CancellationToken) {
    let routes = routes(app.clone());
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) if !app.faults().is_down() => {
                let connection = connection(stream, routes.clone(), app.clone());
                let stop = stop.clone();
                tokio::spawn(async move { stop.run_until_cancelled(connection).await });
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Expires sessions on time, so that their webhooks come without anybody asking.
pub(crate) async fn expire_sessions(app: Arc<App>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
        app.state().expire_overdue();
    }
}

fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(hosted_page::books))
        .route("/pay/{session}", get(hosted_page::show).post(hosted_page::pay))
        .route("/authenticate/{intent}", get(hosted_page::ask).post(hosted_page::answer))
        .fallback(api::handle)
        .with_state(app)
}

async fn connection(stream: TcpStream, routes: Router, app: Arc<App>) {
    // Without it small answers wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| respond(request, routes.clone(), app.clone()));
    // A connection that ends badly is its client's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(request: Request<Incoming>, routes: Router, app: Arc<App>) -> io::Result<Response> {
    let cut = || io::Error::from(io::ErrorKind::ConnectionAborted);
    if app.faults().is_down() {
        return Err(cut());
    }
    let Ok(response) = routes.oneshot(request.map(Body::new)).await;
    // The server ends a connection whose service fails, without a byte.
    if response.extensions().get::<Cut>().is_some() { Err(cut()) } else { Ok(response) }
}
