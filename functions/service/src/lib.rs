//! What keeps the rest running.
//!
//! | Function | Called by |
//! |---|---|
//! | `service-health` | `GET /health`, `GET /` |
//! | `service-openapi` | `GET /api/openapi.json` |
//! | `service-docs` | `GET /api/docs` |
//! | `service-fallback` | every request that no route takes |
//! | `service-dispatch` | the table's stream |
//! | `service-cleanup` | the clean-up queue; once a day, by a schedule, to inspect the bucket |
//! | `service-sweep` | the sweep queue, fed by a schedule every minute |

pub mod cleanup;
pub mod dispatch;
pub mod docs;
pub mod fallback;
pub mod health;
mod inspection;
pub mod openapi;
pub mod sweep;
