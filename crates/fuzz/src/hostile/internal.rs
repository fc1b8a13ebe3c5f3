//! At what only `console` or an operator may ask: without the token, and with it as neither of them would.

use common::Service;

use super::{
    Attack,
    Expected::{Malformed, Refused, Served},
    Request,
    bodies::{broken, nonsense, with},
    paths::NO_IDS,
};
use crate::{internal::Internal, raw};

/// Of these bodies every field may be missing, and others are ignored.
const ALL_OPTIONAL: [&str; 2] = ["/internal/sweeper", "/internal/resume"];
/// Longer than any body that is taken.
const TOO_LONG: usize = 256 * 1024;

pub(super) fn attacks(target: &Internal) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for operation in &target.operations {
        attacks.extend(strangers(target, operation));
        attacks.extend(ids(target, operation));
        attacks.extend(bodies(target, operation));
        let Request { path, .. } = operation;
        for method in ["PATCH", "BREW", "get"] {
            let request = Request::new(method, path.clone(), None);
            let name = format!("{method} {path}");
            attacks.push(Attack::new(name, target.bytes(&request), Refused(&[405])));
        }
    }
    attacks
}

/// Who does not have the token, whatever else he has.
fn strangers(target: &Internal, operation: &Request) -> Vec<Attack> {
    let Request { method, path, .. } = operation;
    let name = |who: &str| format!("{method} {path} of {who}");
    let mut attacks = vec![Attack::new(name("nobody"), operation.bytes(None), Refused(&[401]))];
    let Internal { token, other_token, .. } = target;
    let half = &token[..token.len() - 1];
    for (who, authorization) in [
        ("an empty token", "Bearer ".to_owned()),
        ("half the token", format!("Bearer {half}")),
        ("more than the token", format!("Bearer {token}x")),
        ("the token alone", (*token).to_owned()),
        ("the token as a password", format!("Basic {token}")),
        ("a token of others", format!("Bearer {other_token}")),
        ("no text", "Bearer \u{ff}".to_owned()),
    ] {
        let header = ("Authorization", authorization.as_bytes());
        attacks.push(Attack::new(name(who), operation.bytes_with(Some(header)), Refused(&[401])));
    }
    let huge = format!("Bearer {}", "x".repeat(1 << 20));
    let huge = operation.bytes_with(Some(("Authorization", huge.as_bytes())));
    attacks.push(Attack::new(name("a token of 1 MiB"), huge, Malformed));
    attacks
}

/// Where the operation is about one thing: what is the id of nothing.
fn ids(target: &Internal, operation: &Request) -> Vec<Attack> {
    let Some(template) = &target.templates.get(&operation.path) else { return Vec::new() };
    let attack = |(name, id): &(&str, &str)| {
        let request = Request { path: template.replace("{id}", id), ..operation.clone() };
        let name = format!("{} {template} with {name}", operation.method);
        Attack::new(name, target.bytes(&request), Refused(&[404]))
    };
    NO_IDS.iter().map(attack).collect()
}

/// Where the operation takes a body: what is no JSON, is too long, or is no value of its field.
fn bodies(target: &Internal, operation: &Request) -> Vec<Attack> {
    let Some(body) = &operation.body else { return Vec::new() };
    let Request { method, path, .. } = operation;
    let good = body.to_string();
    let authorization = target.authorization();
    let post = |what: &str, body: &[u8], expected| {
        let headers: [(&str, &[u8]); 2] =
            [("Content-Type", b"application/json"), ("Authorization", authorization.as_bytes())];
        let request = raw::request(method, path, &headers, body);
        Attack::new(format!("{method} {path} with {what}"), request, expected)
    };
    let of = |(what, body): (&str, Vec<u8>)| {
        let is_fine = what == "thousands of fields" && ALL_OPTIONAL.contains(&path.as_str());
        post(what, &body, if is_fine { Served(200) } else { Refused(&[400]) })
    };
    let mut attacks: Vec<Attack> = broken(&good).into_iter().map(of).collect();
    let long = format!(r#"{{"a":"{}"}}"#, "a".repeat(TOO_LONG));
    // Lists of ids are longer, and then there is no field of that name.
    let too_long: &[u16] = if target.name == Service::Console { &[400, 413] } else { &[413] };
    attacks.push(post("too many bytes", long.as_bytes(), Refused(too_long)));
    for (field, value) in body.as_object().into_iter().flatten() {
        // `null` is as if an optional field were not there, and a list of a text may be one of ids.
        let is_no_attack = |what: &str| what == "null" || what == "an array" && value.is_array();
        for (what, value) in nonsense().into_iter().filter(|(what, _)| !is_no_attack(what)) {
            let body = with(&good, field, &value);
            attacks.push(post(&format!("{field}: {what}"), body.as_bytes(), Refused(&[400])));
        }
    }
    attacks
}
