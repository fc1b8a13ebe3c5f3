//! Session cookies, good ones and forged ones.

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::event::Id;
use serde_json::{Value, json};

use platform::JWT_KEY;
use testkit::session::{HEADER, cookie};

/// A user, with the whole `Cookie` header of a session.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: Id,
    pub(super) cookie: String,
}

/// A cookie of this user's that is good, though `auth` has not made it: what is wrong with the forgeries is not how
/// they are made.
pub(super) fn good(user: &Id) -> String {
    cookie(&token(HEADER, &claims(user), JWT_KEY))
}

/// Cookies that pretend to be this user's, each with what is wrong with it.
pub(super) fn forgeries(user: &Id) -> Result<Vec<(&'static str, String)>> {
    let (mine, mut expired, mut endless) = (claims(user), claims(user), claims(user));
    expired["exp"] = json!(1_700_000_000);
    endless["exp"] = json!("never");
    let good = token(HEADER, &mine, JWT_KEY);
    let (signed, _) = good.rsplit_once('.').context("a token has a signature")?;
    let anybody = json!({ "id": { "$ne": null }, "email": "a@example.com" });
    Ok(vec![
        ("an expired session", cookie(&token(HEADER, &expired, JWT_KEY))),
        ("a session whose expiry is no number", cookie(&token(HEADER, &endless, JWT_KEY))),
        ("a session of another key", cookie(&token(HEADER, &mine, "another key"))),
        ("a session of no key", cookie(&token(HEADER, &mine, ""))),
        ("a session without a signature", cookie(&format!("{signed}."))),
        ("a session of the algorithm none", cookie(&token(r#"{"alg":"none"}"#, &mine, JWT_KEY))),
        ("a session of another algorithm", cookie(&token(r#"{"alg":"HS512"}"#, &mine, JWT_KEY))),
        ("a session of somebody who is an object", cookie(&token(HEADER, &anybody, JWT_KEY))),
        ("a session of nobody", cookie(&token(HEADER, &json!({}), JWT_KEY))),
        ("a bare token", format!("session={good}")),
        ("a session that is no base64", "session=%%%".to_owned()),
        ("a session that is no JSON", format!("session={}", STANDARD.encode("\u{0}\u{1}"))),
        ("a session deep in arrays", format!("session={}", STANDARD.encode("[".repeat(4096)))),
    ])
}

fn claims(user: &Id) -> Value {
    json!({ "id": user, "email": "fuzz@example.com" })
}

fn token(header: &str, claims: &Value, key: &str) -> String {
    testkit::session::token(header, &claims.to_string(), key)
}
