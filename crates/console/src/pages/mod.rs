//! The pages, made on the server of what the API's own operations answer. Everything is read and every single act is done
//! without a script; with one, figures stay as they are.
//!
//! A request becomes a [`visit`]; [`show`] asks the [`App`](crate::app::App) and lets one of the views make the page. Each form
//! and page names the operation of the API that it stands for in `data-operation`.

mod again;
mod answer;
mod assets;
mod chart;
mod deed;
mod field;
mod flash;
mod layout;
mod link;
mod live;
mod page;
mod posts;
mod reader;
mod router;
mod sequence;
mod show;
mod table;
mod typed;
mod view;
mod visit;
mod words;

pub(crate) use router::router;
