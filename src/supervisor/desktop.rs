//! Commands that end on the user's desktop: a page in the browser, the config file in an
//! editor, a text on the clipboard. The desktop may take its time, so they run in the
//! background.

use std::fmt::Display;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Supervisor;
use crate::connect::{Clients, ConnectError, Environment, Tool};
use crate::control::command::CommandResult;
use crate::control::{CommandError, Copied, Session};
use crate::desktop::clipboard::{self, Secrecy};
use crate::desktop::{autostart, browser};
use crate::language::Language;
use crate::server::base_url;
use crate::text;

impl Supervisor {
    pub(super) fn open_dashboard(&self, reply: oneshot::Sender<CommandResult>) {
        let language = self.language();
        let refused = move |reason: String| text!(language, "refused-browser", reason = reason);
        let entrances = self.options.entrances.clone();
        let session = self.session.borrow().clone();
        in_background(reply, move || {
            let entrance = entrances.open().map_err(|error| refused(error.to_string()))?;
            browser::open_dashboard(&session, &entrance).map_err(|error| refused(error.to_string()))
        });
    }

    pub(super) fn open_config_file(&self, reply: oneshot::Sender<CommandResult>) {
        let (path, language) = (self.options.config_path.clone(), self.language());
        let session = self.session.borrow().clone();
        in_background(reply, move || {
            browser::open_file(&session, &path).map_err(|error| {
                let path = path.display().to_string();
                text!(language, "refused-editor", path = path, reason = error.to_string())
            })
        });
    }

    pub(super) fn copy(&self, what: Copied, reply: oneshot::Sender<CommandResult>) {
        let language = self.language();
        let is_secret = matches!(what, Copied::ApiKey | Copied::DashboardAddress);
        let secrecy = if is_secret { Secrecy::Secret } else { Secrecy::Open };
        match self.text_of(what) {
            Some(text) => {
                let session = self.session.borrow().clone();
                in_background(reply, move || copy(&session, text, secrecy, language));
            }
            None => {
                let _ = reply.send(Err(CommandError::Failed(text!(language, "refused-no-key"))));
            }
        }
    }

    /// Points a tool at the proxy, or restores its settings.
    pub(super) fn connect(&self, tool: &str, connected: bool, reply: oneshot::Sender<CommandResult>) {
        let (tool, target, language) = (Tool::of_id(tool), self.target(), self.language());
        let data = self.options.data.clone();
        in_background(reply, move || {
            let environment = Environment::of_process().map_err(|error| error.to_string())?;
            let clients = Clients::new(&data, environment);
            match tool {
                Some(_) if connected && target.key.expose_secret().is_empty() => {
                    Err(text!(language, "connect-no-key"))
                }
                Some(tool) if connected => in_words(clients.connect(tool, &target), language),
                Some(tool) => in_words(clients.disconnect(tool, &target), language),
                None => Ok(()),
            }
        });
    }

    pub(super) fn start_at_login(&self, on: bool, reply: oneshot::Sender<CommandResult>) {
        let login = self.options.login.clone();
        in_background(reply, move || autostart::set(&login, on));
    }

    /// Moves icon, notifications and browser to the session the user has logged in to.
    pub(super) fn move_to(&self, session: Session) {
        let moved = self.session.send_if_modified(|here| {
            let is_better = here.yields_to(&session);
            if is_better {
                *here = session;
            }
            is_better
        });
        if moved {
            tracing::info!("icon, notifications and browser move to the session of the latest login");
        }
    }

    /// The text to copy; `None` where there is none, such as no key.
    fn text_of(&self, what: Copied) -> Option<String> {
        let base_url = base_url(self.address());
        match what {
            Copied::OpenAiBaseUrl => Some(format!("{base_url}/v1")),
            Copied::AnthropicBaseUrl | Copied::GeminiBaseUrl => Some(base_url),
            Copied::DashboardAddress => self.options.entrances.address().ok(),
            Copied::ApiKey => self.config.proxy.api_key.as_known().map(|key| key.expose_secret().to_owned()),
        }
    }
}

fn in_words<T>(outcome: Result<T, ConnectError>, language: Language) -> Result<(), String> {
    outcome.map(|_| ()).map_err(|error| error.text(language))
}

fn copy(session: &Session, text: String, secrecy: Secrecy, language: Language) -> Result<(), String> {
    clipboard::copy(session, text, secrecy)
        .map_err(|error| text!(language, "refused-clipboard", reason = error.to_string()))
}

fn in_background<E: Display>(
    reply: oneshot::Sender<CommandResult>,
    work: impl FnOnce() -> Result<(), E> + Send + 'static,
) {
    tokio::task::spawn_blocking(move || {
        let outcome = work().map(|()| Value::Null);
        let _ = reply.send(outcome.map_err(|error| CommandError::Failed(error.to_string())));
    });
}
