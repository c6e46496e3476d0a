//! Waiting for what no event announces: a file, a record, a process's memory.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::proxy::LIMIT;

const PAUSE: Duration = Duration::from_millis(5);

/// Looks repeatedly until there is something to see.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(PAUSE).await;
        }
    };
    timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("it never came to this: {what}"))
}
