//! One task owns what can change: the state of the proxy, the configuration in force,
//! the listeners. Everything that can wake it is an [`event::Event`]; every change ends
//! in one published [`Status`].

mod accounts;
mod desktop;
mod event;
mod follow;
mod lifecycle;
mod reload;
mod report;
pub mod state;
mod updates;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use self::event::Event;
use self::follow::Told;
use self::reload::{Reload, Then};
pub use self::report::account_status;
use self::state::{Input, next};
use self::updates::Updates;
use crate::config::edit::{self, EditError};
use crate::config::watch::{Content, WatchGuard};
use crate::config::{Config, EffectiveAuth, Problems, ProxyConfig, SecretMemory};
use crate::connect::FollowReport;
use crate::control::command::{CommandResult, Request};
use crate::control::{
    BindFailure, Command, CommandError, IconState, IconStatus, ProxyState, Session, Setting, Shell,
    StartFailure, Status,
};
use crate::desktop::autostart::Login;
use crate::desktop::entrance::Entrances;
use crate::desktop::signals::Signal;
use crate::gateway::Gateway;
use crate::language::Message;
use crate::server::{Door, ProxyServer};

/// How often the status is looked at while requests finish.
const DRAIN_TICK: Duration = Duration::from_millis(250);

/// What the agent is started with, and keeps.
#[derive(Clone, Debug)]
pub struct Options {
    pub config_path: PathBuf,
    pub pool_file: PathBuf,
    pub updates_file: PathBuf,
    /// Where the journal of the connected tools is.
    pub data: PathBuf,
    /// Overrides the config for this run.
    pub port: Option<u16>,
    /// `serve`: a failed start ends the agent, so that what supervises it notices.
    pub exit_on_failed_start: bool,
    pub max_connections: usize,
    /// The dashboard's address, which opens nothing by itself.
    pub dashboard_url: String,
    /// What does.
    pub entrances: Entrances,
    /// Filled by the first load of the config file.
    pub secrets: SecretMemory,
    /// What starts at login, when it is asked to.
    pub login: Login,
}

/// How the agent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// A second signal: at once, whatever is under way.
    Forced,
    StartFailed(String),
}

pub struct Supervisor {
    options: Options,
    config: Arc<Config>,
    door: Arc<Door>,
    gateway: Arc<Gateway>,
    shell: Box<dyn Shell>,
    status: watch::Sender<Status>,
    /// Where the user is.
    session: watch::Sender<Session>,
    icon: Option<IconStatus>,
    state: ProxyState,
    failure: Option<StartFailure>,
    /// Why the file as it is now is not in force.
    file_problem: Option<FileProblem>,
    /// When a problem of the file that has not been told yet has lasted long enough.
    tell_problem_at: Option<Instant>,
    /// No file was valid yet: what is in force is nobody's choice, and serves nothing.
    is_unconfigured: bool,
    /// What the last load had to say.
    warnings: Vec<Message>,
    proxy: Option<ProxyServer>,
    /// What the system chose when it was asked for any port.
    any_port: Option<u16>,
    generation: u64,
    drains: JoinSet<u64>,
    reload: Reload,
    /// What the connected tools were told last, and tools that are being told.
    told: Option<Told>,
    following: JoinSet<(bool, FollowReport)>,
    pool_saved: Instant,
    pool_dirty: bool,
    updates: Updates,
    exit: Option<Exit>,
}

/// Why the last good configuration is still the one in force.
#[derive(Clone, Debug, PartialEq, Eq)]
enum FileProblem {
    Invalid(Problems),
    Bind(BindFailure),
}

/// Where the supervisor's events come from.
pub struct Sources {
    pub requests: mpsc::Receiver<Request>,
    pub file: mpsc::Receiver<Content>,
    pub watcher: WatchGuard,
    pub signals: mpsc::Receiver<Signal>,
}

impl Supervisor {
    pub fn new(
        options: Options,
        config: Arc<Config>,
        warnings: Vec<Message>,
        door: Arc<Door>,
        shell: Box<dyn Shell>,
        status: watch::Sender<Status>,
        session: watch::Sender<Session>,
    ) -> Self {
        let icon = shell.has_icon().then(|| IconStatus { state: IconState::Starting, bus: String::new() });
        Self {
            session,
            icon,
            gateway: Arc::clone(&door.gateway),
            updates: Updates::new(options.updates_file.clone()),
            options,
            config,
            door,
            shell,
            status,
            state: ProxyState::Stopped,
            failure: None,
            file_problem: None,
            tell_problem_at: None,
            is_unconfigured: false,
            warnings,
            proxy: None,
            any_port: None,
            generation: 0,
            drains: JoinSet::new(),
            reload: Reload::default(),
            told: None,
            following: JoinSet::new(),
            pool_saved: Instant::now(),
            pool_dirty: false,
            exit: None,
        }
    }

    /// Runs until it is asked to quit. `unloaded`: why there is no configuration yet.
    pub async fn run(mut self, mut sources: Sources, unloaded: Option<Problems>) -> Exit {
        let mut pool = self.gateway.pool.subscribe();
        let mut record = self.gateway.recorder.watch_problem();
        self.warn_of_open_lan(None);
        if let Some(problems) = unloaded {
            self.wait_for_config(problems);
        } else if self.config.proxy.start_with_agent {
            self.start().await;
        }
        self.look_for_updates();
        self.learn_models();
        self.publish();
        while self.exit.is_none() {
            let event = self.next_event(&mut sources, &mut pool, &mut record).await;
            self.handle(event).await;
            self.look_for_updates();
            self.publish();
        }
        let exit = self.exit.clone().unwrap_or(Exit::Quit);
        let exit = self.finish(exit, &mut sources).await;
        self.save_pool().await;
        exit
    }

    async fn next_event(
        &mut self,
        sources: &mut Sources,
        pool: &mut watch::Receiver<u64>,
        record: &mut watch::Receiver<Option<String>>,
    ) -> Event {
        let tick = self.until_next_look();
        tokio::select! {
            Some(request) = sources.requests.recv() => Event::Request(request),
            Some(_) = sources.file.recv() => Event::FileChanged,
            Some(loaded) = self.reload.finished() => Event::Loaded(Box::new(loaded)),
            Some(answer) = self.updates.answered() => Event::FeedAnswered(answer),
            Ok(()) = pool.changed() => Event::PoolChanged,
            Ok(()) = record.changed() => Event::RecordChanged,
            Some(Ok(generation)) = self.drains.join_next() => Event::Drained { generation },
            Some(Ok((has_moved, followed))) = self.following.join_next() => {
                Event::ToolsFollowed { has_moved, followed }
            }
            Some(signal) = sources.signals.recv() => Event::Signal(signal),
            () = tokio::time::sleep(tick) => Event::Tick,
        }
    }

    async fn handle(&mut self, event: Event) {
        match event {
            Event::Request(request) => self.carry_out(request).await,
            Event::FileChanged => self.begin_reload(),
            Event::Signal(Signal::Reload) => {
                self.reload.ask();
                self.begin_reload();
            }
            Event::Loaded(loaded) => self.end_reload(*loaded).await,
            Event::PoolChanged => self.pool_changed().await,
            Event::FeedAnswered(answer) => self.end_update_check(answer).await,
            // It is in the next status.
            Event::RecordChanged => {}
            Event::Drained { generation } => {
                if generation == self.generation {
                    self.enter(Input::Drained);
                }
            }
            Event::ToolsFollowed { has_moved, followed } => self.tools_followed(has_moved, &followed),
            Event::Signal(Signal::Quit) => self.exit = Some(Exit::Quit),
            Event::Tick => {
                self.tell_lasting_problem();
                if self.pool_dirty {
                    self.save_pool().await;
                }
            }
        }
    }

    async fn carry_out(&mut self, Request { command, reply }: Request) {
        let outcome = match command {
            Command::Start => return self.reload_then(Then::Start, reply),
            Command::Stop => {
                self.stop().await;
                if self.is_kept_from_its_address() {
                    // Nothing serves at the old address any more: the file is free to count.
                    self.begin_reload();
                }
                Ok(Value::Null)
            }
            Command::Restart => return self.reload_then(Then::Restart, reply),
            Command::Reload => return self.reload_then(Then::Nothing, reply),
            Command::MoveToPort(port) => {
                return self.edit(reply, move |path| edit::set(path, "proxy.port", i64::from(port))).await;
            }
            Command::Set { key, value } => {
                return self.edit(reply, move |path| edit::set(path, key, written(value))).await;
            }
            Command::EnableAccount { name, enabled } => {
                return self.edit(reply, move |path| edit::set_account_enabled(path, &name, enabled)).await;
            }
            Command::TestAccount { name, language } => return self.test_account(name, language, reply),
            Command::ClearCooldown(name) => self.clear_cooldown(name.as_deref()),
            Command::ReviveAccount(name) => self.revive(&name),
            Command::OpenDashboard => return self.open_dashboard(reply),
            Command::EditConfig => return self.open_config_file(reply),
            Command::Copy(what) => return self.copy(what, reply),
            Command::StartAtLogin(on) => return self.start_at_login(on, reply),
            Command::LookAround => {
                self.shell.look_around();
                Ok(Value::Null)
            }
            Command::MoveTo(session) => {
                self.move_to(session);
                Ok(Value::Null)
            }
            Command::IconIs(icon) => {
                self.icon = Some(icon);
                Ok(Value::Null)
            }
            Command::Connect { tool, connected } => return self.connect(tool, connected, reply),
            Command::Tell(notice) => {
                self.notify(&notice);
                Ok(Value::Null)
            }
            Command::Quit => {
                self.exit = Some(Exit::Quit);
                Ok(Value::Null)
            }
        };
        self.publish();
        let _ = reply.send(outcome);
    }

    fn enter(&mut self, input: Input) {
        let state = next(self.state, input);
        if state != self.state {
            tracing::debug!("{} → {}", self.state.name(), state.name());
            self.state = state;
        }
    }

    /// Changes the file. What it holds then takes effect as after any other save, and
    /// whoever asked hears whether it did.
    async fn edit(
        &mut self,
        reply: oneshot::Sender<CommandResult>,
        change: impl FnOnce(&Path) -> Result<(), EditError> + Send + 'static,
    ) {
        let path = self.options.config_path.clone();
        let edited = tokio::task::spawn_blocking(move || change(&path)).await;
        let language = self.language();
        let edited = edited
            .map_err(|error| failed(&error))
            .and_then(|edited| edited.map_err(|error| CommandError::Failed(error.text(language))));
        match edited {
            Ok(()) => self.reload_then(Then::Nothing, reply),
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }
}

/// Everybody on the network may spend the accounts.
fn is_open_to_lan(proxy: &ProxyConfig) -> bool {
    proxy.allow_lan_access && proxy.effective_auth() == EffectiveAuth::Off
}

fn written(setting: Setting) -> toml_edit::Value {
    match setting {
        Setting::Switch(on) => on.into(),
        Setting::Choice(choice) => choice.into(),
    }
}

fn failed(error: &impl std::fmt::Display) -> CommandError {
    CommandError::Failed(error.to_string())
}
