//! Windows gives a command-line program a console window. The tray agent needs none, so this
//! program starts itself again without one.

use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// `CREATE_NO_WINDOW`: an invisible console, shared by the commands that print secrets. Without
/// it, each of them would open a window.
const NO_WINDOW: u32 = 0x0800_0000;

/// The same command line once more. Fails when the system cannot start it.
pub fn start_again() -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .creation_flags(NO_WINDOW)
        .spawn()
}
