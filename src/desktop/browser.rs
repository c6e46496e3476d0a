//! Opens a page in the user's browser.

use std::io;

/// Hands the address to the desktop; fails when there is no browser to hand it to.
pub fn open(url: &str) -> io::Result<()> {
    open::that_detached(url)
}
