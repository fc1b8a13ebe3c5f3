//! The audit, the newest first.

use common::{
    event::Id,
    operator::{AuditEntry, AuditPage},
};
use messaging::{AuditSearch, StoredMessage};

use super::{Audit, Target};

/// Entries that one search looks at; the next page goes on where it stopped.
const MOST_LOOKED_AT: u64 = 20_000;

/// Which entries: those that match each of what is given.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// By this name.
    pub who: Option<String>,
    /// This operation of the API.
    pub action: Option<String>,
    /// About this, such as `order 65f0`, which is found at once; or with this in what they are about.
    pub target: Option<String>,
    /// With this text anywhere, in upper or lower case.
    pub text: Option<String>,
    /// Before this sequence.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Audit {
    /// A page of entries that match, the newest first. It looks at a bounded number, so a page may have fewer than there are.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn search(&self, filter: AuditFilter) -> anyhow::Result<AuditPage> {
        let target = filter.target.as_deref().and_then(Target::parse);
        let subject = target.as_ref().map(Target::subject);
        let search = AuditSearch { subject: subject.as_deref(), before: filter.before, most: MOST_LOOKED_AT };
        let wanted = Wanted::new(&filter);
        let mut entries = Vec::new();
        let next = self.log.search(search, |message| {
            entries.extend(wanted.read(message));
            entries.len() < filter.limit
        });
        let next = next.await?;
        Ok(AuditPage { entries, next })
    }

    /// What was done to one order, the newest first.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn of_order(&self, order: &Id, limit: usize) -> anyhow::Result<Vec<AuditEntry>> {
        let target = Some(Target::Order(order.clone()).to_string());
        Ok(self.search(AuditFilter { target, limit, ..AuditFilter::default() }).await?.entries)
    }
}

/// A filter, made ready for many entries.
struct Wanted<'a> {
    filter: &'a AuditFilter,
    text: Option<String>,
}

impl<'a> Wanted<'a> {
    fn new(filter: &'a AuditFilter) -> Self {
        Self { filter, text: filter.text.as_ref().map(|text| text.to_lowercase()) }
    }

    /// The entry, if it is one that is wanted.
    fn read(&self, message: &StoredMessage) -> Option<AuditEntry> {
        if let Some(text) = &self.text
            && !String::from_utf8_lossy(&message.payload).to_lowercase().contains(text.as_str())
        {
            return None;
        }
        let entry: AuditEntry = serde_json::from_slice(&message.payload).ok()?;
        let AuditFilter { who, action, target, .. } = self.filter;
        let is_it =
            |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let about = target.as_ref().is_none_or(|target| entry.target.contains(target.trim()));
        let matches = is_it(who, &entry.who) && is_it(action, &entry.action) && about;
        matches.then_some(AuditEntry { sequence: message.sequence, ..entry })
    }
}
