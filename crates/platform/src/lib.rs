//! Development only, never linked into a service: the whole platform on this machine, servers and every service, behind
//! one address, and the services of the release before.

mod gateway;
mod platform;
mod release;
mod seed;
mod shopper;
pub mod up;

pub use gateway::{BoundGateway, Gateway, Route};
pub use platform::{
    CLUSTER, Fleet, INTERNAL_TOKEN, JWT_KEY, LogLine, OPERATOR_TOKEN, Platform, PlatformBuilder, Running,
    Stores, VIEWER_TOKEN, WEBHOOK_SECRET, broker_users,
};
pub use release::release_before;
pub use seed::seed;
pub use shopper::Shopper;
