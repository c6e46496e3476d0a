//! What a client is still sending when its answer is known already: a refusal does not
//! wait for the body that it refuses. Left where it is, that body would end the
//! connection under a client that means to use it again, or sweep away the answer before
//! it is read. So it is read and forgotten, as far as that is soon done.

use std::time::Duration;

use http_body::Body;
use http_body_util::BodyExt;
use salvo::http::ReqBody;
use salvo::prelude::Request;
use tokio::time::{Instant, timeout, timeout_at};

/// More than this is not worth reading …
const MAX_BYTES: u64 = 256 << 20;
/// … nor is it worth so long …
const PATIENCE: Duration = Duration::from_secs(5);
/// … or waiting for a client that has stopped sending.
const GAP: Duration = Duration::from_millis(500);

/// Reads what is left of the body. `false`: not all of it, so that the connection has to
/// end with the answer. `asks_first`: the client waits to be told whether to send it
/// (`Expect: 100-continue`), and the answer tells it not to.
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
