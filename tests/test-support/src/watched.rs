//! A connection to the table whose rate limiter is slow, and which keeps what was asked of the table.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use shared::store::Store;

use crate::{TABLE, World};

/// So long that whatever does not wait for the limiter comes first.
const LATE: Duration = Duration::from_millis(100);

/// The names of the operations that were asked of the table, in order.
#[derive(Clone, Debug, Default)]
pub struct Operations(Arc<Mutex<Vec<String>>>);

impl Operations {
    /// The names since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[derive(Debug)]
struct Watched<I> {
    inner: I,
    operations: Operations,
}

impl HttpClient for Watched<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Watched { inner, operations: self.operations.clone() })
    }
}

impl HttpConnector for Watched<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let is_limiter_s = operation == "UpdateItem";
        self.operations.0.lock().unwrap().push(operation);
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            if is_limiter_s {
                tokio::time::sleep(LATE).await;
            }
            inner.call(request).await
        })
    }
}

impl World {
    /// Another connection to the table, on which `UpdateItem`, the limiter's write, takes long.
    pub fn behind_a_slow_limiter(&self) -> (Store, Operations) {
        let operations = Operations::default();
        let inner = self.sdk.http_client().unwrap();
        let sdk = self.sdk.to_builder().http_client(Watched { inner, operations: operations.clone() }).build();
        (Store::new(&sdk, TABLE.to_owned()), operations)
    }
}
