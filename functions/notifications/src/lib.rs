//! In-app notifications.
//!
//! | Function | Route |
//! |---|---|
//! | `notifications-list` | `GET /api/notifications` |

pub mod list;
