//! Routes a model: first through the `[models]` map, then to the account or provider that the
//! name is pinned to.

use crate::accounts::Pin;
use crate::config::ModelMap;
use crate::protocol::Provider;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name of the model without its pin.
    pub model: String,
    pub pin: Option<Pin>,
}

/// Applies the map once. `provider/model` and `account/model` pin the request, whether the map
/// or the client names them so.
pub fn route(asked: &str, models: &ModelMap, is_account: impl Fn(&str) -> bool) -> Route {
    let name = models.resolve(asked).unwrap_or(asked);
    let Some((whom, model)) = name.split_once('/').filter(|(_, model)| !model.is_empty()) else {
        return Route { model: name.to_owned(), pin: None };
    };
    let pin = if is_account(whom) {
        Some(Pin::Account(whom.to_owned()))
    } else {
        Provider::from_name(whom).map(Pin::Provider)
    };
    // `meta-llama/llama-3` is a model's own name: no account or provider is called meta-llama.
    let model = if pin.is_some() { model } else { name };
    Route { model: model.to_owned(), pin }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, model: &str, pin: Option<Pin>) {
        let models = ModelMap::new(&[
            ("claude-*".to_owned(), "gemini-3-flash".to_owned()),
            ("gpt-4o*".to_owned(), "gemini/gemini-3-flash".to_owned()),
            ("mine".to_owned(), "work/gpt-5".to_owned()),
        ]);
        let route = route(asked, &models, |name| name == "work");
        assert_eq!(route, Route { model: model.to_owned(), pin }, "{asked}");
    }

    #[test]
    fn maps_then_pins() {
        let work = || Some(Pin::Account("work".to_owned()));
        check("claude-opus-4-5", "gemini-3-flash", None);
        check("gpt-4o-mini", "gemini-3-flash", Some(Pin::Provider(Provider::Gemini)));
        check("mine", "gpt-5", work());
        check("work/o3", "o3", work());
        check("openai/gpt-5", "gpt-5", Some(Pin::Provider(Provider::OpenAi)));
        check("meta-llama/llama-3", "meta-llama/llama-3", None);
        check("gemini-3-flash", "gemini-3-flash", None);
        check("work/", "work/", None);
    }
}
