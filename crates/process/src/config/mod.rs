//! Settings: the only code that reads the environment.
//!
//! Every variable is read before anything is judged, so that one start reports every mistake at once.

mod ca_file;
pub mod duration;
mod environment;
mod log;
mod mistakes;
pub mod parse;
mod settings;

pub use ca_file::CaFile;
pub use environment::{Environment, Variable};
pub use log::{LogFormat, LogSettings};
pub use mistakes::Mistakes;
pub use settings::CommonSettings;
pub(crate) use settings::http_addr;
