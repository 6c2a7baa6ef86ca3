//! The API's published contract: an OpenAPI 3.1 document, and a page for people made from it.
//!
//! | Module | Holds |
//! |---|---|
//! | [`bodies`] | what each handler reads, told by the handler itself |
//! | [`operations`] | what each route does, answers, and may refuse |
//! | [`schemas`] | what answers are made of |
//! | [`document`] | the document |
//! | [`page`] | the page |
//!
//! Bounds, words, error codes, statuses and texts come from the code. What answers look like is written down in
//! [`schemas`], and held to by every API test: each answer is checked against the document. `make contract` writes
//! `docs/openapi.json` and `docs/api.html`, which two functions serve; a test fails when they are not what this makes.
#![forbid(unsafe_code)]

pub mod bodies;
pub mod document;
pub mod operations;
pub mod page;
pub mod schemas;
