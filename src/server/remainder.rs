//! The rest of a body whose answer is already known: a refusal does not wait for the body that
//! it refuses. An unread body would end a connection that the client means to use again, or
//! sweep away the answer before it is read. So it is read and discarded, if that is soon done.

use std::time::Duration;

use http_body::Body;
use http_body_util::BodyExt;
use salvo::http::ReqBody;
use salvo::prelude::Request;
use tokio::time::{Instant, timeout, timeout_at};

/// A longer body is not read …
const MAX_BYTES: u64 = 256 << 20;
/// … nor for longer than this …
const PATIENCE: Duration = Duration::from_secs(5);
/// … nor from a client that has stopped sending for this long.
const GAP: Duration = Duration::from_millis(500);

/// Reads the rest of the body. `false`: not all of it, so the connection has to end with the
/// answer. `asks_first`: the client waits for permission to send it (`Expect: 100-continue`),
/// and the answer denies it.
pub async fn discard(request: &mut Request, asks_first: bool) -> bool {
    let body = request.body_mut();
    if body.is_end_stream() {
        return true;
    }
    if asks_first || body.size_hint().lower() > MAX_BYTES {
        return false;
    }
    timeout_at(Instant::now() + PATIENCE, read_to_end(body)).await.unwrap_or(false)
}

async fn read_to_end(body: &mut ReqBody) -> bool {
    let mut length = 0;
    while length <= MAX_BYTES {
        match timeout(GAP, body.frame()).await {
            Ok(Some(Ok(frame))) => length += frame.data_ref().map_or(0, |data| data.len() as u64),
            Ok(None) => return true,
            Ok(Some(Err(_))) | Err(_) => return false,
        }
    }
    false
}
