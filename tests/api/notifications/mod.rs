mod count;
mod delete;
mod list;
mod read;
mod read_all;
