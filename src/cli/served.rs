//! Whether the models that a tool asks for are served here, and the lines that would serve them.

use std::io::{self, BufRead, IsTerminal};

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::agent::{self, Agent};
use super::output::{self, Exit};
use super::{Context, account};
use crate::config::models::matches;
use crate::config::{Config, edit};
use crate::connect::{Environment, Tool, ToolModels};
use crate::gateway::Coverage;
use crate::text;

/// The models that a tool asks for and no account serves.
pub struct Unserved {
    pub tool: Tool,
    asked: ToolModels,
    served: Coverage,
}

impl Unserved {
    /// `None` when every model the tool asks for is served, or when it is not known.
    pub async fn find(context: &Context, tool: Tool, environment: &Environment) -> Option<Self> {
        let asked = tool.models(environment)?;
        let served = served(context, &asked).await?;
        (!served.unserved.is_empty()).then_some(Self { tool, asked, served })
    }

    /// All of them: the tool cannot get any answer.
    pub fn is_all(&self) -> bool {
        self.served.unserved.len() == self.asked.names.len()
    }

    /// The names that need a line under `[models]`.
    fn names(&self) -> Vec<&str> {
        if self.is_all() {
            return vec![&self.asked.pattern];
        }
        self.served.unserved.iter().map(String::as_str).collect()
    }

    /// The lines to add under `[models]`.
    pub fn lines(&self, model: &str) -> Vec<String> {
        self.names().into_iter().map(|name| format!("\"{name}\" = \"{model}\"")).collect()
    }

    /// The problem.
    pub fn text(&self, context: &Context) -> String {
        let (tool, models) = (self.tool.name(), self.names().join(", "));
        text!(context.answer_language(), "tool-unserved", tool = tool, models = models)
    }

    /// What to do about it.
    pub fn fix(&self, context: &Context) -> String {
        let language = context.answer_language();
        let Some(first) = self.served.offers.first() else {
            return text!(language, "tool-unserved-add", models = self.names().join(", "));
        };
        let (offers, lines) = (self.served.offers.join(", "), self.lines(first).join(", "));
        let id = self.tool.id();
        text!(language, "tool-unserved-fix", offers = offers, lines = lines, id = id, model = first.as_str())
    }

    pub fn json(&self) -> Value {
        let lines = self.served.offers.first().map(|first| self.lines(first)).unwrap_or_default();
        json!({ "unserved": self.names(), "offers": self.served.offers, "lines": lines })
    }

    /// Prints the problem; on a terminal, offers to write the lines.
    pub async fn tell(&self, context: &Context) -> Exit {
        output::note(&self.text(context));
        let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal() && !context.json;
        if !can_ask || self.served.offers.is_empty() {
            output::note(&self.fix(context));
            return Exit::Done;
        }
        if let Some(model) = self.ask(context).await {
            return write(context, &self.names(), &model).await;
        }
        output::note(&self.fix(context));
        Exit::Done
    }

    /// Asks until the answer is one of the choices, another served model, or empty.
    async fn ask(&self, context: &Context) -> Option<String> {
        for (index, offer) in self.served.offers.iter().enumerate() {
            output::note(&format!("  {}) {offer}", index + 1));
        }
        loop {
            output::note(&text!(context.language, "tool-unserved-ask"));
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).ok()?;
            let typed = line.trim();
            if typed.is_empty() {
                return None;
            }
            if let Some(model) = self.chosen(context, typed).await {
                return Some(model);
            }
            output::note(&text!(context.language, "tool-unserved-choice", typed = typed));
        }
    }

    async fn chosen(&self, context: &Context, typed: &str) -> Option<String> {
        let offers = &self.served.offers;
        if let Ok(number) = typed.parse::<usize>() {
            return offers.get(number.checked_sub(1)?).cloned();
        }
        let asked = ToolModels { names: vec![typed.to_owned()], ..self.asked.clone() };
        let is_offered = offers.iter().any(|offer| offer == typed);
        let is_served = is_offered || served(context, &asked).await.is_some_and(|it| it.unserved.is_empty());
        is_served.then(|| typed.to_owned())
    }
}

/// Writes lines that answer every model the tool asks for with this one.
pub async fn answer_with(context: &Context, tool: Tool, environment: &Environment, model: &str) -> Exit {
    let Some(asked) = tool.models(environment) else {
        return output::failed(&text!(context.language, "tool-model-choice", tool = tool.name()));
    };
    let of_model = ToolModels { names: vec![model.to_owned()], ..asked.clone() };
    if let Some(served) = served(context, &of_model).await.filter(|served| !served.unserved.is_empty()) {
        let offers = served.offers.join(", ");
        return output::failed(&text!(
            context.language,
            "tool-model-unserved",
            model = model,
            offers = offers
        ));
    }
    write(context, &[&asked.pattern], model).await
}

/// The lines that [`answer_with`] would add.
pub fn lines_for(tool: Tool, environment: &Environment, model: &str) -> Vec<String> {
    tool.models(environment).map(|asked| format!("\"{}\" = \"{model}\"", asked.pattern)).into_iter().collect()
}

/// The lines of `[models]` that answer the tool's models with others.
pub fn answered_otherwise(config: &Config, tool: Tool, environment: &Environment) -> Vec<String> {
    let Some(asked) = tool.models(environment) else { return Vec::new() };
    let is_asked = |name: &str| name == asked.pattern || asked.names.iter().any(|asked| matches(name, asked));
    let is_other = |sent: &str| !matches(&asked.pattern, sent.rsplit('/').next().unwrap_or(sent));
    let lines = config.models.iter().filter(|(name, sent)| is_asked(name) && is_other(sent));
    lines.map(|(name, sent)| format!("\"{name}\" = \"{sent}\"")).collect()
}

async fn write(context: &Context, names: &[&str], model: &str) -> Exit {
    for name in names {
        if let Err(error) = edit::set_model(&context.paths.config, name, model) {
            return super::config::edit_failed(&error);
        }
    }
    let names = names.join(", ");
    output::note(&text!(context.language, "tool-model-set", models = names, model = model));
    agent::apply_edit(&context.paths).await
}

/// As reported by the running agent, whose environment holds the secrets, or else by the config
/// file alone. `None` when neither knows.
async fn served(context: &Context, asked: &ToolModels) -> Option<Coverage> {
    if let Some(agent) = Agent::find(&context.paths) {
        let mut query = Serializer::new(String::new());
        query.append_pair("protocol", asked.protocol.name());
        query.extend_pairs(asked.names.iter().map(|name| ("model", name)));
        return serde_json::from_value(agent.read(&format!("served?{}", query.finish())).await.ok()?).ok();
    }
    let gateway = account::gateway_here(context).await.ok()?;
    Some(gateway.coverage(asked.protocol, asked.names.clone()).await)
}
