//! A rebuild of the schedule by hand. By itself one begins as soon as Redis has lost something.

use common::{internal::RebuildAnswer, operator::Act};

use super::{R, note, request};
use crate::{
    access::Actor,
    app::App,
    audit::{Details, Target},
};

impl App {
    /// Begins a rebuild of the schedule; one that is under way already goes on.
    ///
    /// # Errors
    /// 400 with the field, 503 when `expiration` is away or it can't be written down.
    pub async fn rebuild_schedule(&self, actor: &Actor, act: Act) -> R<RebuildAnswer> {
        self.allow(actor, "rebuildSchedule", &Target::Schedule)?;
        let begun = Details { note: note(act.note.as_deref())?, ..Details::default() };
        let peers = self.0.peers.clone();
        self.act(actor, "rebuildSchedule", Target::Schedule, begun, async move {
            let before = peers.schedule().await?;
            let answer = peers.rebuild().await?;
            let details = Details {
                before: request(&before.checkpoint),
                after: request(&answer),
                ..Details::default()
            };
            Ok((answer, details))
        })
        .await
    }
}
