//! The operators' console in a real browser.

mod acts;
mod desk;
mod everybody;
mod listed;
mod live;
mod many;
mod safe;
mod scene;
