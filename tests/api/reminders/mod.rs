mod create;
mod delete;
mod digest;
mod fire;
mod list;
mod mail;
mod silent;
mod update;
