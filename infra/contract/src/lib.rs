//! The API's published contract: an OpenAPI 3.1 document, a page for people made from it, and the code's facts for the
//! tests of the template.
//!
//! | Module | Holds |
//! |---|---|
//! | [`catalogue`] | every function and route, from the domains' tables |
//! | [`document`], [`introduction`], [`errors`], [`schemas`] | the document |
//! | [`page`] | the page |
//! | [`facts`] | functions, variables, limits, keys and metrics as JSON |
//!
//! All of it comes from the typed values beside the handlers. Every API test checks the answers that it gets against the
//! document. `make contract` writes the files in `docs`; a test fails when they are out of date.
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod document;
pub mod errors;
pub mod facts;
pub mod introduction;
pub mod page;
pub mod schemas;
