//! Whether a request got a new connection or was sent on a kept one, which may have died
//! while it was idle.
//!
//! The HTTP client does not report that. But it calls its connector only when it has no
//! connection at hand, and within the request's own task, which is marked for that time.

use std::cell::Cell;
use std::task::{Context, Poll};

use tower::{Layer, Service};

tokio::task_local! {
    static CONNECTED: Cell<bool>;
}

/// Runs a request. Returns its outcome and whether a new connection was opened for it.
pub async fn watching<T>(request: impl Future<Output = T>) -> (T, bool) {
    CONNECTED
        .scope(Cell::new(false), async {
            let outcome = request.await;
            (outcome, CONNECTED.with(Cell::get))
        })
        .await
}

/// Notes each call of the connector.
#[derive(Clone, Copy)]
pub struct WatchLayer;

#[derive(Clone)]
pub struct WatchedConnector<S>(S);

impl<S> Layer<S> for WatchLayer {
    type Service = WatchedConnector<S>;

    fn layer(&self, connector: S) -> WatchedConnector<S> {
        WatchedConnector(connector)
    }
}

impl<S: Service<R>, R> Service<R> for WatchedConnector<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        // There is nothing to note outside a watched request.
        let _ = CONNECTED.try_with(|connected| connected.set(true));
        self.0.call(request)
    }
}
