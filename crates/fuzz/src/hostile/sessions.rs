//! Sessions that are expired or forged, and things that are somebody else's.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Attack,
    Expected::{Known, Malformed, Refused, Stranger},
    Request, Target,
};
use crate::session;

pub(super) fn attacks(target: &Target) -> Result<Vec<Attack>> {
    let guarded = |cookie: &str| target.guarded.bytes(Some(cookie));
    let mut attacks = vec![Attack::new("no session", target.guarded.bytes(None), Stranger)];
    let good = guarded(&session::good(&target.me.id));
    attacks.push(Attack::new("a session made as the forged ones are", good, Known));
    for (name, cookie) in session::forgeries(&target.me.id)? {
        attacks.push(Attack::new(name, guarded(&cookie), Stranger));
    }
    let long = format!("session={}", STANDARD.encode("{".repeat(16_000)));
    attacks.push(Attack::new("a session of 20 kB", guarded(&long), Stranger));
    let endless = format!("session={}", "a".repeat(1 << 20));
    attacks.push(Attack::new("a session of 1 MiB", guarded(&endless), Malformed));
    let me = target.me.cookie.as_str();
    for other in &target.others {
        let Request { method, path, .. } = other;
        let name = format!("{method} {path}, which is somebody else's");
        attacks.push(Attack::new(name, other.bytes(Some(me)), Refused(&[401])));
        attacks.push(Attack::new(format!("{method} {path}, anonymous"), other.bytes(None), Refused(&[401])));
    }
    Ok(attacks)
}
