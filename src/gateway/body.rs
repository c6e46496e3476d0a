//! Reads a client's body into frames, within the limits of one body and of all bodies
//! together. A body that makes no progress is given up.

use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout_at;

use super::pace::Pace;
use super::share::Share;
use crate::protocol::{ErrorKind, LocalError};
use crate::upstream::{Frames, Gather};

type BoxError = Box<dyn Error + Send + Sync>;

/// Reads the whole body. Fails when it is too large, when the client stops sending, is too
/// slow or sends something other than HTTP, and when there is no memory for it.
pub async fn read<B>(body: B, share: &Share, mut pace: Pace) -> Result<Frames, LocalError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    share.can_arrive(body.size_hint().lower())?;
    let mut body = pin!(body);
    let mut gather = Gather::default();
    while !body.is_end_stream() {
        // Most bodies are one frame, and a timer costs more than reading it. The server
        // itself has a time limit for the first frame.
        let frame = if gather.is_empty() {
            body.frame().await
        } else {
            timeout_at(pace.due().into(), body.frame()).await.map_err(|_| too_slow())?
        };
        let Some(frame) = frame else { break };
        let Ok(bytes) = frame.map_err(|error| unreadable(&*Into::<BoxError>::into(error)))?.into_data()
        else {
            continue;
        };
        share.arrived(bytes.len())?;
        pace.arrived(bytes.len(), Instant::now());
        gather.push(bytes);
    }
    Ok(gather.into_frames())
}

fn unreadable(error: &(dyn Error + 'static)) -> LocalError {
    if is_timeout(error) {
        return LocalError::new(ErrorKind::RequestTimeout, "the request body stopped arriving");
    }
    LocalError::new(ErrorKind::InvalidRequest, format!("the request body could not be read: {error}"))
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let error_kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    error_kind == Some(io::ErrorKind::TimedOut) || error.source().is_some_and(is_timeout)
}

fn too_slow() -> LocalError {
    LocalError::new(ErrorKind::RequestTimeout, "the request body arrives too slowly: send it again, faster")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use futures_util::stream::{self, StreamExt};
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::gateway::share::Budget;

    fn body(text: &'static str) -> impl stream::Stream<Item = Result<Frame<Bytes>, Infallible>> {
        stream::iter([Ok(Frame::data(Bytes::from_static(text.as_bytes())))])
    }

    #[tokio::test]
    async fn an_upload_that_stands_still_is_given_up() {
        let share = Budget::new(1 << 20).open(1 << 20);
        let stalled = StreamBody::new(body("{").chain(stream::pending()));
        let outcome = read(stalled, &share, Pace::with_grace(Duration::ZERO, Instant::now())).await;
        assert_eq!(outcome.err().map(|error| error.kind), Some(ErrorKind::RequestTimeout));
    }

    #[tokio::test]
    async fn an_upload_that_is_there_is_never_late() {
        let share = Budget::new(1 << 20).open(1 << 20);
        let whole = StreamBody::new(body("{").chain(body("}")));
        let frames = read(whole, &share, Pace::with_grace(Duration::ZERO, Instant::now())).await;
        assert_eq!(frames.expect("read").to_bytes(), "{}");
    }
}
