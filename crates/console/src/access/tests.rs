//! Who is let in, and as whom.

use axum::http::Request;

use super::*;
use crate::config::{ProxySettings, Token};

const VIEWER: &str = "viewer-0123456789abcdef0123456789";
const OPERATOR: &str = "operator-0123456789abcdef01234567";
const PROXY: &str = "proxy-0123456789abcdef0123456789a";

fn access(proxy: bool) -> Access {
    let token = |name: &str, secret: &str| vec![Token { name: name.to_owned(), secret: secret.into() }];
    let proxy = proxy.then(|| ProxySettings {
        token: PROXY.into(),
        operator_groups: vec!["sre".to_owned(), "oncall".to_owned()],
    });
    Access::new(AccessSettings {
        viewers: token("vera", VIEWER),
        operators: token("otto", OPERATOR),
        proxy,
        read_only: false,
        cookie_secure: false,
    })
}

fn parts(headers: &[(&str, &str)]) -> Parts {
    let request = headers
        .iter()
        .fold(Request::get("/api/status"), |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

fn who(access: &Access, headers: &[(&str, &str)]) -> Result<(String, &'static str), Stranger> {
    access.identify(&parts(headers)).map(|(actor, _)| (actor.name().to_owned(), actor.role()))
}

#[test]
fn a_token_is_somebodys_or_nobodys() {
    let access = access(false);
    let bearer = |token: &str| who(&access, &[("authorization", &format!("Bearer {token}"))]);
    assert_eq!(bearer(VIEWER), Ok(("vera".to_owned(), "viewer")));
    assert_eq!(bearer(OPERATOR), Ok(("otto".to_owned(), "operator")));
    for unknown in ["", "x", &VIEWER[1..]] {
        assert_eq!(bearer(unknown), Err(Stranger::UnknownToken), "{unknown}");
    }
    assert_eq!(who(&access, &[("authorization", OPERATOR)]), Err(Stranger::UnknownToken));
    assert_eq!(who(&access, &[]), Err(Stranger::Unproven));
}

#[test]
fn a_proxy_names_people_only_with_its_own_token() {
    let access = access(true);
    let user = |token: &str, groups: &str| {
        who(&access, &[("x-proxy-token", token), ("x-forwarded-user", "ann"), ("x-forwarded-groups", groups)])
    };
    assert_eq!(user(PROXY, "dev, oncall"), Ok(("ann".to_owned(), "operator")));
    assert_eq!(user(PROXY, "oncall-eu"), Ok(("ann".to_owned(), "viewer")));
    assert_eq!(user(VIEWER, "oncall"), Err(Stranger::ForgedProxy));
    assert_eq!(who(&access, &[("x-forwarded-user", "ann")]), Err(Stranger::ForgedProxy));
    assert_eq!(who(&access, &[("x-proxy-token", PROXY)]), Err(Stranger::ForgedProxy), "nobody is named");
    let two = [("x-proxy-token", PROXY), ("x-forwarded-user", "ann"), ("x-forwarded-user", "otto")];
    assert_eq!(who(&access, &two), Err(Stranger::ForgedProxy));
}

#[test]
fn a_good_token_beside_a_forged_proxy_does_not_help() {
    for access in [access(false), access(true)] {
        let bearer = format!("Bearer {OPERATOR}");
        let headers = [("authorization", bearer.as_str()), ("x-forwarded-groups", "oncall")];
        assert_eq!(who(&access, &headers), Err(Stranger::ForgedProxy));
    }
}

#[test]
fn a_session_is_begun_with_a_token_and_is_its_owners() {
    let access = access(false);
    let (actor, cookie) = access.sign_in(&format!(" {VIEWER}\n"), &parts(&[])).unwrap();
    assert_eq!((actor.name(), actor.is_operator()), ("vera", false));
    let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
    let (actor, proof) = access.identify(&parts(&[("cookie", cookie)])).unwrap();
    assert_eq!((actor.name(), proof), ("vera", Proof::Session));
    assert_eq!(who(&access, &[("cookie", &cookie.replace("vera", "otto"))]), Err(Stranger::Ended));
    assert_eq!(access.sign_in("wrong", &parts(&[])).unwrap_err().status.as_u16(), 401);
}

#[test]
fn only_the_same_origin_and_what_is_no_browser_may_write() {
    let cross_site = |headers: &[(&str, &str)]| is_cross_site(&parts(headers).headers);
    assert!(!cross_site(&[("host", "console")]));
    assert!(!cross_site(&[("sec-fetch-site", "same-origin"), ("origin", "https://a"), ("host", "b")]));
    assert!(!cross_site(&[("origin", "https://console:3000"), ("host", "console:3000")]));
    for site in ["cross-site", "same-site", "?"] {
        assert!(cross_site(&[("sec-fetch-site", site), ("host", "console")]), "{site}");
    }
    for origin in ["null", "https://evil.example", "https://console.evil.example", ""] {
        assert!(cross_site(&[("origin", origin), ("host", "console")]), "{origin}");
    }
}
