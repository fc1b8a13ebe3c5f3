//! What the pages cost a visitor: one figure a row, beside what was promised.

mod keys;
mod lighthouse;
mod table;
mod visit;
mod wait;

use std::process::ExitCode;

use anyhow::Result;
use testkit::paths;

use crate::scene::Scene;
use table::Row;

/// Measures everything and prints it; the exit status is 1 if a promise is broken.
///
/// # Errors
/// When the shop does not come up, or a page does not do what it should.
pub(crate) async fn run(json: bool, with_lighthouse: bool) -> Result<ExitCode> {
    let scene = Scene::open().await?;
    let mut rows: Vec<Row> = Vec::new();
    paths::say("measure-pages: bytes of a visit");
    rows.extend(visit::measure(&scene).await?);
    paths::say("measure-pages: keys");
    rows.push(keys::measure(&scene).await?);
    paths::say("measure-pages: waiting for the first byte");
    rows.extend(wait::measure(&scene).await?);
    if with_lighthouse {
        paths::say("measure-pages: Lighthouse");
        rows.extend(lighthouse::measure(&scene).await?);
    }
    table::print(&rows, json)?;
    Ok(if rows.iter().all(Row::is_kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
