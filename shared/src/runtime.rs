//! Which function a binary serves.
//!
//! Each domain has one binary and one table of its functions ([`functions!`](crate::functions)). Lambda names the
//! function in `_HANDLER`, which is the template's `Handler`. `cargo lambda watch` names none: there each event picks the
//! function, HTTP requests by method and path, messages by their queue.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::config::{Variable, lambda_variable};
use crate::http::operation::Facts;
use crate::telemetry;

pub use lambda_runtime::Error;

/// A function that is starting: it reads its configuration and builds its clients.
pub type Starting = LocalBoxFuture<'static, Result<Rc<dyn Serve>, Error>>;

/// A function that has started.
pub trait Serve {
    /// Serves events until Lambda ends the process.
    fn serve(self: Rc<Self>) -> LocalBoxFuture<'static, Result<(), Error>>;

    /// Handles one event.
    fn invoke(self: Rc<Self>, event: LambdaEvent<Value>) -> LocalBoxFuture<'static, Result<Value, Error>>;
}

/// A function of a domain's table.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name everywhere: the template's `Handler`, the sample event, the handler's file.
    pub name: &'static str,
    /// The binary that contains it.
    pub binary: &'static str,
    /// What calls it.
    pub trigger: Trigger,
    /// The variables that it reads, besides those of every function.
    pub variables: &'static [Variable],
}

/// What calls a function.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// A request to a route.
    Http(Facts),
    /// Messages of a queue; the name without the stage's prefix.
    Queue(&'static str),
    /// The table's stream.
    Stream,
}

/// Declares a domain's functions: a `FUNCTIONS` list, and for each binary a function that serves what `_HANDLER` names.
///
/// | Entry | Means |
/// |---|---|
/// | `http(create)` | the route `create::OPERATION`, handled by `create::handle` |
/// | `http_with(create, create::Uploads)` | the same; the handler takes these [`Resources`](crate::http::Resources) besides |
/// | `queue("mail", send::Sender)` | the queue `mail`, handled by a [`QueueFunction`](crate::events::QueueFunction) |
/// | `stream(dispatch::Dispatcher)` | the table's stream, handled by a [`StreamFunction`](crate::events::StreamFunction) |
#[macro_export]
macro_rules! functions {
    ($($serve:ident $binary:literal { $($name:literal: $kind:ident($($spec:tt)+),)+ })+) => {
        /// The domain's functions. This is the only list of them.
        pub const FUNCTIONS: &[$crate::runtime::Function] = &[$($($crate::runtime::Function {
            name: $name,
            binary: $binary,
            trigger: $crate::functions!(@trigger $kind($($spec)+)),
            variables: $crate::functions!(@variables $kind($($spec)+)),
        },)+)+];

        $(
            #[doc = concat!("Serves the functions of the binary `", $binary, "`.")]
            ///
            /// # Errors
            /// Init failed: Lambda logs it and starts again.
            pub async fn $serve() -> Result<(), $crate::runtime::Error> {
                $crate::runtime::run(FUNCTIONS, $binary, |name| match name {
                    $($name => Some($crate::functions!(@start $name, $kind($($spec)+))),)+
                    _ => None,
                })
                .await
            }
        )+
    };
    (@trigger http($module:ident)) => { $crate::runtime::Trigger::Http($module::OPERATION.facts()) };
    (@trigger http_with($module:ident, $resources:ty)) => { $crate::runtime::Trigger::Http($module::OPERATION.facts()) };
    (@trigger queue($queue:literal, $handler:ty)) => { $crate::runtime::Trigger::Queue($queue) };
    (@trigger stream($handler:ty)) => { $crate::runtime::Trigger::Stream };
    (@variables http($module:ident)) => { &[] };
    (@variables http_with($module:ident, $resources:ty)) => { <$resources as $crate::http::Resources>::VARIABLES };
    (@variables queue($queue:literal, $handler:ty)) => { <$handler as $crate::events::QueueFunction>::VARIABLES };
    (@variables stream($handler:ty)) => { <$handler as $crate::events::StreamFunction>::VARIABLES };
    (@start $name:literal, http($module:ident)) => {
        $crate::http::function($name, $module::OPERATION, $module::handle)
    };
    (@start $name:literal, http_with($module:ident, $resources:ty)) => {
        $crate::http::function_with::<_, _, $resources>($name, $module::OPERATION, $module::handle)
    };
    (@start $name:literal, queue($queue:literal, $handler:ty)) => { $crate::events::queue_function::<$handler>($name) };
    (@start $name:literal, stream($handler:ty)) => { $crate::events::stream_function::<$handler>($name) };
}

/// Serves the function that `_HANDLER` names, or every function of the binary where it names none.
///
/// # Errors
/// The name is unknown, or the function cannot start.
pub async fn run(
    functions: &'static [Function],
    binary: &'static str,
    start: fn(&str) -> Option<Starting>,
) -> Result<(), Error> {
    telemetry::init();
    let serve = async move {
        match lambda_variable("_HANDLER") {
            Some(name) => {
                let starting = start(&name).ok_or_else(|| format!("{binary} has no function {name}: see Handler"))?;
                starting.await?.serve().await
            }
            None => serve_all(functions.iter().filter(|function| function.binary == binary).collect(), start).await,
        }
    };
    tokio::task::LocalSet::new().run_until(serve).await
}

/// Serves all functions of a binary; each starts with its first event.
async fn serve_all(functions: Vec<&'static Function>, start: fn(&str) -> Option<Starting>) -> Result<(), Error> {
    let (functions, started) = (&functions, &RefCell::new(HashMap::<&str, Rc<dyn Serve>>::new()));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let name = pick(functions, &event.payload).ok_or("no function of this binary takes the event")?;
        let known = started.borrow().get(name).cloned();
        let function = match known {
            Some(function) => function,
            None => {
                let function = start(name).ok_or("the function is not in its own table")?.await?;
                started.borrow_mut().insert(name, Rc::clone(&function));
                function
            }
        };
        function.invoke(event).await
    }))
    .await
}

/// The name of the function that an event is for.
pub fn pick(functions: &[&'static Function], event: &Value) -> Option<&'static str> {
    if let [only] = functions {
        return Some(only.name);
    }
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let takes = |function: &Function| match function.trigger {
        Trigger::Http(facts) => {
            text("/requestContext/http/method").is_some_and(|method| facts.methods().any(|known| known == method))
                && text("/rawPath").is_some_and(|path| facts.matches(path))
        }
        Trigger::Queue(queue) => {
            text("/Records/0/eventSourceARN").is_some_and(|arn| arn.ends_with(&format!("-{queue}")))
        }
        Trigger::Stream => text("/Records/0/eventSource") == Some("aws:dynamodb"),
    };
    let is_fallback = |function: &Function| {
        let is_request = text("/requestContext/http/method").is_some();
        is_request && matches!(function.trigger, Trigger::Http(facts) if facts.method.is_empty())
    };
    let found = functions.iter().find(|function| takes(function));
    found.or_else(|| functions.iter().find(|function| is_fallback(function))).map(|function| function.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::body::NoBody;
    use crate::http::{Done, Operation};
    use serde_json::json;

    const FACTS: [Facts; 3] = [
        Operation::<NoBody, Done>::get("/api/tasks/{id}", "").facts(),
        Operation::<NoBody, Done>::delete("/api/tasks/{id}", "").facts(),
        Operation::<NoBody, Done>::fallback().facts(),
    ];
    static FUNCTIONS: [Function; 5] = [
        Function { name: "get", binary: "b", trigger: Trigger::Http(FACTS[0]), variables: &[] },
        Function { name: "delete", binary: "b", trigger: Trigger::Http(FACTS[1]), variables: &[] },
        Function { name: "fallback", binary: "b", trigger: Trigger::Http(FACTS[2]), variables: &[] },
        Function { name: "overdue", binary: "b", trigger: Trigger::Queue("overdue"), variables: &[] },
        Function { name: "dispatch", binary: "b", trigger: Trigger::Stream, variables: &[] },
    ];

    #[test]
    fn an_event_picks_its_function() {
        let request =
            |method: &str, path: &str| json!({"rawPath": path, "requestContext": {"http": {"method": method}}});
        let record = |source: &str, arn: &str| json!({"Records": [{"eventSource": source, "eventSourceARN": arn}]});
        let events = [
            (request("GET", "/api/tasks/1"), Some("get")),
            (request("HEAD", "/api/tasks/1"), Some("get")),
            (request("DELETE", "/api/tasks/1"), Some("delete")),
            (request("GET", "/api/other"), Some("fallback")),
            (record("aws:sqs", "arn:aws:sqs:eu-west-1:1:spacedly-dev-overdue"), Some("overdue")),
            (record("aws:dynamodb", "arn:aws:dynamodb:eu-west-1:1:table/t/stream/s"), Some("dispatch")),
            (record("aws:sqs", "arn:aws:sqs:eu-west-1:1:spacedly-dev-mail"), None),
            (json!({}), None),
        ];
        let functions: Vec<&Function> = FUNCTIONS.iter().collect();
        for (event, name) in events {
            assert_eq!(pick(&functions, &event), name, "{event}");
        }
        assert_eq!(pick(&functions[..1], &json!({})), Some("get"), "the only one");
    }
}
