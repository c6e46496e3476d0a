//! `portcullis serve`: the agent in the foreground.

use clap::Args;

use super::Context;
use super::output::{self, Exit};
use crate::agent::{self, Launch, LaunchError};
use crate::control::Shell;
use crate::headless::HeadlessShell;
use crate::supervisor;
use crate::upstream::Scrubber;
use crate::{desktop, logging};

#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Listen on this port instead of the configured one; 0 takes any free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
}

pub async fn serve(context: &Context, args: &ServeArgs, max_open_files: u64) -> Exit {
    run(context, args.port, max_open_files, HeadlessShell::new).await
}

/// Runs an agent without a tray until it ends, and says why it did.
pub async fn run<S: Shell>(
    context: &Context,
    port: Option<u16>,
    max_open_files: u64,
    shell: impl FnOnce() -> S,
) -> Exit {
    let paths = context.paths.clone();
    if let Err(error) = paths.create() {
        return output::failed(&format!("the agent's directories could not be made: {error}"));
    }
    // A second agent must not write into the first one's log.
    let is_second = desktop::instance::is_held(&paths.lock_file());
    let log_file = (!is_second).then(|| paths.log_file());
    let scrubber = Scrubber::default();
    let _log = logging::start(context.verbosity, log_file.as_deref(), &scrubber);
    let launch = Launch { paths, port, exit_on_failed_start: true, max_open_files };
    match agent::run(launch, scrubber, shell).await {
        Ok(supervisor::Exit::Quit | supervisor::Exit::Forced) => Exit::Done,
        Ok(supervisor::Exit::StartFailed(reason)) => output::failed(&reason),
        Err(LaunchError::Config(problems)) => {
            problems.lines().for_each(|line| output::note(&line));
            Exit::Usage
        }
        Err(error @ LaunchError::AlreadyRunning(_)) => {
            output::note(&format!("error: {error}. `portcullis status` shows it."));
            Exit::AlreadyRunning
        }
        Err(error) => output::failed(&error.to_string()),
    }
}
