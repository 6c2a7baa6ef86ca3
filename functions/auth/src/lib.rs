//! Signing up, in and out.
//!
//! | Function | Route |
//! |---|---|
//! | `auth-register` | `POST /api/auth/register` |
//! | `auth-login` | `POST /api/auth/login` |
//! | `auth-logout` | `POST /api/auth/logout` |

pub mod login;
pub mod logout;
pub mod register;
