//! Who is let in, and what is refused: each refusal is in the audit.

use common::operator::AuditOutcome;
use platform::{OPERATOR_TOKEN, VIEWER_TOKEN};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::world::{LONG, World};

const PROXY_TOKEN: &str = "proxy-token-of-this-machine-alone";

/// One request that is refused: what it is, the request, its status, and the name that the audit has.
type Refusal<'a> = (&'a str, RequestBuilder, u16, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_is_refused_and_the_audit_says_who_tried_what() {
    let world = World::of(World::builder(LONG).env("PROXY_TOKEN", PROXY_TOKEN)).await;
    let order = world.scheduled(1).await.remove(0);
    let act = |name: &str| {
        let trace = format!("00-{:0>32}-00f067aa0ba902b7-01", name.bytes().map(u32::from).sum::<u32>());
        let request = world.request(Method::POST, &format!("/api/timers/{order}/cancel"));
        request.json(&json!({})).header("traceparent", trace)
    };
    let refusals: [Refusal<'_>; 9] = [
        ("no token", act("no token"), 401, ""),
        ("unknown token", act("unknown token").bearer_auth("x".repeat(40)), 401, ""),
        ("a viewer acts", act("a viewer acts").bearer_auth(VIEWER_TOKEN), 403, "viewer"),
        (
            "forged proxy header",
            act("forged proxy header")
                .header("x-forwarded-user", "eve")
                .header("x-forwarded-groups", "operators"),
            401,
            "",
        ),
        (
            "forged beside a token",
            act("forged beside a token").bearer_auth(OPERATOR_TOKEN).header("x-forwarded-user", "eve"),
            401,
            "",
        ),
        (
            "a proxy with another token",
            act("a proxy with another token")
                .header("x-proxy-token", "y".repeat(40))
                .header("x-forwarded-user", "eve"),
            401,
            "",
        ),
        (
            "a proxy's viewer acts",
            act("a proxy's viewer acts")
                .header("x-proxy-token", PROXY_TOKEN)
                .header("x-forwarded-user", "ann"),
            403,
            "ann",
        ),
        (
            "cross-site",
            act("cross-site").bearer_auth(OPERATOR_TOKEN).header("sec-fetch-site", "cross-site"),
            403,
            "operator",
        ),
        (
            "another origin",
            act("another origin").bearer_auth(OPERATOR_TOKEN).header("origin", "https://evil.example"),
            403,
            "operator",
        ),
    ];
    for (what, request, status, who) in refusals {
        let trace = format!("{:0>32}", what.bytes().map(u32::from).sum::<u32>());
        let answer = world.send(request).await;
        answer.error(status);
        let entry = world.audited(what, |entry| entry.trace_id == trace).await;
        assert_eq!((entry.outcome, entry.who.as_str()), (AuditOutcome::Refused, who), "{what}: {entry:#?}");
        assert_eq!(entry.action, "cancelTimer", "{what}");
        assert!(entry.note.is_some() && entry.from.as_deref() == Some("127.0.0.1"), "{what}: {entry:#?}");
    }
    // None of them has done anything, and who may is let.
    world.status_is(&order, "created").await;
    let proxy = world.request(Method::POST, &format!("/api/timers/{order}/cancel"));
    let proxy = proxy.header("x-proxy-token", PROXY_TOKEN).header("x-forwarded-user", "otto@example.com");
    let answer = world.send(proxy.header("x-forwarded-groups", "dev, operators")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world
        .audited("the proxy's operator", |entry| {
            entry.who == "otto@example.com" && entry.role == "operator" && entry.outcome == AuditOutcome::Done
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_read_only_mode_everybody_sees_and_nobody_acts() {
    let world = World::of(World::builder(LONG).env("READ_ONLY", "true")).await;
    assert_eq!(world.get("/api/status").await.status, 200);
    let acts = [
        ("/api/timers/a/fire", json!({})),
        ("/api/timers/a/move", json!({ "byMs": 1 })),
        ("/api/timers/a/cancel", json!({})),
        ("/api/operations", json!({ "action": "fireTimers", "timers": { "ids": ["a"] } })),
        ("/api/operations/a/confirm", json!({ "count": 1 })),
        ("/api/operations/a/abort", json!({})),
        ("/api/pause", json!({ "forMs": 60_000 })),
        ("/api/resume", json!({})),
        ("/api/rebuild", json!({})),
        ("/api/dead-letters/1/replay", json!({})),
        ("/api/dead-letters/1/discard", json!({ "note": "n" })),
        ("/api/payments/a/settle", json!({ "note": "n" })),
    ];
    for (path, body) in acts {
        let answer = world.act(path, &body).await;
        assert!(answer.error(403).1.contains("READ_ONLY"), "{path}: {answer:?}");
    }
    // The first refusals of a second are kept whole, so the first one is there.
    let entry = world.audited("refused", |entry| entry.outcome == AuditOutcome::Refused).await;
    assert_eq!((entry.who.as_str(), entry.role.as_str()), ("operator", "operator"));
    assert_eq!(
        world.audit("schedule").await.iter().filter(|it| it.outcome == AuditOutcome::Begun).count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_there_is_nothing_but_the_document_and_what_is_no_api_is_said_as_everywhere() {
    let world = World::start(LONG).await;
    for path in ["/api/status", "/api/live", "/api/orders/a", "/api/audit", "/api/nothing"] {
        let answer = world.send(world.request(Method::GET, path)).await;
        answer.error(401);
    }
    let document = world.send(world.request(Method::GET, "/api/openapi.json")).await;
    assert_eq!(document.body["openapi"].as_str().map(|version| version.starts_with("3.")), Some(true));
    world.get("/api/nothing").await.error(404);
    world.get("/api/pause").await.error(405);
    // A slash behind a path changes nothing.
    assert_eq!(world.get("/api/status/").await.status, 200);
}
