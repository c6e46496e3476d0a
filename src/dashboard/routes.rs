//! Every route of the control plane on one screen, with the function that answers it.
//!
//! | call | answer |
//! |---|---|
//! | `GET /` and every page's address, `/app.js` `/app.css` `/icon.svg` | the page shell; holds nothing, needs no token |
//! | `POST /api/session` | `{"token"}`: a session for the page that sends a ticket |
//! | `GET /page/…` | the page that the shell shows at `/…`, as HTML |
//! | `GET /live?at=/…` | patches for a page that is shown, one JSON object a line |
//! | `POST /part/health`, `part/account-test` `{"name"}` | what a button of a page asks for, as HTML |
//! | `GET /metrics` | counts and histograms for Prometheus |
//! | `GET /api/status` | the [`Status`](crate::control::Status) |
//! | `GET /api/events` | the status as a stream of events, one on every change |
//! | `GET /api/key` | `{"api_key"}`, the key that clients send |
//! | `GET /api/health` | the answer of `/healthz` to a client: `{"ok", "url", "status", "answer"}` |
//! | `GET /api/served?protocol=…&model=…` | `{"unserved", "offers"}`: the models that no account serves, and those that could answer instead |
//! | `GET /api/usage?…` | sums of tokens, requests, errors and cost; for this and the next, see `records` |
//! | `GET /api/records?…` | records of exchanges, newest first |
//! | `GET /api/records/detail?number=N` | one record, with its bodies if they were kept |
//! | `GET /api/records/live?…` | the records to come, as a stream of events |
//! | `GET /api/records/health` | the state of the recorder |
//! | `GET /api/records/export?format=csv\|jsonl&…` | every record that matches the filter, as a file |
//! | `POST /api/records/clear` | `{"cleared"}`: deletes all records, and counts them |
//! | `POST /api/start` `stop` `restart` `reload` `quit` | the new status |
//! | `POST /api/open` | opens the dashboard in the browser of the agent's desktop |
//! | `POST /api/look-around` | reads again what other programs hold of the agent |
//! | `POST /api/desktop` `{"variables": {"DISPLAY", …}}` | moves the agent's icon to that session; with the launch's token only |
//! | `POST /api/ticket` `{"page"?}` | `{"dashboard_url", "page"}`: an address with a ticket, good once, for a minute; with `"page": true` also a private file that leads there, to start a browser with. With the launch's token only |
//! | `POST /api/move-to-port` `{"port": N}` | writes the port to the config file |
//! | `POST /api/accounts/test` `{"name"}` | makes one minimal real call |
//! | `POST /api/accounts/clear-cooldown` `{"name"?}` | clears the cooldown of one account, or of all |
//! | `POST /api/accounts/revive` `{"name"}` | forgets that the account's credential was refused |
//! | `POST /api/accounts/add` `{"name", "provider", "base_url"?, "models"?}` | adds an account; its key as `api_key`, or the place of its key as `api_key_env`, `api_key_file` or `api_key_keyring`: a page can name only places that the file names for the same server |
//! | `POST /api/accounts/edit` `{"name", …, "priority"?, "weight"?}` | sets these keys of an account; a `base_url` at another server only together with a key |
//! | `POST /api/accounts/remove` `enable` `disable` `{"name"}` | as the commands of the same name |
//! | `POST /api/accounts/place` `{"name", "place": N}` | makes the account the Nth (from 0) by priority |
//! | `POST /api/settings` `{"values": {"proxy.port": N, …}}` | sets keys of the config file, all or none; a `zai.base_url` at another server only together with `zai.api_key` |
//! | `POST /api/models/set` `{"asked", "sent"}`, `models/remove` `{"asked"}` | one line of `[models]` |
//! | `POST /api/prices/set` `{"model", "input", "cached_input"?, "output"}`, `prices/remove` `{"model"}` | one line of `[prices]` |
//! | `POST /api/key/rotate` | writes a new client key |
//!
//! Calls that edit the config file keep its comments. They answer the new status when the
//! change is in force, and else `{"error", "problems"?: [{"key", "field", "message", "fix"}]}`:
//! 400 for a call that is wrong in itself, 422 for a change that the file's rules refuse, 409
//! for one that cannot be made. Unknown fields are refused everywhere.
//!
//! Every call but the page shell needs the launch's token in `x-portcullis-token`, or a
//! page's session, which ends with the agent; `session` takes a [ticket](crate::control::admission)
//! as well, and no other call does. No call answers the launch's token. There are no
//! cookies, which all ports of a host would share, and `GET` changes nothing.

use std::sync::Arc;

use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};

use super::answer::CallResult;
use super::call::Call;
use super::plane::Control;
use super::{commands, connection, edits, export, gate, metrics, pages, records, served, session, shell};
use crate::control::Command;

pub fn router(control: &Arc<Control>) -> Router {
    let ticket_holders = Routes::new(control).post("api/session", session::begin);
    let token_holders = Routes::new(control)
        .get("page/{**path}", pages::page)
        .get("live", pages::live)
        .post("part/health", pages::health)
        .post("part/account-test", pages::test_account)
        .get("metrics", metrics::metrics)
        .get("api/status", commands::status)
        .get("api/events", commands::events)
        .get("api/key", connection::key)
        .get("api/health", connection::health)
        .get("api/served", served::served)
        .get("api/usage", records::usage)
        .get("api/records", records::page)
        .get("api/records/detail", records::detail)
        .get("api/records/live", records::live)
        .get("api/records/health", records::health)
        .get("api/records/export", export::export)
        .post("api/records/clear", records::clear)
        .command("api/start", &Command::Start)
        .command("api/stop", &Command::Stop)
        .command("api/restart", &Command::Restart)
        .command("api/reload", &Command::Reload)
        .command("api/quit", &Command::Quit)
        .command("api/open", &Command::OpenDashboard)
        .command("api/look-around", &Command::LookAround)
        .post("api/desktop", commands::move_to_session)
        .post("api/ticket", session::issue_ticket)
        .post("api/move-to-port", commands::move_to_port)
        .post("api/accounts/test", commands::test_account)
        .post("api/accounts/enable", commands::enable_account)
        .post("api/accounts/disable", commands::disable_account)
        .post("api/accounts/clear-cooldown", commands::clear_cooldown)
        .post("api/accounts/revive", commands::revive_account)
        .post("api/accounts/add", edits::account::add)
        .post("api/accounts/edit", edits::account::edit_keys)
        .post("api/accounts/remove", edits::account::remove)
        .post("api/accounts/place", edits::account::place)
        .post("api/settings", edits::settings::set)
        .post("api/models/set", edits::models::set)
        .post("api/models/remove", edits::models::remove)
        .post("api/prices/set", edits::prices::set)
        .post("api/prices/remove", edits::prices::remove)
        .post("api/key/rotate", edits::settings::rotate_key);
    let with_token = token_holders.router.hoop(gate::Token(Arc::clone(control)));
    Router::new().push(shell::router()).push(ticket_holders.router).push(with_token)
}

struct Routes {
    control: Arc<Control>,
    router: Router,
}

impl Routes {
    fn new(control: &Arc<Control>) -> Self {
        Self { control: Arc::clone(control), router: Router::new() }
    }

    fn get<F: Function>(self, path: &str, function: F) -> Self {
        let route = Router::with_path(path).get(Endpoint { control: Arc::clone(&self.control), function });
        Self { router: self.router.push(route), ..self }
    }

    fn post<F: Function>(self, path: &str, function: F) -> Self {
        let route = Router::with_path(path).post(Endpoint { control: Arc::clone(&self.control), function });
        Self { router: self.router.push(route), ..self }
    }

    /// A command without fields.
    fn command(self, path: &str, command: &Command) -> Self {
        let command = command.clone();
        self.post(path, move |call| commands::run(call, command.clone()))
    }
}

struct Endpoint<F> {
    control: Arc<Control>,
    function: F,
}

/// A function that answers a route's calls.
trait Function: Send + Sync + 'static {
    fn answer(&self, call: Call) -> impl Future<Output = CallResult> + Send;
}

impl<F, A> Function for F
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = CallResult> + Send,
{
    fn answer(&self, call: Call) -> impl Future<Output = CallResult> + Send {
        self(call)
    }
}

#[async_trait]
impl<F: Function> Handler for Endpoint<F> {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let call = Call::new(&self.control, request, depot);
        match self.function.answer(call).await {
            Ok(answer) => answer.write(response),
            Err(refusal) => refusal.write(response),
        }
    }
}
