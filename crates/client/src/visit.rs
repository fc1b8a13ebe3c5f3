//! One request of one visitor: what is passed on to the APIs, and what pages are made for.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use common::traceparent::{TRACEPARENT, Traceparent};
use http_common::{REQUEST_ID, request_id, traceparent};
use page_kit::{FormId, Forms, cookie, is_cross_site};

use crate::locale::Locale;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-proto"), HeaderName::from_static("x-forwarded-host")];

/// One request of one visitor.
#[derive(Clone, Debug)]
pub struct Visit {
    /// What the APIs are told.
    headers: HeaderMap,
    trace: Traceparent,
    /// Whether there may be a session; the APIs know whether it is good.
    pub(crate) has_session: bool,
    /// How prices and numbers are written.
    pub(crate) locale: Locale,
    /// Whether another site sends this request, as far as the browser says.
    pub(crate) is_cross_site: bool,
    /// The path and the query.
    pub(crate) target: String,
}

impl Visit {
    /// Nobody's visit: for what the process asks by itself.
    pub(crate) fn of_nobody(&self) -> Self {
        let mut headers = self.headers.clone();
        headers.remove(header::COOKIE);
        Self { headers, has_session: false, ..self.clone() }
    }

    /// The headers of a call in this visitor's name: session, request id, addresses, and the next step of the trace.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Ok(trace) = HeaderValue::try_from(self.trace.child().to_string()) {
            headers.insert(TRACEPARENT, trace);
        }
        headers
    }

    /// What the forms in this visitor's browser are signed for.
    pub(crate) fn form(&self, forms: &Forms) -> FormId {
        forms.id(&self.headers)
    }

    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first value of this name in the query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    fn of(parts: &Parts) -> Self {
        let given = &parts.headers;
        let mut headers = HeaderMap::new();
        for cookie in given.get_all(header::COOKIE) {
            headers.append(header::COOKIE, cookie.clone());
        }
        headers.insert(REQUEST_ID, request_id(given));
        for name in FORWARDED {
            headers.extend(given.get(&name).map(|value| (name, value.clone())));
        }
        // The services' own proxy has appended the visitor to it, and counts its hops from the right.
        for hops in given.get_all(FORWARDED_FOR) {
            headers.append(FORWARDED_FOR, hops.clone());
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        if let (false, Some(ConnectInfo(peer))) = (headers.contains_key(FORWARDED_FOR), peer) {
            headers.extend(HeaderValue::try_from(peer.ip().to_string()).map(|peer| (FORWARDED_FOR, peer)));
        }
        let language = given.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            headers,
            trace: parts.extensions.get().copied().unwrap_or_else(|| traceparent(given)),
            has_session: cookie(given, "session").or_else(|| cookie(given, "express:sess")).is_some(),
            locale: Locale::choose(language.unwrap_or_default()),
            is_cross_site: is_cross_site(given),
            target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn visit(headers: &[(&str, &str)]) -> Visit {
        let request =
            headers.iter().fold(Request::get("/tickets/t?a=1&b=x%20y"), |request, (name, value)| {
                request.header(*name, *value)
            });
        Visit::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn what_identifies_the_visitor_is_passed_on_and_nothing_else() {
        let trace = Traceparent::generate();
        let visit = visit(&[
            ("cookie", "session=abc; other=1"),
            ("x-request-id", "r-1"),
            ("traceparent", &trace.to_string()),
            ("x-forwarded-for", "192.0.2.1"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://ticketing.dev"),
            ("authorization", "Basic abc"),
        ]);
        let headers = visit.headers();
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["cookie", "traceparent", "x-forwarded-for", "x-request-id"]);
        let passed: Traceparent = headers["traceparent"].to_str().unwrap().parse().unwrap();
        assert_eq!(passed.trace_id(), trace.trace_id());
        assert_ne!(passed, trace);
        assert!(visit.has_session);
        assert!(!visit.of_nobody().headers().contains_key("cookie"));
    }

    #[test]
    fn the_query_is_read_decoded() {
        let visit = visit(&[]);
        assert_eq!(visit.query("b").as_deref(), Some("x y"));
        assert_eq!(visit.query("c"), None);
        assert_eq!(visit.path(), "/tickets/t");
    }
}
