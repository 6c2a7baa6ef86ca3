//! The service itself: its health, its contract, and the functions that the table's stream and the schedules start.

pub mod cleanup;
pub mod dispatch;
pub mod docs;
pub mod fallback;
pub mod health;
pub mod openapi;
mod reconcile;
pub mod sweep;

shared::functions! {
    serve "service" {
        "service-openapi": http(openapi),
        "service-docs": http(docs),
        "service-health": http_with(health, health::DeployedVersion),
        "service-fallback": http(fallback),
        "service-dispatch": stream(dispatch::Dispatcher),
        "service-sweep": queue("sweep", sweep::Sweeper),
    }
    serve_cleanup "service-cleanup" {
        "service-cleanup": queue("cleanup", cleanup::Cleaner),
    }
}
