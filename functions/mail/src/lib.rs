//! Mail.
//!
//! | Function | Called by |
//! |---|---|
//! | `mail-send` | the mail queue; the only function that may send |

pub mod render;
pub mod send;
