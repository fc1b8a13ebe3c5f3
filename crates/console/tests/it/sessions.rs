//! Sessions of the pages: begun with a token, of use where they have to be, and over when they should be.

use common::{Service, operator::AuditOutcome};
use platform::{OPERATOR_TOKEN, VIEWER_TOKEN};
use reqwest::{Method, Response};
use serde_json::json;

use crate::world::{LONG, SOON, World};

impl World {
    /// Opens the form and sends it with this token.
    async fn sign_in(&self, key: &str) -> Response {
        let page = self.request(Method::GET, "/signin").send().await.unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let html = page.text().await.unwrap();
        let field = html.split(r#"name="token" value=""#).nth(1).unwrap();
        let token = field.split('"').next().unwrap();
        let form = format!("token={token}&key={key}&next=%2F");
        let request = self.request(Method::POST, "/signin").header("cookie", cookie);
        request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap()
    }

    /// The session that this token begins.
    async fn session(&self, key: &str) -> String {
        let answer = self.sign_in(key).await;
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(
            cookie.contains("; HttpOnly; SameSite=Strict") && cookie.contains("Max-Age=43200"),
            "{cookie}"
        );
        cookie.split(';').next().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_sees_the_api_and_does_not_act_there() {
    let world = World::start(LONG).await;
    let session = world.session(OPERATOR_TOKEN).await;
    let with = |method: Method, path: &str| world.request(method, path).header("cookie", &session);
    assert_eq!(world.send(with(Method::GET, "/api/status")).await.status, 200);
    assert_eq!(world.send(with(Method::GET, "/api/operations")).await.status, 200);
    // A browser sends the cookie with whatever a page makes it send.
    let answer = world.send(with(Method::POST, "/api/resume").json(&json!({}))).await;
    answer.error(403);
    world
        .audited("refused", |entry| {
            (entry.action.as_str(), entry.outcome, entry.who.as_str())
                == ("resumeSchedule", AuditOutcome::Refused, "operator")
        })
        .await;
    let forged = session.replace("operator", "viewer");
    world.send(world.request(Method::GET, "/api/status").header("cookie", forged)).await.error(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_good_in_every_process_that_knows_its_token_and_ends_with_it() {
    let world = World::start(LONG).await;
    let session = world.session(VIEWER_TOKEN).await;
    let console = &world.platform.services(Service::Console)[0];
    console.restart().await.unwrap();
    console.ready(SOON).await.unwrap();
    let with = || world.request(Method::GET, "/api/operations").header("cookie", &session);
    assert_eq!(world.send(with()).await.status, 200, "over a restart");
    let (claim, _) = session.rsplit_once(':').unwrap();
    let ended = world.request(Method::GET, "/api/operations").header("cookie", format!("{claim}:AAAA"));
    assert!(world.send(ended).await.error(401).1.contains("over"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_are_audited_and_after_some_of_them_nobody_tries_on() {
    let world = World::start(LONG).await;
    let wrong = "w".repeat(40);
    let mut tried = 0;
    while world.sign_in(&wrong).await.status() == 401 {
        tried += 1;
        assert!(tried <= 10, "nobody is stopped");
    }
    assert_eq!(tried, 10);
    // Not with the right one either, from there; the API goes on, where no token is found by trying.
    assert_eq!(world.sign_in(OPERATOR_TOKEN).await.status(), 429);
    assert_eq!(world.get("/api/operations").await.status, 200);
    let entry = world.audited("the sign-in", |entry| entry.action == "signIn").await;
    assert_eq!((entry.outcome, entry.who.as_str()), (AuditOutcome::Refused, ""));
    assert!(!format!("{entry:?}").contains(&wrong));
}
