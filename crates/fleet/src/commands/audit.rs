//! `fleet audit`

use common::operator::{AuditEntry, AuditOutcome, AuditPage};

use crate::{
    cli::AuditQuery,
    client::Client,
    exit::{Exit, Failure},
    out::Out,
    shown::{absolute, count},
    style::Style,
    table::Table,
};

/// Asks who did what.
pub(crate) async fn run(client: &Client, out: &Out, query: &AuditQuery) -> Result<Exit, Failure> {
    let page = client.list_audit(query).await?;
    out.answer(&page.body, |style| text(&page.value, style));
    Ok(Exit::Done)
}

fn text(page: &AuditPage, style: Style) -> String {
    let mut text = if page.entries.is_empty() {
        "no entry".to_owned()
    } else {
        let mut table = Table::new(&["seq", "at", "who", "did", "to", "note"]).right(&[0]);
        for entry in &page.entries {
            table.row([
                entry.sequence.to_string(),
                absolute(entry.at),
                if entry.who.is_empty() { "nobody".to_owned() } else { entry.who.clone() },
                deed(entry),
                entry.target.clone(),
                entry.note.clone().unwrap_or_default(),
            ]);
        }
        table.text(style)
    };
    if let Some(next) = page.next {
        text.push_str(&format!("\n{}", style.quiet(&format!("more: --before {next}"))));
    }
    text
}

/// The operation, what became of it, and on how many.
pub(super) fn deed(entry: &AuditEntry) -> String {
    let outcome = match entry.outcome {
        AuditOutcome::Begun => ", begun",
        AuditOutcome::Done => "",
        AuditOutcome::Failed => ", failed",
        AuditOutcome::Refused => ", refused",
    };
    let many = entry.count.filter(|number| *number != 1).map(|number| format!(" ×{}", count(number)));
    let many = many.unwrap_or_default();
    format!("{}{many}{outcome}", entry.action)
}
