//! Hands a page or a file to the desktop, which knows what opens such things.

use std::io;
use std::path::Path;

/// Opens a page in the user's browser; fails when there is none.
pub fn open(url: &str) -> io::Result<()> {
    open::that_detached(url)
}

/// Opens a file in the program for its kind; fails when there is none.
pub fn open_file(path: &Path) -> io::Result<()> {
    open::that_detached(path)
}
