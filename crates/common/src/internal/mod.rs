//! What services answer `console` under `/internal`, as JSON in camelCase. It is asked with a token of its own and never
//! through the ingress. Only optional fields may ever be added: releases run side by side.

mod orders;
mod outbox;
mod payments;
mod process;
mod rebuild;
mod retell;
mod timers;

pub use orders::{
    CancelAnswer, ExtendAnswer, ExtendOrder, FiredBy, OrderHistory, OrderIds, OwedPayment, OwedPayments,
    RejectedPayment, SeatHistory, SettleOrderPayment, SweeperHold,
};
pub use outbox::OutboxState;
pub use payments::{OrderMoney, PaymentHistory};
pub use process::About;
pub use rebuild::{CheckpointState, RebuildAnswer, RebuildState};
pub use retell::{Retell, RetellAnswer, RetellCount, ToldAgain};
pub use timers::{
    Clocks, Forecast, MoveTimer, MoveTimers, Pause, PauseState, Resume, ScheduleState, Timer, TimerAnswers,
    TimerClaim, TimerIds, TimerPage, TimerState,
};
