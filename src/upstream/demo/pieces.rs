//! A streamed answer: its text and its arguments in pieces, as a model would send them.

use crate::chat::{Delta, Event, Response};

/// The answer as a stream of events.
pub fn events(answer: Response) -> impl Iterator<Item = Event> {
    answer.into_events().into_iter().flat_map(in_pieces)
}

fn in_pieces(event: Event) -> Vec<Event> {
    match event {
        Event::Delta(Delta::Text(text)) => {
            of_text(&text).into_iter().map(|piece| Event::Delta(Delta::Text(piece.to_owned()))).collect()
        }
        Event::Delta(Delta::Arguments(arguments)) => {
            halves(&arguments).map(|half| Event::Delta(Delta::Arguments(half.to_owned()))).into()
        }
        other => vec![other],
    }
}

/// A few words each, or a few characters where a script has no spaces.
pub fn of_text(text: &str) -> Vec<&str> {
    const SHORT: usize = 16;
    const LONG: usize = 48;
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        let natural = letter == ' ' || !letter.is_ascii();
        if (end - start >= SHORT && natural) || end - start >= LONG {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Two pieces, neither of them JSON by itself, so that a client that parses too early fails
/// here and not in production.
fn halves(arguments: &str) -> [&str; 2] {
    let (first, second) = arguments.split_at(arguments.ceil_char_boundary(arguments.len() / 2));
    [first, second]
}
