mod change_password;
mod me;
mod sessions;
mod set_password;
mod update;
