//! One task owns what can change: the state of the proxy, the configuration in force, the
//! listeners. Everything that can wake it is an [`event::Event`]; every change ends in one
//! published [`Status`].
//!
//! `life` is the proxy with its state (`state` has the diagram), `file_state` what is known
//! of the config file, `options` what the agent was started with. The other files are the
//! supervisor's work by subject: `lifecycle` (start, stop), `load` and `reload` (the config
//! file), `accounts`, `follow` (connected tools), `desktop`, `updates`, `report` (status and
//! notices).

mod accounts;
mod desktop;
mod event;
mod file_state;
mod follow;
mod life;
mod lifecycle;
mod load;
mod options;
mod reload;
mod report;
pub mod state;
mod updates;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::{oneshot, watch};

use self::accounts::PoolFile;
use self::event::Event;
use self::file_state::FileState;
use self::follow::Following;
use self::life::Life;
pub use self::load::{load, write_first_file};
pub use self::options::{Exit, Options, Sources};
use self::reload::{Reload, Then};
pub use self::report::account_status;
use self::state::Input;
use self::updates::Updates;
use crate::config::edit::{self, EditError};
use crate::config::{Config, Loaded, Problems};
use crate::control::command::{CommandResult, Request};
use crate::control::{Command, CommandError, IconState, IconStatus, Session, Setting, Shell, Status};
use crate::desktop::signals::Signal;
use crate::gateway::Gateway;
use crate::server::Door;

pub struct Supervisor {
    options: Options,
    config: Arc<Config>,
    door: Arc<Door>,
    gateway: Arc<Gateway>,
    shell: Box<dyn Shell>,
    status: watch::Sender<Status>,
    /// The desktop session of the user.
    session: watch::Sender<Session>,
    icon: Option<IconStatus>,
    life: Life,
    file: FileState,
    reload: Reload,
    following: Following,
    pool_file: PoolFile,
    updates: Updates,
    exit: Option<Exit>,
}

impl Supervisor {
    /// Begins unconfigured: `config` is what is in force until the first valid file.
    pub fn new(
        options: Options,
        config: Arc<Config>,
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
            life: Life::new(),
            file: FileState::new(),
            reload: Reload::default(),
            following: Following::default(),
            pool_file: PoolFile::new(),
            exit: None,
        }
    }

    /// Runs until it is asked to quit. `first`: the first load of the config file.
    pub async fn run(mut self, mut sources: Sources, first: Result<Loaded, Problems>) -> Exit {
        let mut pool = self.gateway.pool.subscribe();
        let mut record = self.gateway.recorder.watch_problem();
        // The start of the proxy begins with the file, and fails with it.
        self.life.enter(Input::StartAsked);
        if first.is_err() {
            self.life.enter(Input::StartFailed);
        }
        self.end_reload(first).await;
        self.look_for_updates();
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
            Some(()) = sources.file.recv() => Event::FileChanged,
            Some(loaded) = self.reload.finished() => Event::Loaded(Box::new(loaded)),
            Some(answer) = self.updates.answered() => Event::FeedAnswered(answer),
            Ok(()) = pool.changed() => Event::PoolChanged,
            Ok(()) = record.changed() => Event::RecordChanged,
            Some(generation) = self.life.next_drained() => Event::Drained { generation },
            Some((has_moved, followed)) = self.following.finished() => {
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
            // The next status has it.
            Event::RecordChanged => {}
            Event::Drained { generation } => self.life.drained(generation),
            Event::ToolsFollowed { has_moved, followed } => self.tools_followed(has_moved, &followed),
            Event::Signal(Signal::Quit) => self.exit = Some(Exit::Quit),
            Event::Tick => {
                if let Some(notice) = self.file.due_notice(Instant::now()) {
                    self.notify(&notice);
                }
                if self.pool_file.is_stale() {
                    self.save_pool().await;
                }
            }
        }
    }

    /// Commands that take their time reply by themselves.
    async fn carry_out(&mut self, Request { command, reply }: Request) {
        let mut outcome = Ok(Value::Null);
        match command {
            Command::Start => return self.reload_then(Then::Start, reply),
            Command::Restart => return self.reload_then(Then::Restart, reply),
            Command::Reload => return self.reload_then(Then::Nothing, reply),
            Command::MoveToPort(port) => {
                return self.edit(reply, move |path| edit::set(path, "proxy.port", i64::from(port))).await;
            }
            Command::Set { key, value } => {
                return self.edit(reply, move |path| edit::set(path, key, toml_value(value))).await;
            }
            Command::EnableAccount { name, enabled } => return self.enable(name, enabled, reply).await,
            Command::TestAccount { name, language } => return self.test_account(name, language, reply),
            Command::OpenDashboard => return self.open_dashboard(reply),
            Command::EditConfig => return self.open_config_file(reply),
            Command::Copy(what) => return self.copy(what, reply),
            Command::StartAtLogin(on) => return self.start_at_login(on, reply),
            Command::Connect { tool, connected } => return self.connect(tool, connected, reply),
            Command::Stop => self.stop_asked().await,
            Command::ClearCooldown(name) => outcome = self.clear_cooldown(name.as_deref()),
            Command::ReviveAccount(name) => outcome = self.revive(&name),
            Command::LookAround => self.shell.look_around(),
            Command::MoveTo(session) => self.move_to(session),
            Command::ReportIcon(icon) => self.icon = Some(icon),
            Command::Notify(notice) => self.notify(&notice),
            Command::Quit => self.exit = Some(Exit::Quit),
        }
        self.publish();
        let _ = reply.send(outcome);
    }

    async fn stop_asked(&mut self) {
        self.stop().await;
        if self.is_kept_from_its_address() {
            // Nothing is served at the old address any more: the file can take effect.
            self.begin_reload();
        }
    }

    /// Changes one key of the file, and replies when the file is in force.
    async fn edit(
        &mut self,
        reply: oneshot::Sender<CommandResult>,
        change: impl FnOnce(&Path) -> Result<(), EditError> + Send + 'static,
    ) {
        self.edit_then(Then::Nothing, reply, change).await;
    }

    /// Changes the file, which then takes effect as after any other save. The reply is an
    /// error when the change could not be written or is not in force.
    async fn edit_then(
        &mut self,
        then: Then,
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
            Ok(()) => self.reload_then(then, reply),
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }
}

fn toml_value(setting: Setting) -> toml_edit::Value {
    match setting {
        Setting::Switch(on) => on.into(),
        Setting::Choice(choice) => choice.into(),
    }
}

fn failed(error: &impl std::fmt::Display) -> CommandError {
    CommandError::Failed(error.to_string())
}
