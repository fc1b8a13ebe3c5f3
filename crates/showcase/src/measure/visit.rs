//! Bytes over the network, compressed and with their header lines, as the browser counts them.

use anyhow::{Context, Result, ensure};
use platform::Shopper;
use testkit::browser::Answer;

use super::table::Row;
use crate::scene::Scene;

const FIRST_VIEW: f64 = 14.0 * 1_024.0;
const SCRIPT: f64 = 5.0 * 1_024.0;
const WHOLE: f64 = 60.0 * 1_024.0;
const TICKETS: u64 = 20;

/// The first view of `/`, and a visit from there to a paid order.
///
/// # Errors
/// When the visit does not succeed.
pub(super) async fn measure(scene: &Scene) -> Result<Vec<Row>> {
    let buyer = scene.shopper().await?;
    buyer.visit("/").await?;
    let tickets = buyer.count("#tickets > li").await?;
    ensure!(tickets >= TICKETS, "there are only {tickets} tickets on the page");
    let first = ours(&buyer).await?;
    let script: u64 = first.iter().filter(|answer| answer.kind == "Script").map(|answer| answer.bytes).sum();
    buyer.go("header a[href^='/auth/signup']").await?;
    buyer.type_credentials("visitor").await?;
    buyer.shows("#tickets > li").await?;
    let ticket = buyer.read("document.querySelector('#tickets li:has(a:not(.taken))').dataset.id").await?;
    let ticket = ticket.as_str().context("a ticket has an id")?.to_owned();
    buyer.go(&format!("#tickets a[href='/tickets/{ticket}']")).await?;
    buyer.go(Shopper::BUY).await?;
    buyer.pay().await?;
    buyer.order_becomes("complete").await?;
    let whole = ours(&buyer).await?;
    Ok(vec![
        Row::at_most("first view of / with 20 tickets, all bytes", sum(&first), FIRST_VIEW, "B"),
        Row::at_most("own JavaScript", script as f64, SCRIPT, "B"),
        Row::at_most("whole visit: sign up, buy, pay (our pages)", sum(&whole), WHOLE, "B"),
    ])
}

/// The answers that came from the shop.
async fn ours(shopper: &Shopper) -> Result<Vec<Answer>> {
    let mut answers = shopper.all_answers().await?;
    answers.retain(|answer| answer.url.starts_with(shopper.shop()));
    Ok(answers)
}

fn sum(answers: &[Answer]) -> f64 {
    answers.iter().map(|answer| answer.bytes).sum::<u64>() as f64
}
