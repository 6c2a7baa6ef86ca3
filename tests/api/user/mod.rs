pub(crate) mod change_password;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod me;
pub(crate) mod sessions;
pub(crate) mod set_password;
pub(crate) mod two_factor;
pub(crate) mod update;
