//! What the supervisor knows, in the words of [`Status`] and [`Notice`].

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::accounts::SAVE_INTERVAL;
use super::{DRAIN_TICK, FileProblem, Supervisor, is_open_to_lan};
use crate::accounts::{AccountState, AccountView, PoolEvent, PoolView};
use crate::config::{AuthMode, NotificationsConfig};
use crate::control::{AccountStatus, Notice, ProxyState, StartFailure, Status};
use crate::gateway::rest_cure;
use crate::language::{Language, Message};
use crate::message;
use crate::server::{base_url, bind};
use crate::upstream::failure::is_about_credit;

/// The longest time without a look; nothing is due then.
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

    /// When something changes that nobody announces.
    pub(super) fn until_next_look(&self) -> Duration {
        let drain = (!self.drains.is_empty()).then_some(DRAIN_TICK);
        let save = self.pool_dirty.then_some(SAVE_INTERVAL);
        let cooldown = self.pool().view(Instant::now()).next_change;
        let problem = self.tell_problem_at.map(|due| due.saturating_duration_since(Instant::now()));
        let looks = [drain, save, cooldown, problem, self.until_update_check()];
        looks.into_iter().flatten().min().unwrap_or(IDLE)
    }

    fn snapshot(&self) -> Status {
        let pool = self.pool().view(Instant::now());
        let address = self.address();
        Status {
            state: self.state,
            address,
            base_url: base_url(address),
            active_accounts: pool.active,
            cooling_accounts: pool.cooling,
            problem: self.problem(&pool),
            failure: self.bind_or_start_failure(),
            next_free_port: self.next_free_port(),
            accounts: pool.accounts.into_iter().map(account_status).collect(),
            unreachable: self.pool().unreachable(),
            // While it runs, a count that changes with every request would wake every surface.
            in_flight: if self.state == ProxyState::Draining { self.gateway.in_flight() } else { 0 },
            warnings: self.warnings(),
            icon: self.icon.clone(),
            update_available: self.update_available(),
            auth_mode: auth_mode(self.config.proxy.auth_mode).to_owned(),
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
        let configured = bind::address(self.port(&self.config), self.config.proxy.allow_lan_access);
        self.proxy.as_ref().map_or(configured, |proxy| proxy.address)
    }

    fn problem(&self, pool: &PoolView) -> Option<Message> {
        if let Some(failure) = &self.failure {
            return Some(failure.said());
        }
        if let Some(problem) = &self.file_problem {
            return Some(problem.said(self.proxy.is_some()));
        }
        let starved = self.state == ProxyState::Running && pool.active == 0;
        starved.then(|| self.no_accounts().said())
    }

    pub(super) fn no_accounts(&self) -> StartFailure {
        StartFailure::NoAccounts { listed: self.config.accounts.len() }
    }

    pub(super) fn language(&self) -> Language {
        self.config.language.spoken()
    }

    fn bind_or_start_failure(&self) -> Option<StartFailure> {
        match (&self.failure, &self.file_problem) {
            (Some(failure), _) => Some(failure.clone()),
            (None, Some(FileProblem::Bind(failure))) => Some(StartFailure::Bind(failure.clone())),
            (None, _) => None,
        }
    }

    fn next_free_port(&self) -> Option<u16> {
        match self.bind_or_start_failure()? {
            StartFailure::Bind(failure) => failure.next_free_port,
            StartFailure::NoAccounts { .. } => None,
        }
    }

    fn warnings(&self) -> Vec<Message> {
        let open = is_open_to_lan(&self.config.proxy).then(|| message!("notice-lan-without-key"));
        let bound = self.proxy.as_ref().and_then(|proxy| proxy.warning.clone());
        let told = open.into_iter().chain(bound).chain(self.update_warning()).chain(self.unrecorded());
        told.chain(self.warnings.iter().cloned()).collect()
    }

    /// That the record has a gap, and why.
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
            // That somebody may have been in is no matter of taste, and the answer to a click
            // has no switch of its own.
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

const fn auth_mode(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::Off => "off",
        AuthMode::Strict => "strict",
        AuthMode::AllExceptHealth => "all_except_health",
        AuthMode::Auto => "auto",
    }
}

/// An account of the pool, as every surface is told of it.
pub fn account_status(view: AccountView) -> AccountStatus {
    let (state, reason, until) = match view.state {
        AccountState::Enabled => ("ready", view.serves_nothing, None),
        AccountState::Off => ("off", None, None),
        AccountState::Disabled { reason } => ("disabled", Some(reason), None),
        AccountState::Unresolved { reason } => ("unusable", Some(reason), None),
        AccountState::Cooling { until_unix_secs, reason, .. } => {
            ("cooling", Some(reason), Some(until_unix_secs))
        }
    };
    let fix = reason.as_ref().filter(|_| matches!(state, "ready" | "cooling"));
    let fix = fix.and_then(|reason| rest_cure(&view.name, reason));
    AccountStatus {
        is_out_of_credit: reason.as_ref().is_some_and(is_about_credit),
        name: view.name,
        provider: view.provider.name().to_owned(),
        state: state.to_owned(),
        reason,
        fix,
        cooling_until_unix_secs: until,
        models: view.models,
    }
}
