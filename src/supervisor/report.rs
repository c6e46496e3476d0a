//! The state of the agent in the words of [`Status`] and [`Notice`].

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::Supervisor;
use super::life::DRAIN_TICK;
use crate::accounts::{self, AccountView, PoolEvent, PoolView};
use crate::config::{self, EffectiveAuth, NotificationsConfig, ProxyConfig};
use crate::control::{AccountState, AccountStatus, AuthMode, Notice, ProxyState, StartFailure, Status};
use crate::gateway::rest_cure;
use crate::language::{Language, Message};
use crate::message;
use crate::server::{base_url, bind};
use crate::upstream::failure::is_about_credit;

/// The longest sleep; nothing is due before.
const IDLE: Duration = Duration::from_hours(1);

impl Supervisor {
    pub(super) fn publish(&mut self) {
        let status = self.snapshot();
        let changed = self.status.send_if_modified(|published| {
            let changed = *published != status;
            if changed {
                published.clone_from(&status);
            }
            changed
        });
        if changed {
            self.shell.show(&status);
        }
    }

    /// How long until something changes without an event of its own.
    pub(super) fn until_next_look(&self) -> Duration {
        let drain = self.life.is_draining().then_some(DRAIN_TICK);
        let cooldown = self.pool().view(Instant::now()).next_change;
        let (save, notice) = (self.pool_file.due_in(), self.file.notice_due_in(Instant::now()));
        let looks = [drain, save, cooldown, notice, self.until_update_check()];
        looks.into_iter().flatten().min().unwrap_or(IDLE)
    }

    fn snapshot(&self) -> Status {
        let pool = self.pool().view(Instant::now());
        let address = self.address();
        Status {
            state: self.life.state(),
            address,
            base_url: base_url(address),
            active_accounts: pool.active,
            cooling_accounts: pool.cooling,
            problem: self.problem(&pool),
            failure: self.bind_or_start_failure(),
            next_free_port: self.next_free_port(),
            accounts: pool.accounts.into_iter().map(account_status).collect(),
            unreachable: self.pool().unreachable(),
            // While the proxy runs, the count changes with every request and would wake every
            // surface.
            in_flight: if self.life.state() == ProxyState::Draining { self.gateway.in_flight() } else { 0 },
            warnings: self.warnings(),
            icon: self.icon.clone(),
            update_available: self.update_available(),
            auth_mode: auth_mode(self.config.proxy.auth_mode),
            allow_lan_access: self.config.proxy.allow_lan_access,
            notifications: self.config.notifications.enabled,
            language: self.language(),
            dashboard_url: self.options.dashboard_url.clone(),
            config_path: self.options.config_path.display().to_string(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Where the proxy listens, or would.
    pub(super) fn address(&self) -> SocketAddr {
        let lan = self.config.proxy.allow_lan_access;
        self.life.address().unwrap_or_else(|| bind::address(self.port(&self.config), lan))
    }

    fn problem(&self, pool: &PoolView) -> Option<Message> {
        if let Some(failure) = self.life.failure() {
            return Some(failure.message());
        }
        if let Some(problem) = self.file.problem() {
            return Some(problem.message(self.life.proxy.is_some()));
        }
        let is_starved = self.life.state() == ProxyState::Running && pool.active == 0;
        is_starved.then(|| self.no_accounts().message())
    }

    pub(super) fn no_accounts(&self) -> StartFailure {
        StartFailure::NoAccounts { listed: self.config.accounts.len() }
    }

    pub(super) fn language(&self) -> Language {
        self.config.language.spoken()
    }

    fn bind_or_start_failure(&self) -> Option<StartFailure> {
        let bind = || self.file.bind_failure().cloned().map(StartFailure::Bind);
        self.life.failure().cloned().or_else(bind)
    }

    fn next_free_port(&self) -> Option<u16> {
        match self.bind_or_start_failure()? {
            StartFailure::Bind(failure) => failure.next_free_port,
            StartFailure::NoAccounts { .. } => None,
        }
    }

    fn warnings(&self) -> Vec<Message> {
        let open = is_open_to_lan(&self.config.proxy).then(|| message!("notice-lan-without-key"));
        let bound = self.life.proxy.as_ref().and_then(|proxy| proxy.warning.clone());
        let own = [open, bound, self.update_warning(), self.unrecorded()];
        own.into_iter().flatten().chain(self.file.warnings().iter().cloned()).collect()
    }

    /// A warning that requests are not recorded, and why.
    fn unrecorded(&self) -> Option<Message> {
        let health = self.gateway.recorder.health();
        let reason = health.problem?;
        Some(message!("record-not-written", reason = reason, lost = health.dropped))
    }

    /// Logs a notice, and passes it to the shell unless its kind is switched off.
    pub(super) fn notify(&mut self, notice: &Notice) {
        tracing::warn!("{}", notice.text(Language::English));
        if wanted(&self.config.notifications, notice) {
            self.shell.notify(notice);
        }
    }
}

const fn wanted(switches: &NotificationsConfig, notice: &Notice) -> bool {
    switches.enabled
        && match notice {
            Notice::BindFailure(_) | Notice::Moved { .. } => switches.bind_failure,
            Notice::ConfigProblem { .. } => switches.config_problem,
            Notice::AccountDisabled { .. } => switches.account_disabled,
            Notice::AllCooling { .. } => switches.all_cooling,
            Notice::UpstreamUnreachable { .. } => switches.upstream_unreachable,
            Notice::LanWithoutKey => switches.lan_without_key,
            Notice::UpdateAvailable { .. } => switches.update_available,
            // A break-in is always worth a notification, and the answer to a click has no
            // switch of its own.
            Notice::TicketUsedTwice | Notice::NoBrowser { .. } | Notice::Refused { .. } => true,
        }
}

pub fn notice(event: PoolEvent) -> Notice {
    match event {
        PoolEvent::AccountDisabled { name, reason } => Notice::AccountDisabled { name, reason },
        PoolEvent::AllCooling { until, .. } => {
            let wait = until.duration_since(SystemTime::now()).unwrap_or_default();
            Notice::AllCooling { seconds: wait.as_secs().max(1) }
        }
        PoolEvent::UpstreamUnreachable { upstream, reason, .. } => {
            Notice::UpstreamUnreachable { host: upstream, reason }
        }
    }
}

const fn auth_mode(mode: config::AuthMode) -> AuthMode {
    match mode {
        config::AuthMode::Off => AuthMode::Off,
        config::AuthMode::Strict => AuthMode::Strict,
        config::AuthMode::AllExceptHealth => AuthMode::AllExceptHealth,
        config::AuthMode::Auto => AuthMode::Auto,
    }
}

/// Whether every device on the network may use the accounts.
pub fn is_open_to_lan(proxy: &ProxyConfig) -> bool {
    proxy.allow_lan_access && proxy.effective_auth() == EffectiveAuth::Off
}

/// An account of the pool in the words of [`Status`].
pub fn account_status(view: AccountView) -> AccountStatus {
    let (state, reason, until) = match view.state {
        accounts::AccountState::Enabled => (AccountState::Ready, view.serves_nothing, None),
        accounts::AccountState::Off => (AccountState::Off, None, None),
        accounts::AccountState::Disabled { reason } => (AccountState::Disabled, Some(reason), None),
        accounts::AccountState::Unresolved { reason } => (AccountState::Unusable, Some(reason), None),
        accounts::AccountState::Cooling { until_unix_secs, reason, .. } => {
            (AccountState::Cooling, Some(reason), Some(until_unix_secs))
        }
    };
    let fix = reason.as_ref().filter(|_| state.is_usable());
    let fix = fix.and_then(|reason| rest_cure(&view.name, reason));
    AccountStatus {
        is_out_of_credit: reason.as_ref().is_some_and(is_about_credit),
        name: view.name,
        provider: view.provider.name().to_owned(),
        state,
        reason,
        fix,
        cooling_until_unix_secs: until,
        models: view.models,
    }
}
