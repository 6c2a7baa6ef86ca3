mod create;
mod delete;
mod filter;
mod get;
mod list;
mod pages;
mod reminders;
mod update;
