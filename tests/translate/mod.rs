//! Tables of (fixture, [targets]). A fixture is the body of a real client or provider. The
//! snapshot beside it, `<case>.<to>.snap`, is what it becomes on the other side.

mod errors;
mod requests;
mod responses;
mod round_trip;
mod streams;
mod support;
mod tools;
mod well_framed;

use portcullis::chat;
