//! Mail.
//!
//! | Function | Called by |
//! |---|---|
//! | `mail-send` | the mail queue; the only function that may send |
//! | `mail-feedback` | the feedback queue, fed by SES's events |
//! | `mail-subscription` | `GET /api/unsubscribe` |
//! | `mail-unsubscribe` | `POST /api/unsubscribe` |

pub mod feedback;
mod page;
pub mod render;
pub mod send;
pub mod subscription;
pub mod unsubscribe;
