mod create;
mod delete;
mod fire;
mod list;
mod mail;
mod silent;
mod update;
