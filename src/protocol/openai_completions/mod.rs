//! OpenAI's older `/v1/completions`, for clients alone: one prompt in, its continuation
//! out. Upstreams that know it are asked as they are; to all others it is a conversation
//! of one turn.

pub(super) mod request;
pub(super) mod response;
pub(super) mod stream;
