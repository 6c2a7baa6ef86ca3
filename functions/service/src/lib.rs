//! What keeps the rest running.
//!
//! | Function | Called by |
//! |---|---|
//! | `service-health` | `GET /health`, `GET /` |
//! | `service-fallback` | every request that no route takes |
//! | `service-dispatch` | the table's stream |
//! | `service-cleanup` | the clean-up queue |
//! | `service-sweep` | the sweep queue, fed by a schedule every minute |

pub mod cleanup;
pub mod dispatch;
pub mod fallback;
pub mod health;
pub mod sweep;
