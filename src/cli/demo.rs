//! `portcullis demo`: the whole path on a throw-away home, with the demo account.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::Args;
use tokio::runtime::Runtime;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

use super::Context;
use super::output::{self, Exit};
use super::serve::{self, Run};
use crate::control::{AgentHandle, Notice, ProxyState, Shell, Status};
use crate::desktop::instance;
use crate::desktop::paths::Paths;
use crate::headless::HeadlessShell;
use crate::server::bind;
use crate::{config, logging, text, tray};

const DEFAULT_PORT: u16 = config::defaults::proxy::PORT;
const HOME_PREFIX: &str = "portcullis-demo-";

#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Listen on this port; 0 takes any free one [default: 8045, or any free one when it is taken]
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Show the tray icon, too
    #[arg(long)]
    pub tray: bool,
}

pub async fn demo(context: &Context, args: &DemoArgs, max_open_files: u64) -> Exit {
    serve(context, args, max_open_files, |_, home| DemoShell::new(home)).await
}

/// The demo with a tray icon, which needs the main thread.
pub fn with_tray(context: Context, args: DemoArgs, max_open_files: u64, runtime: Runtime) -> Exit {
    if !super::tray::is_possible(&runtime) {
        return Exit::NotRunning;
    }
    tray::run(runtime, context.login.clone(), |tray| async move {
        serve(&context, &args, max_open_files, |agent, home| (DemoShell::new(home), tray.shell(agent))).await
    })
}

async fn serve<S: Shell>(
    context: &Context,
    args: &DemoArgs,
    max_open_files: u64,
    shell: impl FnOnce(&AgentHandle, &Path) -> S,
) -> Exit {
    sweep(&std::env::temp_dir());
    let home = match tempfile::Builder::new().prefix(HOME_PREFIX).tempdir() {
        Ok(home) => home,
        Err(error) => {
            return output::failed(&text!(context.language, "demo-no-directory", reason = error.to_string()));
        }
    };
    let paths = Paths::under(home.path());
    if let Err(error) = write_config(&paths.config) {
        return output::failed(&text!(context.language, "demo-no-config", reason = error.to_string()));
    }
    let port = args.port.unwrap_or_else(usual_port);
    let context = Context { paths, verbosity: context.verbosity, ..context.clone() };
    let run = Run { port: Some(port), exit_on_failed_start: true, max_open_files };
    serve::report(serve::launch(&context, run, |agent| shell(agent, home.path())).await)
}

fn write_config(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    config::template::init(path)?;
    config::edit::add_account(
        path,
        &config::edit::NewAccount {
            name: "demo".to_owned(),
            provider: crate::protocol::Provider::Demo,
            api_key: None,
            base_url: None,
            // Any model that a client may be set to.
            models: vec!["*".to_owned()],
        },
    )?;
    Ok(())
}

/// The usual port, or any free one when it is taken: no client has been set up yet.
fn usual_port() -> u16 {
    if bind::bind(DEFAULT_PORT, false, false).is_ok() {
        return DEFAULT_PORT;
    }
    output::note(&text!(output::language(), "demo-other-port", port = DEFAULT_PORT.to_string()));
    0
}

/// Removes the homes of demos that were killed.
fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_demo = entry.file_name().to_string_lossy().starts_with(HOME_PREFIX);
        if !is_demo || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let paths = Paths::under(&entry.path());
        // One without a lock file is being made.
        if paths.seat().lock_file.exists() && !instance::is_held(&paths) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Prints lines to paste once the proxy runs, and then the status.
struct DemoShell {
    inner: HeadlessShell,
    out: NonBlocking,
    _guard: WorkerGuard,
    /// The command that opens its dashboard: other commands do not know a throw-away home.
    open: String,
    greeted: bool,
}

impl DemoShell {
    fn new(home: &Path) -> Self {
        let (out, guard) = logging::stdout();
        let program = std::env::current_exe().unwrap_or_else(|_| "portcullis".into());
        let open = format!("{} --home {} open", quoted(&program), quoted(home));
        Self { inner: HeadlessShell::new(), out, _guard: guard, open, greeted: false }
    }
}

/// The path as an argument in a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-:\\+".contains(character);
    if path.chars().all(is_plain) { path } else { format!("\"{path}\"") }
}

impl Shell for DemoShell {
    fn show(&mut self, status: &Status) {
        if status.state == ProxyState::Running && !self.greeted {
            self.greeted = true;
            let _ = writeln!(self.out, "{}", greeting(status, &self.open));
        } else if self.greeted {
            self.inner.show(status);
        }
    }

    fn notify(&mut self, notice: &Notice) {
        self.inner.notify(notice);
    }
}

fn greeting(status: &Status, open: &str) -> String {
    let (base_url, language) = (status.base_url.as_str(), status.language);
    // The part after `#` is a secret that opens the dashboard.
    let dashboard = status.dashboard_url.split('#').next().unwrap_or_default().trim_end_matches('/');
    let watch = text!(language, "demo-watch", url = dashboard);
    let running = text!(language, "demo-running", url = base_url);
    let [promise, is_there, first_answer, own_keys] = [
        text!(language, "demo-promise"),
        text!(language, "demo-is-there"),
        text!(language, "demo-first-answer"),
        text!(language, "demo-own-keys"),
    ];
    format!(
        r#"{running}
{promise}

{is_there}
  curl -sS {base_url}/healthz

{watch}
  {open}

{first_answer}
  curl -sSN {base_url}/v1/chat/completions -H 'content-type: application/json' \
    -d '{{"model": "demo", "stream": true, "messages": [{{"role": "user", "content": "Hello!"}}]}}'

OpenAI SDK (pip install openai):
  python3 -c 'import openai; c = openai.OpenAI(base_url="{base_url}/v1", api_key="sk-demo"); print(c.chat.completions.create(model="gpt-5-mini", messages=[{{"role": "user", "content": "Hello!"}}]).choices[0].message.content)'

Anthropic SDK (pip install anthropic):
  python3 -c 'import anthropic; c = anthropic.Anthropic(base_url="{base_url}", api_key="sk-demo"); print(c.messages.create(model="claude-sonnet-5", max_tokens=500, messages=[{{"role": "user", "content": "Hello!"}}]).content[0].text)'

Gemini SDK (pip install google-genai):
  python3 -c 'from google import genai; c = genai.Client(api_key="sk-demo", http_options={{"base_url": "{base_url}"}}); print(c.models.generate_content(model="gemini-3-flash", contents="Hello!").text)'

Claude Code:
  ANTHROPIC_BASE_URL={base_url} ANTHROPIC_AUTH_TOKEN=sk-demo claude

{own_keys}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_the_homes_of_dead_demos_only() {
        let temporary = tempfile::tempdir().expect("a directory");
        let home = |name: &str| temporary.path().join(name);
        for name in ["portcullis-demo-dead", "portcullis-demo-young", "portcullis-demo-alive", "other"] {
            fs::create_dir(home(name)).expect("created");
        }
        fs::write(home("portcullis-demo-dead").join("portcullis.lock"), "").expect("written");
        fs::write(home("other").join("portcullis.lock"), "").expect("written");
        let alive = Paths::under(&home("portcullis-demo-alive"));
        let _lock = instance::InstanceLock::take(&alive).expect("free");
        sweep(temporary.path());
        let left = |name: &str| home(name).exists();
        assert!(!left("portcullis-demo-dead"));
        assert!(left("portcullis-demo-young") && left("portcullis-demo-alive") && left("other"));
    }
}
