//! The dashboard: its calls, and its pages in a real browser.

mod browser;
mod calls;
mod furnished;
mod hostile;
mod journey;
mod keyboard;
mod keys;
mod legible;
mod locked;
mod pages;
mod prices;

use crate::support::{Home, TestProxy};

const KEY: &str = "sk-dashboard-q7Jd0aVwPzK4";

/// An agent with the demo account, and comments in its file.
async fn agent() -> TestProxy {
    let config = format!(
        "# the head\nlanguage = \"en\" # spoken\n\n[proxy]\napi_key = \"{KEY}\" # mine\n\n[pool]\n\
         max_attempts = 2 # few\n\n# the first\n[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"demo*\", \"gpt-*\"]\n"
    );
    TestProxy::serve_home(Home::with_config(&config), &["serve", "--port", "0"]).await
}

fn config_of(proxy: &TestProxy) -> String {
    std::fs::read_to_string(proxy.home.config()).expect("readable")
}

async fn ask(proxy: &TestProxy, model: &str, user_agent: &str) {
    let headers = [("content-type", "application/json"), ("user-agent", user_agent)];
    let body = crate::support::client::chat(model, false).to_string();
    proxy.send("POST", "/v1/chat/completions", &headers, &body).await;
}
