//! What each page shows, as a function of what the API answers.

pub(super) mod audit;
pub(super) mod consumer_table;
pub(super) mod consumers;
pub(super) mod dead_letter;
pub(super) mod dead_letters;
pub(super) mod figures;
pub(super) mod letter_table;
pub(super) mod money;
pub(super) mod operation;
pub(super) mod operations;
pub(super) mod order;
pub(super) mod overview;
pub(super) mod path;
pub(super) mod pause;
pub(super) mod payments;
pub(super) mod processes;
pub(super) mod rebuild;
pub(super) mod retell;
pub(super) mod schedule;
pub(super) mod sign_in;
pub(super) mod streams;
pub(super) mod timer;
pub(super) mod timers;
pub(super) mod topology;
pub(super) mod trouble;
