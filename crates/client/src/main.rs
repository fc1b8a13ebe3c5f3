//! The life of the `client` process.

use client::{api::Apis, config::Settings, http, live::Live, shop::Shop};
use process::{Exit, Process};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    process::main("client", Settings::read, live)
}

/// Starts everything. Pages are there at once; live ones say nothing until the broker is.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    let apis = Apis::new(&settings.urls)?;
    let live = Live::new(apis.clone(), settings.page_streams);
    let shop = Shop::new(apis, settings.shop);
    process.serve_at_root(http::router(shop, live.clone().router())).await?;
    live.spawn(&process, &settings.nats).await
}
