//! Whether a request had a new connection made for it, or was sent on one that was there:
//! such a one may have died while nobody looked.
//!
//! The HTTP client does not tell. But it asks its connector only when it has no connection
//! at hand, and does so within the request's own task, which is marked meanwhile.

use std::cell::Cell;
use std::task::{Context, Poll};

use tower::{Layer, Service};

tokio::task_local! {
    static CONNECTED: Cell<bool>;
}

/// Runs a request; returns whether a new connection was asked for meanwhile.
pub async fn watching<T>(request: impl Future<Output = T>) -> (T, bool) {
    CONNECTED
        .scope(Cell::new(false), async {
            let outcome = request.await;
            (outcome, CONNECTED.with(Cell::get))
        })
        .await
}

/// Notes that a connector was asked.
#[derive(Clone, Copy)]
pub struct Watch;

#[derive(Clone)]
pub struct Watched<S>(S);

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched(connector)
    }
}

impl<S: Service<R>, R> Service<R> for Watched<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        // Outside a watched request nobody wants to know.
        let _ = CONNECTED.try_with(|connected| connected.set(true));
        self.0.call(request)
    }
}
