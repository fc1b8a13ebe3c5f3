//! Pages for people as the shop and the operators' console serve them: forms that only own pages can send, files that a
//! browser asks for once, and what a page may do.

mod asset;
mod browser;
mod forms;
mod posted;
mod security;

pub use asset::{Asset, file, icon};
pub use browser::{cookie, is_cross_site};
pub use forms::{Distrust, FormId, Forms};
pub use posted::Posted;
pub use security::Security;
