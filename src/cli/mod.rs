//! The command line: its definition, and one file for each group of commands.

mod account;
mod agent;
mod autostart;
mod completions;
mod config;
mod connect;
mod demo;
mod doctor;
mod help;
mod key;
mod lifecycle;
mod logs;
mod output;
mod prompt;
mod records;
mod serve;
mod served;
mod stranded;
mod tray;
mod usage;

use std::path::PathBuf;

use clap::{ArgAction, Args, FromArgMatches, Parser, Subcommand};
use tokio::runtime;

use crate::desktop::autostart::Login;
use crate::desktop::instance;
use crate::desktop::paths::{NoHome, Paths};
use crate::language::Language;
pub use output::Exit;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "A local reverse proxy for language-model APIs: point any OpenAI, Anthropic or Gemini client at \
             http://127.0.0.1:8045. Without a command it is the agent with its tray icon",
    long_about = None,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The config file [default: config.toml in the platform's config directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One directory for config, data, state and runtime files
    #[arg(long, global = true, value_name = "DIR", env = "PORTCULLIS_HOME")]
    pub home: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Log only problems
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Started by the session at login: open nothing
    #[arg(long, hide = true)]
    pub at_login: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the agent in the foreground, without a tray
    Serve(serve::ServeArgs),
    /// Try it out: a temporary proxy that answers without a key or a network
    Demo(demo::DemoArgs),
    /// Show whether it runs, where, and what is wrong
    Status,
    /// Start the proxy in the running agent
    Start,
    /// Stop the proxy: the port is free at once, running requests finish
    Stop,
    /// Stop and start the proxy
    Restart,
    /// Read the config file again
    Reload,
    /// Stop the running agent
    Quit,
    /// Open the dashboard in the browser
    Open {
        /// Print an address instead, which works once, within a minute
        #[arg(long)]
        print: bool,
    },
    /// The record of requests; -f follows new ones
    Logs(logs::LogsArgs),
    /// Requests, tokens and estimated cost over time
    Usage(usage::UsageArgs),
    /// The accounts that requests are sent with
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// The config file
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// The key that clients send
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Point a tool at portcullis; without a name, list the tools and where they point
    Connect(connect::ConnectArgs),
    /// Put a tool's settings back as they were
    Disconnect(connect::DisconnectArgs),
    /// Start the tray agent at login
    #[command(subcommand)]
    Autostart(autostart::AutostartCommand),
    /// Print the completions for a shell
    Completions(completions::CompletionsArgs),
    /// Look for what is wrong on this computer, and say what to do about it
    Doctor(doctor::DoctorArgs),
}

/// What every command receives.
#[derive(Clone, Debug)]
pub struct Context {
    pub paths: Paths,
    /// The agent that `autostart` starts: this home's.
    pub login: Login,
    pub json: bool,
    pub verbosity: i8,
    /// The language of results and messages.
    pub language: Language,
}

impl Cli {
    /// Parses the command line. Ends the process when it asks for help, in the user's language,
    /// or is invalid.
    pub fn typed() -> Self {
        Self::try_parse().unwrap_or_else(|_| {
            let language = help::language(std::env::args_os());
            let matches = help::command(language).get_matches();
            Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
        })
    }

    /// Carries out the command. `max_open_files`: this process's limit.
    pub fn run(self, max_open_files: u64) -> Exit {
        let Ok(runtime) = runtime::Builder::new_multi_thread().enable_all().build() else {
            return output::failed("no threads could be started");
        };
        let context = match Context::new(&self.global, self.starts_an_agent()) {
            Ok(context) => context,
            Err(error) => return output::failed(&error.to_string()),
        };
        match self.command {
            None => tray::tray(&context, self.global.at_login, max_open_files, runtime),
            Some(Command::Demo(args)) if args.tray => demo::with_tray(context, args, max_open_files, runtime),
            Some(command) => runtime.block_on(command.run(&context, max_open_files)),
        }
    }
}

impl Cli {
    const fn starts_an_agent(&self) -> bool {
        matches!(&self.command, None | Some(Command::Serve(_) | Command::Demo(_)))
    }
}

impl Command {
    async fn run(self, context: &Context, max_open_files: u64) -> Exit {
        match self {
            Self::Serve(args) => serve::serve(context, &args, max_open_files).await,
            Self::Demo(args) => demo::demo(context, &args, max_open_files).await,
            Self::Status => lifecycle::status(context).await,
            Self::Start => lifecycle::command(context, "start").await,
            Self::Stop => lifecycle::command(context, "stop").await,
            Self::Restart => lifecycle::command(context, "restart").await,
            Self::Reload => lifecycle::command(context, "reload").await,
            Self::Quit => lifecycle::quit(context).await,
            Self::Open { print } => lifecycle::open(context, print).await,
            Self::Logs(args) => logs::run(context, &args).await,
            Self::Usage(args) => usage::run(context, &args).await,
            Self::Account(command) => account::run(context, command).await,
            Self::Config(command) => config::run(context, &command).await,
            Self::Key(command) => key::run(context, command).await,
            Self::Connect(args) => connect::connect(context, &args).await,
            Self::Disconnect(args) => connect::disconnect(context, &args).await,
            Self::Doctor(args) => doctor::doctor(context, args).await,
            Self::Autostart(command) => autostart::run(context, command).await,
            Self::Completions(args) => completions::run(args),
        }
    }
}

impl Context {
    /// The language of a result's texts.
    pub fn answer_language(&self) -> Language {
        if self.json { Language::English } else { self.language }
    }

    /// A command that talks to an agent uses the config file that this agent reads, unless
    /// another one is named.
    fn new(global: &Global, starts_an_agent: bool) -> Result<Self, NoHome> {
        let mut paths = Paths::find(global.home.as_deref(), global.config.as_deref())?;
        if global.config.is_none()
            && !starts_an_agent
            && let Some(config) = instance::find(&paths).and_then(|agent| agent.config)
        {
            paths.config = config;
        }
        let verbosity = if global.quiet { -1 } else { i8::try_from(global.verbose).unwrap_or(i8::MAX) };
        let language = crate::config::language(&paths.config).spoken();
        output::speak(language, global.json);
        let login = Login::of(&paths);
        Ok(Self { paths, login, json: global.json, verbosity, language })
    }
}
