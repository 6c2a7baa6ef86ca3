//! The edge: `lambda_http` decodes API Gateway's events (payload 2.0) and encodes the answers.
//!
//! Its adapter wants futures that are `Send`, which those of handlers are not: each request runs as a task of its own
//! on the thread's [`LocalSet`](tokio::task::LocalSet), and the adapter waits for the task. On a few malformed requests
//! (characters that no URL may hold, an impossible host, a body that is no Base64) the adapter panics before our code
//! runs; [`Guard`] answers those with 400, through the same pipeline.

use std::convert::Infallible;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body as Payload, Context, IntoResponse, RequestExt, Service};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use super::answer::{Answer, Done};
use super::error::ApiError;
use super::operation::{Access, BodyKind, Facts, Operation, RouteClasses};
use super::respond::{self, Handler, Prepared, Route, erased, respond};
use super::{App, Request};
use crate::aws::sdk_config;
use crate::clock::Timestamp;
use crate::config::Variable;
use crate::domain::body::Body;
use crate::domain::field::FieldError;
use crate::runtime::{Error, Serve, Starting};

/// A handler gets at most this long, whatever Lambda's own limit is.
const BUDGET: Duration = Duration::from_secs(28);
/// Time reserved of Lambda's limit for answering 503.
const RESERVE: Duration = Duration::from_millis(500);

/// What a route needs besides the [`App`]: clients and configuration of its own, made in init.
pub trait Resources: Sized + 'static {
    /// The variables that they read, besides those of every function.
    const VARIABLES: &'static [Variable];

    /// Reads the environment and builds the clients.
    ///
    /// # Errors
    /// A variable is missing or bad.
    fn from_environment(sdk: &aws_types::SdkConfig) -> Result<Self, Error>;
}

/// A function that serves a route.
pub fn function<B: Body + 'static, A: Answer + 'static>(
    name: &'static str,
    operation: Operation<B, A>,
    handler: impl AsyncFn(&App, &Request<'_, B>) -> Result<A, ApiError> + Copy + 'static,
) -> Starting {
    start(Route { function: name, facts: operation.facts() }, move |_| Ok(erased(handler)))
}

/// A function that serves a route whose handler needs resources of its own.
pub fn function_with<B: Body + 'static, A: Answer + 'static, R: Resources>(
    name: &'static str,
    operation: Operation<B, A>,
    handler: impl AsyncFn(&App, &Request<'_, B>, &R) -> Result<A, ApiError> + Copy + 'static,
) -> Starting {
    start(Route { function: name, facts: operation.facts() }, move |sdk| {
        let resources = Rc::new(R::from_environment(sdk)?);
        let handler: Box<Handler> = Box::new(move |app, parts| {
            let resources = Rc::clone(&resources);
            let work = move |request| async move { handler(app, &request, &resources).await?.into_reply() };
            Prepared::new(app, parts, work)
        });
        Ok(handler)
    })
}

fn start(
    route: Route,
    handler: impl FnOnce(&aws_types::SdkConfig) -> Result<Box<Handler>, Error> + 'static,
) -> Starting {
    async move {
        let sdk = sdk_config()?;
        let handler = handler(&sdk)?;
        let app = App::start(&route.facts, &sdk).await?;
        Ok(Rc::new(HttpFunction { app, route, handler }) as Rc<dyn Serve>)
    }
    .boxed_local()
}

/// A route, ready to answer.
pub struct HttpFunction {
    app: App,
    route: Route,
    handler: Box<Handler>,
}

impl std::fmt::Debug for HttpFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpFunction").field("function", &self.route.function).finish_non_exhaustive()
    }
}

impl HttpFunction {
    /// A function from its parts, for tests.
    pub fn new(app: App, route: Route, handler: Box<Handler>) -> Self {
        Self { app, route, handler }
    }

    async fn respond(&self, request: lambda_http::Request) -> Response<Payload> {
        let deadline = request.lambda_context_ref().map(|context| context.deadline).unwrap_or_default();
        let budget = budget(deadline, self.app.clock.now());
        respond(&self.app, &self.route, &*self.handler, request, budget).await
    }

    /// Refuses a request that could not be decoded. It counts and is logged as any other.
    async fn refuse(&self, request: lambda_http::Request) -> Response<Payload> {
        let facts = Facts {
            access: Access::Anyone,
            body: BodyKind::Ignored,
            classes: RouteClasses::default(),
            ..self.route.facts
        };
        let route = Route { facts, ..self.route };
        respond(&self.app, &route, &*erased(undecodable), request, budget(0, self.app.clock.now())).await
    }

    /// The service that Lambda's runtime calls. It needs a [`LocalSet`](tokio::task::LocalSet) around it.
    pub fn into_service(
        self: Rc<Self>,
    ) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + 'static, Error = Infallible> {
        let adapter = |reply: ReplyOf| {
            let function = Rc::clone(&self);
            Adapter::from(service_fn(move |request: lambda_http::Request| {
                let function = Rc::clone(&function);
                let task = tokio::task::spawn_local(async move {
                    match reply {
                        ReplyOf::Route => function.respond(request).await,
                        ReplyOf::Refusal => function.refuse(request).await,
                    }
                });
                // A task that panics has failed in our own pipeline; handlers' panics are caught there.
                task.map(|response| Ok::<_, Infallible>(Encodable(response.unwrap_or_else(|error| internal(&error)))))
            }))
        };
        let path = self.route.facts.path;
        Guard { decoding: adapter(ReplyOf::Route), refusing: adapter(ReplyOf::Refusal), path }
    }
}

/// Whose reply a request gets.
#[derive(Clone, Copy, Debug)]
enum ReplyOf {
    /// The route's handler.
    Route,
    /// Nobody's: it could not be decoded.
    Refusal,
}

impl Serve for HttpFunction {
    fn serve(self: Rc<Self>) -> LocalBoxFuture<'static, Result<(), Error>> {
        lambda_runtime::run(self.into_service()).boxed_local()
    }

    fn invoke(self: Rc<Self>, event: LambdaEvent<Value>) -> LocalBoxFuture<'static, Result<Value, Error>> {
        async move {
            let request: LambdaRequest = serde_json::from_value(event.payload)?;
            let answer = self.into_service().call(LambdaEvent::new(request, event.context)).await;
            Ok(serde_json::to_value(answer.unwrap_or_else(|never| match never {}))?)
        }
        .boxed_local()
    }
}

/// The answer to a request that is no HTTP request.
async fn undecodable(_: &App, _: &Request<'_>) -> Result<Done, ApiError> {
    let field = FieldError::new("request", "Request has a malformed address, host or body encoding");
    Err(vec![field].into())
}

fn internal(cause: &tokio::task::JoinError) -> Response<Payload> {
    respond::error_response(ApiError::internal(cause), String::new())
}

/// How long the handler may take. `cargo lambda watch` gives no deadline that lies ahead: it counts as none.
fn budget(deadline_ms: u64, now: Timestamp) -> Duration {
    let now_ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
    match deadline_ms.checked_sub(now_ms).map(Duration::from_millis) {
        Some(left) => left.saturating_sub(RESERVE).min(BUDGET),
        None => BUDGET,
    }
}

/// A response that is ready to be encoded.
struct Encodable(Response<Payload>);

impl IntoResponse for Encodable {
    fn into_response(self) -> std::pin::Pin<Box<dyn Future<Output = Response<Payload>> + Send>> {
        Box::pin(ready(self.0))
    }
}

/// Answers 400 where the adapter panics while it decodes a request.
struct Guard<S> {
    decoding: S,
    refusing: S,
    /// The route's path, in place of one that may be what cannot be decoded.
    path: &'static str,
}

impl<S: Service<LambdaEvent<LambdaRequest>>> Service<LambdaEvent<LambdaRequest>> for Guard<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.decoding.poll_ready(context)
    }

    fn call(&mut self, event: LambdaEvent<LambdaRequest>) -> Self::Future {
        let stripped = stripped(&event, self.path);
        match catch_unwind(AssertUnwindSafe(|| self.decoding.call(event))) {
            Ok(answer) => answer,
            Err(_) => {
                tracing::warn!(request_id = stripped.context.request_id, "http.request_undecodable");
                self.refusing.call(stripped)
            }
        }
    }
}

/// A request without all that a client writes but the method: what API Gateway itself says of it remains.
fn stripped(event: &LambdaEvent<LambdaRequest>, path: &str) -> LambdaEvent<LambdaRequest> {
    let mut request = ApiGatewayV2httpRequest::default();
    if let LambdaRequest::ApiGatewayV2(received) = &event.payload {
        let (from, to) = (&received.request_context, &mut request.request_context);
        to.request_id.clone_from(&from.request_id);
        to.domain_name.clone_from(&from.domain_name);
        to.http.method.clone_from(&from.http.method);
        to.http.source_ip.clone_from(&from.http.source_ip);
    }
    request.raw_path = Some(if path.is_empty() { "/" } else { path }.to_owned());
    let mut context = Context::default();
    context.request_id.clone_from(&event.context.request_id);
    LambdaEvent::new(LambdaRequest::ApiGatewayV2(request), context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_gets_lambda_s_remaining_time_less_the_reserve_and_28_seconds_at_most() {
        let now = crate::clock::testing::now();
        let given = |seconds: u64| budget(u64::try_from(now.as_millisecond()).unwrap() + seconds * 1000, now);
        assert_eq!(given(10), Duration::from_millis(9500));
        assert_eq!(given(60), BUDGET);
        assert_eq!(budget(0, now), BUDGET, "no deadline that lies ahead");
    }
}
