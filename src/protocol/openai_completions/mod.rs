//! OpenAI's older `/v1/completions`, on the client's side alone: one prompt in, its
//! continuation out. Upstreams that have it get the request unchanged; the others get a
//! conversation of one turn.

pub(super) mod request;
pub(super) mod response;
pub(super) mod stream;
