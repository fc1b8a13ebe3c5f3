//! The shop: pages for people, made on the server of what the public APIs of the other services say.
//!
//! A request becomes a [`visit`]; [`http`] routes it to one of the `pages`, which asks the [`api`] with the visitor's own
//! session and answers with HTML. Everything works without JavaScript; [`live`] tells open pages of changes where there is
//! some. The process keeps nothing but a short copy of the list of tickets, the [`shop_window`].

pub mod api;
mod assets;
mod clock_times;
pub mod config;
pub mod http;
pub mod live;
mod locale;
mod money;
mod pages;
mod request_layer;
pub mod shop;
pub mod shop_window;
pub mod visit;
mod way_back;
