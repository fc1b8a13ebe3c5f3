//! `fleet retell`: tell again what has changed in a service. Counted first, as every act on many.

use common::operator::{OperationAction, OperationPlan, RetellFilter};

use super::bulk;
use crate::{
    cli::RetellArgs,
    client::Client,
    exit::{Exit, Failure},
    out::Out,
};

/// Counts, and does it if it is confirmed.
pub(crate) async fn run(client: &Client, out: &Out, args: RetellArgs) -> Result<Exit, Failure> {
    let plan = OperationPlan {
        action: OperationAction::RetellEvents,
        timers: None,
        dead_letters: None,
        retell: Some(RetellFilter { service: args.service, since: args.since.past() }),
        to: None,
        by_ms: None,
        note: args.note,
    };
    bulk::run(client, out, &plan, args.confirmation).await
}
