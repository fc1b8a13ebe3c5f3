//! The pages, one file each, and what they are made of: [`view`] knows for whom, [`layout`] is around all, [`notices`] say what
//! is not to be had, and [`outcome`] which of them an API's refusal leads to.

mod answer;
pub(crate) mod credentials;
pub(crate) mod draft;
mod field;
mod icons;
mod layout;
pub(crate) mod notices;
pub(crate) mod order;
mod order_state;
pub(crate) mod orders;
mod outcome;
mod redirect;
pub(crate) mod sales;
pub(crate) mod sign_out;
pub(crate) mod ticket;
pub(crate) mod tickets;
mod view;
