//! `fleet operations …`

use common::operator::Operations;

use super::{bulk, operation};
use crate::{
    cli::OperationsCommand,
    client::Client,
    exit::{Exit, Failure},
    out::Out,
    shown::{count, relative},
    style::Style,
    table::Table,
};

/// Lists them, or acts on one.
pub(crate) async fn run(client: &Client, out: &Out, command: OperationsCommand) -> Result<Exit, Failure> {
    let answer = match command {
        OperationsCommand::List => {
            let operations = client.list_operations().await?;
            out.answer(&operations.body, |style| list(&operations.value, operations.now_ms, style));
            return Ok(Exit::Done);
        }
        OperationsCommand::Confirm { id, count } => {
            return bulk::confirm(client, out, id.as_str(), count).await;
        }
        OperationsCommand::Show { id } => client.get_operation(id.as_str()).await?,
        OperationsCommand::Abort { id } => client.abort_operation(id.as_str()).await?,
    };
    out.answer(&answer.body, |style| operation::text(&answer.value, answer.now_ms, style));
    Ok(Exit::Done)
}

fn list(operations: &Operations, now_ms: i64, style: Style) -> String {
    if operations.operations.is_empty() {
        return "no operation".to_owned();
    }
    let head = ["operation", "action", "state", "count", "done", "skipped", "failed", "by", "planned"];
    let mut table = Table::new(&head).right(&[3, 4, 5, 6]);
    for one in &operations.operations {
        table.row([
            one.id.clone(),
            format!("{} {}s", operation::deed(one.action), operation::thing(one.action)),
            operation::state(one.state).to_owned(),
            count(one.count),
            count(one.done),
            count(one.skipped),
            count(one.failed),
            one.by.clone(),
            relative(one.planned_at, now_ms),
        ]);
    }
    table.text(style)
}
