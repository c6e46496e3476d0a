//! A stream under way: begun, held open for as long as a test likes, and seen to its end.

use std::net::SocketAddr;

use super::FakeUpstream;
use super::client::{Stream, chat, open};
use super::upstream::Piece;

const FIRST: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n";
const LAST: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}\n\ndata: [DONE]\n\n";

/// A chat completion whose upstream answers with [`super::Reply::fed_sse`]; its first
/// event has reached the client.
pub struct FedStream<'upstream> {
    upstream: &'upstream FakeUpstream,
    stream: Stream,
    text: String,
}

impl<'upstream> FedStream<'upstream> {
    pub async fn begin(address: SocketAddr, upstream: &'upstream FakeUpstream) -> Self {
        let json = [("content-type", "application/json")];
        let body = chat("gpt-5", true).to_string();
        let opened = open(address, "POST", "/v1/chat/completions", &json, body);
        let (mut stream, ()) = tokio::join!(opened, upstream.feed_text(FIRST));
        assert_eq!(stream.status, 200);
        let first = stream.chunk().await.expect("a chunk").expect("whole");
        Self { upstream, stream, text: String::from_utf8_lossy(&first).into_owned() }
    }

    /// Lets it finish; every byte must have come through, and a proper end.
    pub async fn finishes_whole(mut self) {
        self.upstream.feed_text(LAST).await;
        self.upstream.feed(Piece::End).await;
        let (rest, cut) = self.stream.rest().await;
        assert_eq!((self.text + &rest, cut), (format!("{FIRST}{LAST}"), false));
    }

    /// Waits for it to break off.
    pub async fn breaks_off(mut self) {
        let (rest, cut) = self.stream.rest().await;
        assert!(cut, "it ended as if whole: {rest}");
    }
}
