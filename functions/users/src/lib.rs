//! The signed-in user's own account.
//!
//! | Function | Route |
//! |---|---|
//! | `users-me` | `GET /api/user/me` |

pub mod me;
