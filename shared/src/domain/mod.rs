//! The product's nouns and their rules. Pure: no clock, no network, no randomness but new ids.

pub mod field;
pub mod mail;
pub mod notification;
pub mod reminder;
pub mod task;
pub mod task_query;
pub mod text;
pub mod user;
