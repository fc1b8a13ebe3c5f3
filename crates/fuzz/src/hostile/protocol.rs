//! In the method, in the headers, and in what holds them together.

use super::{
    Attack,
    Expected::{Malformed, Refused, Served},
    Request, Target,
};
use crate::raw;

/// Of a list and of an account; none of them is there.
const NO_METHODS: [&str; 8] = ["PATCH", "TRACE", "OPTIONS", "PROPFIND", "BREW", "get", "DELETE", "G'ET"];

/// Header lines that a service has to bear.
const ODD_HEADERS: [(&str, &[u8]); 14] = [
    ("X-Request-Id", b"a%0d%0aX-Injected: 1"),
    ("X-Request-Id", b"\xff\xfe"),
    ("X-Request-Id", b"{\"level\":\"ERROR\"}"),
    ("traceparent", b"00-ffffffffffffffffffffffffffffffff-0000000000000000-zz"),
    ("traceparent", b"\xff"),
    ("Host", b"evil.example"),
    ("X-Forwarded-For", b"' OR 1=1 --, \xff, 999.1.1.1, ::1%eth0"),
    ("X-Forwarded-Host", b"evil.example"),
    ("X-Original-URL", b"/readyz"),
    ("X-HTTP-Method-Override", b"DELETE"),
    ("Accept", b"text/html;q=\xff"),
    ("Range", b"bytes=0-18446744073709551615"),
    ("If-None-Match", b"\"\xff"),
    ("Upgrade", b"h2c"),
];

/// Not HTTP/1.1.
const NO_HTTP: [(&str, &[u8]); 14] = [
    ("no version", b"GET /\r\n\r\n"),
    ("a version to come", b"GET / HTTP/9.9\r\n\r\n"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n"),
    ("a space in the path", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("U+0000 in the path", b"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a header without a colon", b"GET / HTTP/1.1\r\nHost\r\n\r\n"),
    ("a header with a space in its name", b"GET / HTTP/1.1\r\nX A: b\r\n\r\n"),
    ("U+0000 in a header", b"GET / HTTP/1.1\r\nX-A: b\0c\r\n\r\n"),
    ("a header that goes on", b"GET / HTTP/1.1\r\nX-A: b\r\n c\r\n\r\n"),
    ("two lengths", b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ("a length below zero", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
    ("a length beyond all", b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
    ("an encoding that is none", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n"),
];

pub(super) fn attacks(target: &Target) -> Vec<Attack> {
    let mut attacks: Vec<Attack> =
        NO_HTTP.iter().map(|(name, bytes)| Attack::new(*name, bytes.to_vec(), Malformed)).collect();
    for method in NO_METHODS {
        let request = Request { method, ..Request::get(&target.good) };
        attacks.push(Attack::new(
            format!("method {method}"),
            request.bytes(Some(&target.me.cookie)),
            Refused(&[405]),
        ));
    }
    let good = |headers: &[(&str, &[u8])]| {
        let cookie = [("Cookie", target.me.cookie.as_bytes())];
        raw::request("GET", &target.good, &[&cookie[..], headers].concat(), b"")
    };
    for header in ODD_HEADERS {
        let name = format!("{}: {}", header.0, header.1.escape_ascii());
        attacks.push(Attack::new(name, good(&[header]), Served(200)));
    }
    attacks.push(Attack::new("200 headers", good(&[("X-A", &b"a"[..]); 200]), Malformed));
    attacks.push(Attack::new("a header of 1 MiB", good(&[("X-A", &[b'a'; 1 << 20])]), Malformed));
    attacks.extend(cross_site(target));
    attacks
}

/// Writes that a page of another origin has its visitor's browser send.
fn cross_site(target: &Target) -> impl Iterator<Item = Attack> {
    let headers: [(&str, &[u8]); 4] = [
        ("Sec-Fetch-Site", b"cross-site"),
        ("Sec-Fetch-Site", b"\xff"),
        ("Origin", b"https://evil.example"),
        ("Origin", b"null"),
    ];
    headers.into_iter().map(|header| {
        let cookie = ("Cookie", target.me.cookie.as_bytes());
        let body = target.write.body.as_ref().map(ToString::to_string).unwrap_or_default();
        let json: (&str, &[u8]) = ("Content-Type", b"application/json");
        let request =
            raw::request(target.write.method, &target.write.path, &[cookie, json, header], body.as_bytes());
        Attack::new(format!("write with {}: {}", header.0, header.1.escape_ascii()), request, Refused(&[403]))
    })
}
