//! Reads a client's body into frames, within the limits of one body and of all bodies
//! together.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::protocol::{ErrorKind, LocalError};
use crate::upstream::Frames;

/// The unit the memory budget is counted in.
const UNIT: usize = 64 << 10;

/// How much request body may be held at once, all requests together. A client that
/// cannot be served within it is told to come back, instead of the machine swapping.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// A body in memory and its share of the budget.
#[derive(Debug)]
pub struct ReadBody {
    pub frames: Frames,
    _share: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// One more unit on top of a share.
    fn grow(&self, share: &mut Option<OwnedSemaphorePermit>) -> Result<(), LocalError> {
        let unit = Arc::clone(&self.0).try_acquire_owned().map_err(|_| busy())?;
        match share {
            Some(share) => share.merge(unit),
            None => *share = Some(unit),
        }
        Ok(())
    }
}

/// Reads all of it. Fails when it is too large, when the client stops sending or sends
/// what is not HTTP, and when the memory for it is not to be had.
pub async fn read<B>(body: B, max: u64, budget: &Budget) -> Result<ReadBody, LocalError>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    if body.size_hint().lower() > max {
        return Err(too_large(max));
    }
    let mut body = pin!(body);
    let mut frames = Frames::default();
    let mut share = None;
    let mut granted = 0;
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.map_err(|error| unreadable(&error))?.into_data() else { continue };
        frames.push(bytes);
        if frames.len() as u64 > max {
            return Err(too_large(max));
        }
        while granted < frames.len() {
            budget.grow(&mut share)?;
            granted += UNIT;
        }
    }
    Ok(ReadBody { frames, _share: share })
}

fn too_large(max: u64) -> LocalError {
    let megabytes = max >> 20;
    LocalError::new(
        ErrorKind::TooLarge,
        format!("the request body is over the limit of {megabytes} MB (max_body_mb under [proxy])"),
    )
}

fn unreadable(error: &impl std::fmt::Display) -> LocalError {
    let text = error.to_string();
    if text.contains("timeout") {
        return LocalError::new(ErrorKind::RequestTimeout, "the request body stopped arriving");
    }
    LocalError::new(ErrorKind::InvalidRequest, format!("the request body could not be read: {text}"))
}

fn busy() -> LocalError {
    LocalError::new(ErrorKind::Unavailable, "too many large requests at once; try again in a moment")
        .retry_after(std::time::Duration::from_secs(1))
}
