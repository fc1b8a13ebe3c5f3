//! The API on a port of its own, and answers that are held against golden files.

use std::time::Duration;

use auth::{
    accounts::Accounts,
    email::Email,
    http::{Api, Cookies, Proxies, into_router, routes},
    limit::Pace,
    password::Passwords,
    store::{MIGRATIONS, Store},
};
use postgres::Database;
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{HttpServer, Postgres, send_json};
use utoipa_axum::router::OpenApiRouter;
use web::Sessions;

pub(crate) const KEY: &str = "asdf";
pub(crate) const SIGN_UP: &str = "/api/users/signup";
pub(crate) const SIGN_IN: &str = "/api/users/signin";
pub(crate) const SIGN_OUT: &str = "/api/users/signout";
pub(crate) const CURRENT: &str = "/api/users/currentuser";
/// What failures cost in a test: hardly anything.
pub(crate) const PACE: Pace = Pace { step: Duration::from_millis(1) };
/// Of every account that a test makes.
pub(crate) const PASSWORD: &str = "s3cret";

/// One test's accounts behind their API. It believes one proxy, so that a test can come from anywhere.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    database_url: String,
    http: HttpServer,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared().await.unwrap()).await
    }

    /// On a server that the test may stop.
    pub(crate) async fn on(postgres: &Postgres) -> Self {
        Self::over(postgres.database().await.unwrap().url().to_owned()).await
    }

    /// Another one with the same accounts.
    pub(crate) async fn replica(&self) -> Self {
        Self::over(self.database_url.clone()).await
    }

    /// Another one, whose routes are these.
    pub(crate) async fn replica_of(&self, routes: OpenApiRouter<Api>) -> Self {
        Self::serve(self.database_url.clone(), routes).await
    }

    async fn over(database_url: String) -> Self {
        Self::serve(database_url, routes()).await
    }

    async fn serve(database_url: String, routes: OpenApiRouter<Api>) -> Self {
        let database = Database::new(database_url.parse().unwrap(), "auth-test", 16);
        postgres::migrate(&database, &[&MIGRATIONS]).await.unwrap();
        let store = Store::new(database);
        let api = Api {
            accounts: Accounts::new(store.clone(), Passwords::default(), PACE),
            sessions: Sessions::new(KEY.into()),
            cookies: Cookies { lifetime: Duration::from_secs(3600), secure: true },
            proxies: Proxies { hops: 1 },
        };
        let http = HttpServer::serve(into_router(routes, api)).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&database_url).unwrap();
        Self { store, pool, database_url, http }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path)
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_from("192.0.2.1", path, body).await
    }

    /// From 192.0.2.1, with this cookie.
    pub(crate) async fn post_with(&self, cookie: &str, path: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, path).header("x-forwarded-for", "192.0.2.1");
        Answer::read(send_json(request.header("cookie", cookie), body).await.unwrap()).await
    }

    pub(crate) async fn post_from(&self, address: &str, path: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, path).header("x-forwarded-for", address);
        Answer::read(send_json(request, body).await.unwrap()).await
    }

    /// Who is signed in with this cookie, `session=...`.
    pub(crate) async fn current(&self, cookie: &str) -> Answer {
        let request = self.request(Method::GET, CURRENT).header("cookie", cookie);
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn sign_up(&self, email: &str) -> Answer {
        let answer = self.post(SIGN_UP, &credentials(email, PASSWORD)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer
    }

    pub(crate) async fn sql(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    /// Failures that count against a key of the table `attempts`.
    pub(crate) async fn failures(&self, key: &str) -> i32 {
        let failures = sqlx::query_scalar("select failures from attempts where key = $1").bind(key);
        failures.fetch_optional(&self.pool).await.unwrap().unwrap_or(0)
    }

    /// Attempts in flight that count against a key of the table `attempts`.
    pub(crate) async fn in_flight(&self, key: &str) -> i32 {
        let pending =
            sqlx::query_scalar("select cardinality(pending) from attempts where key = $1").bind(key);
        pending.fetch_optional(&self.pool).await.unwrap().unwrap_or(0)
    }
}

/// An answer that has come whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The pair of its `Set-Cookie`, `session=...`, or nothing.
    pub(crate) cookie: String,
    /// The whole `Set-Cookie`, or nothing.
    pub(crate) set_cookie: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: String,
    headers: HeaderMap,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let set_cookie = header("set-cookie").unwrap_or_default();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        let retry_after = header("retry-after").map(|seconds| seconds.parse().unwrap());
        let body = response.text().await.unwrap();
        Self { status, cookie, set_cookie, retry_after, body, headers }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Every `Set-Cookie`.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The id in the body of who signed up or in.
    pub(crate) fn user(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// Holds the answer against its golden file, in which `<name>` stands for what differs from run to run.
    #[track_caller]
    pub(crate) fn is(&self, golden: &str) {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let user = body["id"].as_str().or(body["currentUser"]["id"].as_str()).unwrap_or("none");
        let seconds = self.retry_after.map(|seconds| seconds.to_string()).unwrap_or_default();
        let cookie = self.cookie.trim_start_matches("session=");
        let names = [("cookie", cookie), ("seconds", &seconds), ("user", user)];
        let status = self.status.try_into().unwrap();
        testkit::golden::check(status, &self.headers, &self.body, golden, &names);
    }
}

pub(crate) fn credentials(email: &str, password: &str) -> String {
    json!({ "email": email, "password": password }).to_string()
}

pub(crate) fn email(text: &str) -> Email {
    text.parse().unwrap()
}
