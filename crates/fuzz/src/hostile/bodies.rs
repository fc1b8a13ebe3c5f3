//! In the body: what is no JSON, what is huge or deep, what is no text, and SQL.

use common::Service;
use serde_json::{Value, json};

use super::{
    Attack,
    Expected::{self, Refused, Served},
    Target,
};
use crate::raw;

/// The longest body that a service takes.
const LONGEST: usize = 16 * 1024;
const JSON: &str = "application/json";
/// The fields that may be left out: `null` in them is as if they were.
const OPTIONAL: [&str; 1] = ["token"];

pub(super) fn attacks(target: &Target) -> Vec<Attack> {
    let mut attacks = Vec::new();
    let mut add = |name: &str, media_type: &str, body: &[u8], expected: Expected| {
        attacks.push(Attack::new(format!("body with {name}"), post(target, media_type, body), expected));
    };
    let good = target.write.body.clone().unwrap_or_default();
    let good_text = good.to_string();
    for (name, body) in broken(&good_text) {
        add(name, JSON, &body, Refused(&[400]));
    }
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "", "\u{ff}"]
    {
        add(&format!("the media type {media_type:?}"), media_type, good_text.as_bytes(), Refused(&[400]));
    }
    for size in [LONGEST + 1, 1 << 20, 8 << 20] {
        let body = format!(r#"{{"a":"{}"}}"#, "a".repeat(size));
        add(&format!("{size} bytes and more"), JSON, body.as_bytes(), Refused(&[413]));
    }
    for &(field, expected) in fields(target) {
        for (name, value) in nonsense() {
            let body = with(&good_text, field, &value);
            let is_absent = value == "null" && OPTIONAL.contains(&field);
            let expected = if is_absent { Served(201) } else { Refused(&[400]) };
            add(&format!("{field}: {name}"), JSON, body.as_bytes(), expected);
        }
        let sql = with(&good_text, field, &json!("'); DROP TABLE users; --").to_string());
        add(&format!("{field}: SQL"), JSON, sql.as_bytes(), expected);
    }
    attacks.push(Attack::new("body in endless chunks", chunked(target, 1 << 20), Refused(&[413])));
    attacks.push(Attack::new("body in a chunk of no size", chunked_as(target, b"zz\r\n"), Refused(&[400])));
    attacks.push(Attack::new(
        "body in a chunk of any size",
        chunked_as(target, b"ffffffffffffffffff\r\n"),
        Refused(&[400]),
    ));
    attacks
}

/// What is no JSON object.
pub(super) fn broken(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("half of it", text(&good[..good.len() - 1])),
        ("more behind it", text(&format!("{good}{good}"))),
        ("an array around it", text(&format!("[{good}]"))),
        ("a text around it", json!(good).to_string().into_bytes()),
        ("null", text("null")),
        ("U+0000", text("\0")),
        (
            "invalid UTF-8",
            b"{\"title\":\"\xff\xfe\",\"price\":1,\"ticketId\":\"\xff\",\"email\":\"\xff\"}".to_vec(),
        ),
        ("UTF-16", utf16),
        ("a byte order mark", [&b"\xef\xbb\xbf"[..], good.as_bytes()].concat()),
        ("arrays as deep as it may be long", text(&"[".repeat(LONGEST))),
        ("objects as deep as it may be long", text(&r#"{"a":"#.repeat(LONGEST / 5))),
        ("thousands of fields", text(&format!("{{{}\"z\":1}}", r#""a":1,"#.repeat(2_000)))),
        ("a form", text("title=a&price=1")),
        (
            "XML",
            text("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"),
        ),
        ("no value", text(r#"{"title":,"price":}"#)),
    ]
}

/// The fields of the body, and what SQL in them is: a text like any other, or no value of theirs.
fn fields(target: &Target) -> &'static [(&'static str, Expected)] {
    match target.name {
        Service::Tickets => &[("title", Served(201)), ("price", Refused(&[400]))],
        Service::Orders => &[("ticketId", Refused(&[400]))],
        Service::Auth => &[("email", Refused(&[400])), ("password", Served(201))],
        Service::Payments => &[("orderId", Refused(&[400])), ("token", Refused(&[400]))],
        Service::Expiration | Service::Client | Service::Console => &[],
    }
}

/// JSON that is no value of any field.
pub(super) fn nonsense() -> Vec<(&'static str, String)> {
    vec![
        ("null", "null".to_owned()),
        ("true", "true".to_owned()),
        ("an object", r#"{"$ne":null}"#.to_owned()),
        ("an array", r#"["a"]"#.to_owned()),
        ("a deep array", format!("{}{}", "[".repeat(7_000), "]".repeat(7_000))),
        ("no text", r#""""#.to_owned()),
        ("U+0000", r#""a\u0000b""#.to_owned()),
        ("half a surrogate", r#""\ud800""#.to_owned()),
        ("a number without end", "9".repeat(9_000)),
        ("a number beyond all", "1e999999999999".to_owned()),
        ("a number too small", "-1e-400".to_owned()),
    ]
}

/// The body with this JSON in one field.
pub(super) fn with(good: &str, field: &str, json: &str) -> String {
    let mut body: Value = serde_json::from_str(good).unwrap_or_default();
    body[field] = json!("HERE");
    body.to_string().replace("\"HERE\"", json)
}

fn post(target: &Target, media_type: &str, body: &[u8]) -> Vec<u8> {
    let headers: [(&str, &[u8]); 2] =
        [("Content-Type", media_type.as_bytes()), ("Cookie", target.me.cookie.as_bytes())];
    raw::request(target.write.method, &target.write.path, &headers, body)
}

fn chunked(target: &Target, size: usize) -> Vec<u8> {
    chunked_as(
        target,
        &b"1000\r\n"
            .iter()
            .chain(&[b' '; 4096])
            .chain(b"\r\n")
            .copied()
            .collect::<Vec<u8>>()
            .repeat(size / 4096),
    )
}

fn chunked_as(target: &Target, chunks: &[u8]) -> Vec<u8> {
    let headers: [(&str, &[u8]); 3] = [
        ("Content-Type", JSON.as_bytes()),
        ("Cookie", target.me.cookie.as_bytes()),
        ("Transfer-Encoding", b"chunked"),
    ];
    [raw::request(target.write.method, &target.write.path, &headers, b""), chunks.to_vec()].concat()
}
