//! A program that has a command line gets a console window from Windows. The tray agent
//! wants none, so this program starts itself again without one.

use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// `CREATE_NO_WINDOW`: a console nobody sees, which the commands that print secrets share.
/// With none at all, each of them would open a window.
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
