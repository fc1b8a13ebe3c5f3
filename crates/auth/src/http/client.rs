//! The address that a request comes from.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Once,
};

use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use tracing::{error, warn};
use web::ApiError;

const FORWARDED: &str = "x-forwarded-for";

/// One line in the log is enough: every request of a proxy has it.
static IGNORED: Once = Once::new();

/// Who is believed about a client's address.
#[derive(Clone, Copy, Debug)]
pub struct Proxies {
    /// Proxies in front of the service, each of which appends the peer that it saw to `X-Forwarded-For`. What a client
    /// writes there itself stands further left and is believed by nobody.
    pub hops: usize,
}

/// The address that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientAddress(pub(super) IpAddr);

impl Proxies {
    /// The address as the outermost trusted proxy saw it; that of the peer without one, or if it does not say.
    fn client(self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let Some(nth) = self.hops.checked_sub(1) else {
            if headers.contains_key(FORWARDED) {
                IGNORED.call_once(warn_of_proxy);
            }
            return peer;
        };
        let lines: Vec<&str> =
            headers.get_all(FORWARDED).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        lines.join(",").rsplit(',').nth(nth).and_then(read).unwrap_or(peer)
    }
}

fn warn_of_proxy() {
    warn!(
        "a request came with X-Forwarded-For, which nobody believes because TRUSTED_PROXY_HOPS is 0: if that was a \
         proxy of ours, everybody behind it shares one limit on failed attempts"
    );
}

/// An address, which some proxies write with the port or, if it is an IPv6 one, in brackets.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

impl<S> FromRequestParts<S> for ClientAddress
where
    S: Send + Sync,
    Proxies: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
            error!("the server does not tell the peer's address: this is a defect, please report it");
            return Err(ApiError::Defect);
        };
        Ok(Self(Proxies::from_ref(state).client(&parts.headers, peer.ip())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(hops: usize, lines: &[&str]) -> String {
        let headers = lines
            .iter()
            .map(|line| (axum::http::HeaderName::from_static("x-forwarded-for"), line.parse().unwrap()));
        Proxies { hops }.client(&headers.collect(), IpAddr::from([10, 0, 0, 9])).to_string()
    }

    #[test]
    fn without_a_proxy_the_peer_counts_whatever_it_says() {
        assert_eq!(client(0, &[]), "10.0.0.9");
        assert_eq!(client(0, &["192.0.2.1"]), "10.0.0.9");
    }

    #[test]
    fn the_outermost_trusted_proxy_says_who_the_client_is() {
        assert_eq!(client(1, &["192.0.2.66, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(2, &["192.0.2.66, 192.0.2.1, 10.0.0.1"]), "192.0.2.1");
        assert_eq!(client(2, &["192.0.2.66, 192.0.2.1", "10.0.0.1"]), "192.0.2.1");
    }

    #[test]
    fn every_way_to_write_an_address_is_read() {
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443", " 2001:db8::1 "] {
            assert_eq!(client(1, &[text]), "2001:db8::1", "{text}");
        }
        assert_eq!(client(1, &["192.0.2.1:1234"]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_that_says_nothing_of_use_is_itself_the_client() {
        for lines in [&[][..], &[""], &["unknown"], &["192.0.2.1,"], &["192.0.2.1, _hidden"], &["999.1.1.1"]]
        {
            assert_eq!(client(1, lines), "10.0.0.9", "{lines:?}");
        }
        assert_eq!(client(2, &["192.0.2.1"]), "10.0.0.9");
    }
}
