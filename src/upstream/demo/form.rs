//! Fields of a multipart form, found by name without knowing the form's boundary.

use memchr::memmem;

/// The value of a field on one line: the line after the empty line that ends its headers.
pub fn field<'a>(form: &'a [u8], name: &str) -> Option<&'a str> {
    let start = memmem::find(form, format!("name=\"{name}\"").as_bytes())?;
    let part = &form[start..];
    let value = &part[memmem::find(part, b"\r\n\r\n")? + 4..];
    std::str::from_utf8(&value[..memmem::find(value, b"\r\n")?]).ok()
}

/// Whether the form has a field of this name, or a list of them (`image[]`).
pub fn has(form: &[u8], name: &str) -> bool {
    let is_there = |written: String| memmem::find(form, written.as_bytes()).is_some();
    is_there(format!("name=\"{name}\"")) || is_there(format!("name=\"{name}[]\""))
}
