//! Mail. `mail-send` is the only function that may send.

pub mod act;
pub mod action;
mod action_page;
pub mod feedback;
mod opened_link;
mod page;
pub mod render;
pub mod send;
pub mod subscription;
pub mod unsubscribe;

use shared::domain::field::Parameter;
use shared::inline_schema;

shared::functions! {
    serve "mail" {
        // The queue of codes and resets ends in `-mail` too.
        "mail-send": queue("mail", send::Sender),
        "mail-feedback": queue("feedback", feedback::FeedbackRecorder),
        "mail-action": http(action),
        "mail-act": http(act),
        "mail-subscription": http(subscription),
        "mail-unsubscribe": http(unsubscribe),
    }
}

/// The parameters of an unsubscribe link.
const LINK_PARAMETERS: [Parameter; 2] = [
    Parameter::once::<String>("token", "The value of `token` in the link"),
    Parameter::once::<Undo>("undo", "`1` subscribes again"),
];

/// The type of `undo`.
struct Undo;

inline_schema!(Undo, { "type": "string", "examples": ["1"] });
