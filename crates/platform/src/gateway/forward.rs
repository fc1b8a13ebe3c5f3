//! One request on its way to a replica and its answer on the way back.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, Uri, Version, uri::Authority},
    response::{IntoResponse as _, Response},
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::json;

use super::{
    Route,
    headers::{add_forwarded, remove_hop_by_hop},
    replicas::Replicas,
    way_back,
};

/// Until a service begins to answer, as ingress-nginx has it; a body may take longer.
const LIMIT: Duration = Duration::from_secs(60);

/// Every route, with the client of its replicas.
#[derive(Clone, Debug)]
pub(super) struct Routes(Arc<Vec<Routed>>);

#[derive(Debug)]
struct Routed {
    prefix: &'static str,
    service: &'static str,
    client: Client<Replicas, Body>,
}

impl Routes {
    pub(super) fn new(routes: Vec<Route>) -> Self {
        let routed = |Route { prefix, service, replicas }| Routed {
            prefix,
            service,
            // A connection for each request: whether it was refused is known before anything is sent, and replicas
            // take turns by the request.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .retry_canceled_requests(false)
                .build(Replicas::new(replicas)),
        };
        Self(Arc::new(routes.into_iter().map(routed).collect()))
    }

    fn of(&self, path: &str) -> Option<&Routed> {
        self.0.iter().find(|route| is_below(path, route.prefix))
    }
}

/// Whether the path begins with all segments of the prefix.
fn is_below(path: &str, prefix: &str) -> bool {
    // Everything is below `/`.
    path.strip_prefix(prefix.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) async fn forward(
    State(routes): State<Routes>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let Some(route) = routes.of(request.uri().path()) else {
        let page = way_back::page(request.method(), request.uri().path());
        return page.unwrap_or_else(|| refused(StatusCode::NOT_FOUND, "Not Found"));
    };
    let Some(uri) = absolute(request.uri(), route.service) else {
        return refused(StatusCode::BAD_REQUEST, "The request's address can't be read");
    };
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    remove_hop_by_hop(request.headers_mut());
    add_forwarded(request.headers_mut(), peer);
    let service = route.service;
    match tokio::time::timeout(LIMIT, route.client.request(request)).await {
        Ok(Ok(answer)) => {
            let mut answer = answer.map(Body::new);
            remove_hop_by_hop(answer.headers_mut());
            answer
        }
        Ok(Err(error)) if error.is_connect() => {
            refused(StatusCode::SERVICE_UNAVAILABLE, &format!("No replica of {service} takes a connection"))
        }
        // It may have been executed, so only the client can know whether to send it again.
        Ok(Err(_)) => refused(
            StatusCode::BAD_GATEWAY,
            &format!("{service} broke the connection; the request may have been executed"),
        ),
        Err(_) => refused(
            StatusCode::GATEWAY_TIMEOUT,
            &format!("{service} does not answer; the request may have been executed"),
        ),
    }
}

/// The client of hyper wants to know a host; which replica it is, the connector decides.
fn absolute(uri: &Uri, service: &str) -> Option<Uri> {
    let authority = Authority::try_from(service).ok()?;
    let path = uri.path_and_query()?.clone();
    Uri::builder().scheme("http").authority(authority).path_and_query(path).build().ok()
}

/// An answer of the gateway's own, in the shape of the services' errors.
fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "errors": [{ "message": message }] }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_prefix_counts_in_whole_segments() {
        for path in ["/api/users", "/api/users/", "/api/users/signup"] {
            assert!(is_below(path, "/api/users"), "{path}");
        }
        for path in ["/", "/orders", "/api/users"] {
            assert!(is_below(path, "/"), "{path}");
        }
        for path in ["/api/userships", "/api", "/", "/x/api/users"] {
            assert!(!is_below(path, "/api/users"), "{path}");
        }
    }
}
