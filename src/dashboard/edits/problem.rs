//! An edit that failed, as the refusal of its call.

use serde_json::{Value, json};

use super::field::field;
use crate::config::Problem;
use crate::config::edit::EditError;
use crate::dashboard::answer::Refusal;
use crate::language::Language;
use crate::message;

pub fn refusal(error: &EditError, language: Language) -> Refusal {
    let EditError::Problems(problems) = error else {
        return Refusal::conflict(error.text(language));
    };
    let problems: Vec<Problem> = problems.list.iter().map(for_form).collect();
    let texts: Vec<String> = problems.iter().map(|problem| problem.placed().text(language)).collect();
    let list = problems.iter().map(|problem| entry(problem, language)).collect();
    Refusal::problems(texts.join("\n"), list)
}

/// The file wants quotes and names of keys; a form has fields for them.
fn for_form(problem: &Problem) -> Problem {
    let fixes = [
        (message!("fix-provider-key"), message!("form-fix-provider-key")),
        (message!("fix-variable-name"), message!("form-fix-variable-name")),
        (message!("fix-url-missing"), message!("form-fix-url-missing")),
    ];
    let fix = fixes.into_iter().find_map(|(of_file, of_form)| (problem.fix == of_file).then_some(of_form));
    Problem { fix: fix.unwrap_or_else(|| problem.fix.clone()), ..problem.clone() }
}

fn entry(Problem { key, message, fix, .. }: &Problem, language: Language) -> Value {
    let (message, fix) = (message.text(language), fix.text(language));
    json!({ "key": key, "field": field(key), "message": message, "fix": fix })
}
