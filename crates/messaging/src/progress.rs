//! How far a service has come with what the broker has stored.

use common::event::Subject;

use super::Broker;

impl Broker {
    /// The stream sequence of the last event of `subject` that the broker has stored, 0 if it has none. What was stored
    /// before this was asked is at or below it.
    ///
    /// # Errors
    /// When the broker does not answer, or not with this.
    pub async fn last_stored(&self, subject: Subject) -> anyhow::Result<u64> {
        Ok(self.last_event(subject).await?.map_or(0, |(sequence, _)| sequence))
    }

    /// The stream sequence up to which the replicas of this service have settled every event of `subject`: each was
    /// acked after its effect was durable, or is a dead letter. 0 before the first.
    ///
    /// # Errors
    /// As [`Self::last_stored`].
    pub async fn settled_up_to(&self, subject: Subject) -> anyhow::Result<u64> {
        let floors = self.floors(&[(self.service(), subject)]).await?;
        Ok(floors.into_iter().flatten().next().map_or(0, |floor| floor.acked))
    }
}
