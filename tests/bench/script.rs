//! What the mock upstream answers. The model name of a request picks the script, because it is the one thing
//! that reaches the upstream whatever a proxy does to the rest.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use memchr::memmem;

/// Chunks that carry text in a stream for the throughput scenarios.
const STREAM_CHUNKS: usize = 200;

/// Stands before the sending time of a chunk, in nanoseconds since the epoch.
const STAMP: &str = "sent=";
/// Digits of that time: enough until the year 2286.
const STAMP_DIGITS: usize = 19;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Script {
    /// One JSON document of 1 KB.
    Reply,
    /// A stream that is ready all at once.
    Burst,
    /// A stream with a millisecond between its chunks.
    Trickle,
    /// A stream at the speed of a slow model.
    Slow,
}

impl Script {
    const ALL: [Self; 4] = [Self::Reply, Self::Burst, Self::Trickle, Self::Slow];

    pub fn model(self) -> &'static str {
        match self {
            Self::Reply => "bench-reply",
            Self::Burst => "bench-burst",
            Self::Trickle => "bench-trickle",
            Self::Slow => "bench-slow",
        }
    }

    /// How many chunks with text the answer has.
    pub fn chunks(self) -> usize {
        match self {
            Self::Reply => 0,
            Self::Burst | Self::Trickle => STREAM_CHUNKS,
            Self::Slow => 16,
        }
    }

    /// The pause between two chunks.
    pub fn pace(self) -> Duration {
        match self {
            Self::Reply | Self::Burst => Duration::ZERO,
            Self::Trickle => Duration::from_millis(1),
            Self::Slow => Duration::from_millis(250),
        }
    }

    pub fn is_stream(self) -> bool {
        self.chunks() > 0
    }

    /// The script that a request body or its path names, looked for from the end, where clients write the model.
    pub fn asked_for(body: &[u8]) -> Option<Self> {
        let start = memmem::rfind(body, b"bench-")?;
        Self::ALL.into_iter().find(|script| body[start..].starts_with(script.model().as_bytes()))
    }
}

/// The text of a chunk that leaves now.
pub fn stamp() -> String {
    format!("{STAMP}{:0STAMP_DIGITS$} ", now_nanos())
}

/// Finds the stamps in the bytes of an answer, also where a stamp is split between two reads.
#[derive(Default)]
pub struct StampReader {
    unread: Vec<u8>,
}

impl StampReader {
    /// How long each chunk completed by `bytes` was on its way.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Duration> {
        let now = now_nanos();
        self.unread.extend_from_slice(bytes);
        let mut delays = Vec::new();
        let mut rest = self.unread.as_slice();
        while let Some((sent, after)) = next_stamp(rest) {
            delays.push(Duration::from_nanos(now.saturating_sub(sent)));
            rest = after;
        }
        // Keeps only what could be the beginning of a stamp.
        let kept = rest.len().min(STAMP.len() + STAMP_DIGITS - 1);
        self.unread.drain(..self.unread.len() - kept);
        delays
    }
}

fn next_stamp(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let start = memmem::find(bytes, STAMP.as_bytes())? + STAMP.len();
    let (digits, after) = bytes[start..].split_at_checked(STAMP_DIGITS)?;
    let sent = str::from_utf8(digits).ok()?.parse().ok()?;
    Some((sent, after))
}

/// The wall clock, which unlike `Instant` means the same in two processes.
fn now_nanos() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}
