//! `fleet payments …`

use common::{internal::OwedPayments, operator::SettleAct};

use crate::{
    cli::PaymentsCommand,
    client::Client,
    exit::{Exit, Failure},
    out::Out,
    shown::{plain, relative, some},
    style::Style,
    table::Table,
};

/// Lists what is owed, or closes one.
pub(crate) async fn run(client: &Client, out: &Out, command: PaymentsCommand) -> Result<Exit, Failure> {
    match command {
        PaymentsCommand::Owed { limit, after } => {
            let owed = client.list_owed(after.as_ref(), limit).await?;
            out.answer(&owed.body, |style| text(&owed.value, owed.now_ms, style));
        }
        PaymentsCommand::Settle { id, note } => {
            let settled = client.settle_payment(&id, &SettleAct { note }).await?;
            out.answer(&settled.body, |_| format!("{id}: {}", plain(&settled.value.message)));
        }
    }
    Ok(Exit::Done)
}

fn text(owed: &OwedPayments, now_ms: i64, style: Style) -> String {
    if owed.owed.is_empty() {
        return "no money is owed".to_owned();
    }
    let mut table = Table::new(&["payment", "order", "since", "at Stripe", "why"]);
    for owed in &owed.owed {
        table.row([
            owed.payment.payment_id.to_string(),
            owed.order_id.to_string(),
            relative(owed.payment.rejected_at, now_ms),
            owed.payment.stripe_id.clone(),
            owed.payment.reason.clone(),
        ]);
    }
    let mut text = table.text(style);
    if owed.total > owed.owed.len() as u64
        && let Some(last) = owed.owed.last()
    {
        let all = some(owed.total, "payment");
        let more = format!("{all} in all; more: --after {}", last.payment.payment_id);
        text.push_str(&format!("\n{}", style.quiet(&more)));
    }
    text
}
