//! A proxy in front that signs people in, such as OAuth2 Proxy. It proves itself by a token of its own, because a header
//! with a user's name can be written by anybody who reaches this process.

use axum::http::HeaderMap;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::{Role, text};
use crate::config::ProxySettings;

const TOKEN: &str = "x-proxy-token";
const USER: &str = "x-forwarded-user";
const GROUPS: &str = "x-forwarded-groups";
const FOR: &str = "x-forwarded-for";
/// A name goes into the audit.
const LONGEST_NAME: usize = 256;

#[derive(Debug)]
pub(super) struct Proxy {
    hash: [u8; 32],
    operator_groups: Vec<String>,
}

/// Whether a request says that it comes from such a proxy.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    [TOKEN, USER, GROUPS].into_iter().any(|name| headers.contains_key(name))
}

/// From where the proxy was asked, as it has added it itself: the last one.
pub(super) fn visitor(headers: &HeaderMap) -> Option<String> {
    let hops = headers.get_all(FOR).iter().next_back()?.to_str().ok()?;
    hops.rsplit(',').next().map(|hop| hop.trim().to_owned()).filter(|hop| !hop.is_empty())
}

impl Proxy {
    pub(super) fn new(settings: ProxySettings) -> Self {
        let hash = Sha256::digest(settings.token.expose_secret()).into();
        Self { hash, operator_groups: settings.operator_groups }
    }

    /// Whom the proxy names, if it is ours.
    pub(super) fn user(&self, headers: &HeaderMap) -> Option<(String, Role)> {
        let given: [u8; 32] = Sha256::digest(headers.get(TOKEN)?.as_bytes()).into();
        let user = text(headers, USER)?.trim();
        // Two of a kind may be one that the proxy has let through beside its own.
        let is_one = [TOKEN, USER, GROUPS].into_iter().all(|name| headers.get_all(name).iter().count() <= 1);
        let is_name = (1..=LONGEST_NAME).contains(&user.len()) && !user.chars().any(char::is_control);
        if given != self.hash || !is_one || !is_name {
            return None;
        }
        let mut groups = text(headers, GROUPS).unwrap_or_default().split(',').map(str::trim);
        let acts = groups.any(|group| self.operator_groups.iter().any(|known| known == group));
        Some((user.to_owned(), if acts { Role::Operator } else { Role::Viewer }))
    }
}
