//! Tables of (fixture, [targets]). A fixture is what a real client or provider sends; a
//! snapshot beside it, `<case>.<to>.snap`, is what it becomes on the other side.

mod errors;
mod requests;
mod responses;
mod round_trip;
mod streams;
mod support;
mod tools;
