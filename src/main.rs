//! Parse the command line, run the command, map the outcome to an exit code.

use portcullis::cli::{Cli, Exit};
use portcullis::desktop::{clipboard, limits};

fn main() -> Exit {
    if clipboard::is_holder() {
        return if clipboard::hold().is_ok() { Exit::Done } else { Exit::Failed };
    }
    let cli = Cli::typed();
    let max_open_files = limits::harden();
    cli.run(max_open_files)
}
