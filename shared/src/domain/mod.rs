//! The product's nouns and their rules. Pure: no clock, no network, no randomness but new ids.

pub mod analytics;
pub mod attachment;
pub mod body;
mod breached;
pub mod cleanup;
pub mod counters;
pub mod delivery;
pub mod digest;
pub mod due_date;
pub mod email;
pub mod export;
pub mod field;
pub mod firing;
pub mod link;
pub mod mail;
pub mod notification;
pub mod password;
pub mod reminder;
pub mod reminder_change;
pub mod sweep;
pub mod task;
pub mod task_change;
pub mod task_query;
pub mod text;
pub mod user;
pub mod user_change;
pub mod zone;
