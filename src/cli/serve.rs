//! `portcullis serve`: the agent in the foreground.

use clap::Args;

use super::Context;
use super::output::{self, Exit};
use crate::agent::{self, Launch, LaunchError};
use crate::control::{AgentHandle, Shell};
use crate::headless::HeadlessShell;
use crate::supervisor;
use crate::upstream::Scrubber;
use crate::{desktop, logging, text};

#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Listen on this port instead of the configured one; 0 takes any free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
}

pub async fn serve(context: &Context, args: &ServeArgs, max_open_files: u64) -> Exit {
    let run = Run { port: args.port, exit_on_failed_start: true, max_open_files };
    report(launch(context, run, |_| HeadlessShell::new()).await)
}

/// How a command runs its agent.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Overrides the config for this run.
    pub port: Option<u16>,
    pub exit_on_failed_start: bool,
    pub max_open_files: u64,
}

/// Runs an agent until it ends.
pub async fn launch<S: Shell>(
    context: &Context,
    run: Run,
    shell: impl FnOnce(&AgentHandle) -> S,
) -> Result<supervisor::Exit, LaunchError> {
    let paths = context.paths.clone();
    paths
        .create()
        .map_err(|error| LaunchError::Other(format!("the agent's directories could not be made: {error}")))?;
    // A second agent must not write into the first one's log.
    let is_second = desktop::instance::is_held(&paths);
    let log_file = (!is_second).then(|| paths.log_file());
    let scrubber = Scrubber::default();
    let _log = logging::start(context.verbosity, log_file.as_deref(), &scrubber);
    let Run { port, exit_on_failed_start, max_open_files } = run;
    let login = context.login.clone();
    agent::run(Launch { paths, port, exit_on_failed_start, login, max_open_files }, scrubber, shell).await
}

/// Prints why an agent ended, unless it was asked to.
pub fn report(outcome: Result<supervisor::Exit, LaunchError>) -> Exit {
    match outcome {
        Ok(supervisor::Exit::Quit | supervisor::Exit::Forced) => Exit::Done,
        Ok(supervisor::Exit::StartFailed(reason)) => output::failed(&reason),
        Err(LaunchError::Config(problems)) => {
            problems.lines(output::language()).for_each(|line| output::note(&line));
            Exit::Usage
        }
        Err(LaunchError::AlreadyRunning { home, pid }) => {
            let (language, home) = (output::language(), home.display().to_string());
            output::error(&if let Some(pid) = pid {
                text!(language, "cli-second-agent-pid", home = home, pid = pid.to_string())
            } else {
                text!(language, "cli-second-agent", home = home)
            });
            Exit::AlreadyRunning
        }
        Err(error) => output::failed(&error.to_string()),
    }
}
