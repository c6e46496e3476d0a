//! The config path: from a saved file to what is in force.

mod first_run;
mod invalid;
#[cfg(target_os = "linux")]
mod permissions;
mod rebind;
mod reload;
mod secrets;
mod under_load;

use serde_json::Value;

use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, TestProxy};

/// A file with one account of this name: the name in the status shows which file is in force.
fn naming(name: &str, upstream: &FakeUpstream) -> String {
    proxy_section("") + &account(name, "openai", upstream, "")
}

fn names(status: &Value) -> Vec<&str> {
    let accounts = status["accounts"].as_array().expect("a list");
    accounts.iter().map(|account| account["name"].as_str().expect("a name")).collect()
}

/// Waits until the file with this one account is in force without a problem.
async fn wait_until_in_force(proxy: &TestProxy, name: &str) {
    proxy.wait_for_status(name, |status| names(status) == [name] && status["problem"].is_null()).await;
}

async fn wait_for_problem(proxy: &TestProxy, text: &str) -> String {
    let says = |status: &Value| status["problem"].as_str().is_some_and(|problem| problem.contains(text));
    let status = proxy.wait_for_status(text, says).await;
    status["problem"].as_str().expect("a text").to_owned()
}
