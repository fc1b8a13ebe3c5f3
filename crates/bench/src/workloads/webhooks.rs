//! What Stripe tells, over HTTP, to `payments` alone: from the request to its answer, by when the money is known to be held and
//! `payment:created` is in the outbox.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, future::try_join_all, stream};
use reqwest::Client;
use sqlx::postgres::PgPoolOptions;
use stripe_stand_in::sign_webhook;
use testkit::{Database, Postgres, ServiceProcess};
use tokio::time::{Instant, sleep_until};

use crate::{sample::Figures, stats, world::CLUSTER, world::World};

const SECRET: &str = "whsec_bench";
const READY: Duration = Duration::from_secs(30);
/// Connections, as of a sender that keeps to a limit.
const AT_ONCE: usize = 32;

/// All wait at the sender: webhooks a second, until the last is answered.
pub(super) async fn backlog(count: usize) -> Result<Figures> {
    let till = Box::pin(Till::with_open_pages(count)).await?;
    let begin = Instant::now();
    let answers = stream::iter((0..count).map(|nth| till.tell(nth))).buffer_unordered(AT_ONCE);
    let answers: Vec<Result<f64>> = answers.collect().await;
    let took = begin.elapsed();
    answers.into_iter().collect::<Result<Vec<f64>>>()?;
    till.check(count).await?;
    Ok(Figures::default().with("per_second", count as f64 / took.as_secs_f64()))
}

/// The latency at a steady rate.
pub(super) async fn steady(rate: usize, seconds: u64) -> Result<Figures> {
    let count = rate * seconds as usize;
    let till = Box::pin(Till::with_open_pages(count)).await?;
    let begin = Instant::now();
    let tell = async |nth: usize| {
        sleep_until(begin + Duration::from_secs_f64(nth as f64 / rate as f64)).await;
        till.tell(nth).await
    };
    let mut took = try_join_all((0..count).map(tell)).await?;
    till.check(count).await?;
    // The first second is left out: everybody warms up.
    let mut took = took.split_off(rate);
    stats::sort(&mut took);
    Ok(Figures::default().with_lateness(&took))
}

/// `payments` on servers as in production, with pages on which buyers have just paid.
struct Till {
    client: Client,
    url: Arc<str>,
    pool: sqlx::PgPool,
    // Fields are dropped in this order.
    _payments: ServiceProcess,
    _database: Database,
    _postgres: Postgres,
    _world: World,
}

impl Till {
    async fn with_open_pages(count: usize) -> Result<Self> {
        let (world, postgres) = (World::new().await?, Postgres::start_durable().await?);
        let database = postgres.database().await?;
        let payments = ServiceProcess::command("payments")
            .env("NATS_URL", world.nats.url())
            .env("NATS_CLUSTER_ID", CLUSTER)
            .env("DATABASE_URL", database.url())
            .env("JWT_KEY", "bench")
            .env("STRIPE_SECRET_KEY", "sk_test_bench")
            .env("STRIPE_WEBHOOK_SECRET", SECRET)
            // Nobody is asked.
            .env("STRIPE_API_URL", "http://127.0.0.1:1")
            .env("PUBLIC_URL", "https://shop.example")
            .spawn()
            .await?;
        payments.ready(READY).await?;
        let pool = PgPoolOptions::new().max_connections(2).connect(database.url()).await?;
        let count = i64::try_from(count)?;
        sqlx::query(
            "insert into orders (id, version, status, user_id, price, expires_at)
             select 'o-' || n, 0, 'created', 'bench', 20, now() + interval '15 minutes' from generate_series(0, $1) n",
        )
        .bind(count)
        .execute(&pool)
        .await
        .context("place orders")?;
        sqlx::query(
            "insert into payments (id, order_id, user_id, kind, amount, currency, status, due_at)
             select 'p-' || n, 'o-' || n, 'bench', 'page', 2000, 'usd', 'open', now() + interval '1 hour'
             from generate_series(0, $1) n",
        )
        .bind(count)
        .execute(&pool)
        .await
        .context("open pages")?;
        sqlx::raw_sql("analyze").execute(&pool).await.context("analyze")?;
        let url = format!("{}/api/payments/webhook", payments.http_url()).into();
        let client = Client::builder().no_proxy().timeout(READY).pool_max_idle_per_host(AT_ONCE).build()?;
        let (_payments, _database, _postgres, _world) = (payments, database, postgres, world);
        Ok(Self { client, url, pool, _payments, _database, _postgres, _world })
    }

    /// Tells that the buyer of one page has paid; how long the answer took, in ms.
    async fn tell(&self, nth: usize) -> Result<f64> {
        let body = format!(
            r#"{{"id":"evt_{nth}","object":"event","type":"payment_intent.amount_capturable_updated","data":{{"object":
               {{"id":"pi_{nth}","object":"payment_intent","status":"requires_capture","metadata":{{"payment":"p-{nth}"}}}}}}}}"#
        );
        let signature = sign_webhook(&body, crate::world::now_ms() / 1_000, &[SECRET.to_owned()]);
        let begin = Instant::now();
        let request = self.client.post(&*self.url).header("stripe-signature", signature).body(body);
        let answer = request.send().await?;
        ensure!(answer.status() == 200, "{}: {}", answer.status(), answer.text().await?);
        drop(answer.bytes().await?);
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }

    /// Each has had its effect, and no other.
    async fn check(&self, count: usize) -> Result<()> {
        let held: i64 = sqlx::query_scalar("select count(*) from payments where status = 'authorised'")
            .fetch_one(&self.pool)
            .await?;
        ensure!(held == i64::try_from(count)?, "{held} of {count} payments are authorised");
        Ok(())
    }
}
