//! The edge: `lambda_http` decodes API Gateway's events (payload 2.0) and encodes the answers.
//!
//! Its adapter wants futures that are `Send`, which those of handlers are not: each request runs as a task of its own
//! on the thread's [`LocalSet`](tokio::task::LocalSet), and the adapter waits for the task. On a few malformed requests
//! (characters that no URL may hold, an impossible host, a body that is no Base64) the adapter panics before our code
//! runs; [`Guard`] answers those with 400.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures::future::{Either, LocalBoxFuture, MapOk};
use futures::{FutureExt, TryFutureExt};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body as Payload, IntoResponse, RequestExt, Service};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::error::ApiError;
use super::operation::Operation;
use super::respond::{self, Handler, Route, erased, respond};
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
        Ok(Box::new(move |app: &App, parts: &super::RequestParts| {
            let resources = Rc::clone(&resources);
            async move { handler(app, &Request::new(parts), &resources).await?.into_reply() }.boxed_local()
        }))
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

    /// The service that Lambda's runtime calls. It needs a [`LocalSet`](tokio::task::LocalSet) around it.
    pub fn into_service(
        self: Rc<Self>,
    ) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + 'static, Error = Infallible> {
        let service = service_fn(move |request: lambda_http::Request| {
            let function = Rc::clone(&self);
            let task = tokio::task::spawn_local(async move { function.respond(request).await });
            // A task that panics has failed in our own pipeline; handlers' panics are caught there.
            task.map(|response| Ok::<_, Infallible>(Encodable(response.unwrap_or_else(|error| internal(&error)))))
        });
        Guard { adapter: Adapter::from(service) }
    }
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

/// An encoded answer: the adapter's, or ours to a request that it could not decode.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Encoded<R> {
    Adapted(R),
    Undecodable(Box<ApiGatewayV2httpResponse>),
}

/// Answers 400 where the adapter panics while it decodes a request.
struct Guard<S> {
    adapter: S,
}

impl<S: Service<LambdaEvent<LambdaRequest>>> Service<LambdaEvent<LambdaRequest>> for Guard<S> {
    type Response = Encoded<S::Response>;
    type Error = S::Error;
    type Future = Either<MapOk<S::Future, fn(S::Response) -> Self::Response>, Ready<Result<Self::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.adapter.poll_ready(context)
    }

    fn call(&mut self, event: LambdaEvent<LambdaRequest>) -> Self::Future {
        let request_id = event.context.request_id.clone();
        match catch_unwind(AssertUnwindSafe(|| self.adapter.call(event))) {
            Ok(answer) => Either::Left(answer.map_ok(Encoded::Adapted)),
            Err(_) => Either::Right(ready(Ok(Encoded::Undecodable(Box::new(undecodable(request_id)))))),
        }
    }
}

/// 400 to a request that is no HTTP request.
fn undecodable(request_id: String) -> ApiGatewayV2httpResponse {
    tracing::warn!(request_id, "http.request_undecodable");
    let field = FieldError::new("request", "Request has a malformed address, host or body encoding");
    let response = respond::error_response(vec![field].into(), request_id);
    let (head, body) = response.into_parts();
    let mut encoded = ApiGatewayV2httpResponse::default();
    encoded.status_code = i64::from(head.status.as_u16());
    encoded.headers = head.headers;
    encoded.body = Some(body);
    encoded
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
