//! How long a request's head is.

use salvo::prelude::Request;

/// A request's head may be this long, in bytes.
pub const LONGEST_HEAD: usize = 64 << 10;

/// The length of a request's head in bytes as it was on the wire, but for optional spaces.
pub fn head_length(request: &Request) -> usize {
    const LINE: usize = ": \r\n".len();
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + LINE);
    request.method().as_str().len() + target + "  HTTP/1.1\r\n\r\n".len() + headers.sum::<usize>()
}
