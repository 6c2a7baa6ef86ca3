//! Who is calling: passwords, tokens, sessions, and the keys behind them.

pub mod action_link;
pub mod challenge;
pub mod keyring;
pub mod mailbox;
pub mod mailed;
pub mod password;
pub mod secrets;
pub mod session;
pub mod token;
pub mod unsubscribe;
