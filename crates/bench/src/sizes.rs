//! How much of everything: as the table says, or a tenth of it to see that all of it works.

/// The sizes of the workloads.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    /// Orders that wait in the stream.
    pub(crate) schedule: usize,
    /// Orders due in one ms.
    pub(crate) burst: Vec<usize>,
    /// Events of a server's own limit.
    pub(crate) limit: usize,
    /// Orders a second.
    pub(crate) rates: Vec<usize>,
    /// How long a steady rate is kept up.
    pub(crate) seconds: u64,
    /// Overdue orders beside a steady flow.
    pub(crate) mixed: usize,
    /// Jobs pending where their number is what is measured.
    pub(crate) pending: usize,
    /// Jobs pending while others fire.
    pub(crate) growth: Vec<usize>,
    pub(crate) growth_fired: usize,
    /// Orders that `orders` cancels.
    pub(crate) cancel: usize,
    /// What Stripe has to tell at once.
    pub(crate) webhooks: usize,
    /// Orders that go all the way.
    pub(crate) chain: usize,
    /// Open pages that are told live.
    pub(crate) pages: usize,
    /// Jobs pending while operators ask.
    pub(crate) operators: usize,
    /// Operators who watch.
    pub(crate) viewers: usize,
    /// Orders of a schedule that is wiped, half of which are still pending.
    pub(crate) rebuild: usize,
    /// How long the load goes on whose only question is whether memory grows.
    pub(crate) soak_minutes: u64,
}

impl Sizes {
    /// What the table in docs/PERFORMANCE.md was made with.
    pub(crate) fn full() -> Self {
        Self {
            schedule: 300_000,
            burst: vec![100_000, 200_000],
            limit: 100_000,
            rates: vec![500, 2_000, 5_000, 10_000],
            seconds: 6,
            mixed: 100_000,
            pending: 1_000_000,
            growth: vec![10_000, 100_000, 1_000_000, 5_000_000],
            growth_fired: 50_000,
            cancel: 100_000,
            webhooks: 20_000,
            chain: 100_000,
            pages: 2_000,
            operators: 5_000_000,
            viewers: 500,
            rebuild: 1_000_000,
            soak_minutes: 60,
        }
    }

    /// Minutes instead of an hour; figures of it are no figures.
    pub(crate) fn quick() -> Self {
        Self {
            schedule: 30_000,
            burst: vec![10_000],
            limit: 30_000,
            rates: vec![500, 5_000],
            seconds: 4,
            mixed: 10_000,
            pending: 100_000,
            growth: vec![10_000, 100_000],
            growth_fired: 10_000,
            cancel: 10_000,
            webhooks: 2_000,
            chain: 10_000,
            pages: 200,
            operators: 100_000,
            viewers: 50,
            rebuild: 60_000,
            soak_minutes: 1,
        }
    }
}
