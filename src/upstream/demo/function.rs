//! Which of the client's functions the demo calls: one that the client insists on, or one
//! that the user mentions.

use serde_json::Value;

use crate::chat::{Request, Tool, ToolChoice};

/// A function the client can run.
#[derive(Clone, Copy)]
pub struct Function<'a> {
    pub name: &'a str,
    /// JSON Schema of its arguments; `None` for a function that takes none.
    pub schema: Option<&'a Value>,
}

/// The function to call after this prompt, if any.
pub fn to_call<'a>(request: &'a Request, prompt: &str) -> Option<Function<'a>> {
    let functions: Vec<_> = request.tools.iter().filter_map(Function::of).collect();
    match request.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto) {
        ToolChoice::None => None,
        ToolChoice::Auto => mentioned(&functions, prompt),
        ToolChoice::Required => mentioned(&functions, prompt).or(functions.first().copied()),
        ToolChoice::Named(name) => functions.into_iter().find(|function| function.name == name),
        ToolChoice::Allowed { names, required } => {
            let is_allowed = |function: &Function<'_>| names.iter().any(|name| name == function.name);
            let allowed: Vec<_> = functions.into_iter().filter(is_allowed).collect();
            mentioned(&allowed, prompt).or(allowed.first().copied().filter(|_| *required))
        }
    }
}

/// The function that shares most words with the prompt, or the first when the prompt only
/// speaks of tools.
///
/// A client with many tools is a coding agent, and some of its tools write files and run
/// commands: there an everyday word like "write" must not set one off.
fn mentioned<'a>(functions: &[Function<'a>], prompt: &str) -> Option<Function<'a>> {
    const FEW: usize = 8;
    let words = words(prompt);
    let speaks_of_tools = ["tool", "tools"].iter().any(|word| words.iter().any(|spoken| spoken == word))
        || ["ツール", "工具"].iter().any(|word| prompt.contains(word));
    let best = functions.iter().rev().max_by_key(|function| function.mentions(&words)).copied()?;
    let is_mentioned = best.mentions(&words) > 0;
    if is_mentioned && (speaks_of_tools || functions.len() <= FEW) {
        Some(best)
    } else {
        functions.first().copied().filter(|_| speaks_of_tools)
    }
}

impl<'a> Function<'a> {
    /// `None` for a tool that takes free text or that a vendor runs.
    fn of(tool: &'a Tool) -> Option<Self> {
        match tool {
            Tool::Function { name, schema, .. } => Some(Self { name, schema: schema.as_ref() }),
            Tool::Freeform { .. } | Tool::WebSearch(_) | Tool::Hosted { .. } => None,
        }
    }

    /// How many words of this function's name are in a prompt. Short ones (`get`, `run`) are
    /// in every prompt, so they count only as the whole name.
    fn mentions(&self, prompt: &[String]) -> usize {
        const SHORTEST: usize = 4;
        if prompt.contains(&self.name.to_lowercase()) {
            return usize::MAX;
        }
        words(self.name).iter().filter(|word| word.len() >= SHORTEST && prompt.contains(word)).count()
    }
}

/// The ASCII words of a text in lower case, with `snake_case` and `camelCase` taken apart.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    for letter in text.chars() {
        let hump = letter.is_ascii_uppercase() && previous.is_ascii_lowercase();
        if hump || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            word.push(letter.to_ascii_lowercase());
        }
        previous = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}
