//! Fields of a `multipart/form-data` body, found by name without knowing the boundary.

use std::ops::Range;

use memchr::memmem;

/// Where the value of a field is. Expects a space before `name=`, as every client writes it,
/// which tells `name="file"` from `filename="file"`.
pub fn field(body: &[u8], name: &str) -> Option<Range<usize>> {
    let label = format!("name=\"{name}\"");
    let head = memmem::find_iter(body, label.as_bytes()).find(|at| body[..*at].ends_with(b"; "))?;
    let start = head + memmem::find(&body[head..], b"\r\n\r\n")? + 4;
    let end = start + memmem::find(&body[start..], b"\r\n--")?;
    Some(start..end)
}

/// The value of a field of text.
pub fn text<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    std::str::from_utf8(&body[field(body, name)?]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_own_name() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"model\"\r\n\r\n\
                     \xff\x00\r\n--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n\
                     gpt-image-1\r\n--x--\r\n";
        assert_eq!(text(body, "model"), Some("gpt-image-1"));
        assert_eq!(field(body, "image").map(|value| &body[value]), Some(&b"\xff\x00"[..]));
        assert_eq!(text(body, "image"), None, "it is not text");
        assert_eq!(field(body, "prompt"), None);
    }
}
