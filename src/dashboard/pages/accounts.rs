//! *Accounts*, by priority. Keys can be entered here, and are never shown again.

use maud::{Markup, html};
use serde_json::json;

use super::page::Page;
use super::parts::{Button, button, confirm, mark, secret_input};
use crate::dashboard::view::account::{Account, Edit};
use crate::gateway::TestReport;
use crate::language::Language;
use crate::protocol::Provider;
use crate::text;

pub fn accounts(page: &Page) -> Markup {
    let language = page.language;
    let accounts = page.accounts();
    html! {
        div.head {
            h1 #title tabindex="-1" { (text!(language, "nav-accounts")) }
            div.row {
                (button(&Button { id: "clear-cooldowns", label: &text!(language, "accounts-clear-all"), call: "/api/accounts/clear-cooldown", done: &text!(language, "accounts-cleared"), ..Button::default() }))
                button.main type="button" id="add-account" data-opens="add" { (text!(language, "accounts-add")) }
            }
        }
        p.soft { (text!(language, "accounts-order")) }
        div #test-result role="status" {}
        (list(page))
        dialog #add aria-labelledby="add-title" { (add_form(language)) }
        @for (index, account) in accounts.iter().enumerate() {
            @if let Some(edit) = &account.edit {
                dialog id={ "edit-" (index) } aria-labelledby={ "edit-" (index) "-title" } { (edit_form(index, &account.name, edit, language)) }
                (confirm_removal(index, &account.name, language))
            }
        }
    }
}

/// Updated live.
pub fn list(page: &Page) -> Markup {
    let language = page.language;
    let accounts = page.accounts();
    html! {
        ul.accounts #accounts {
            @if accounts.is_empty() { li.empty { (text!(language, "accounts-empty")) } }
            @for (index, account) in accounts.iter().enumerate() { (item(index, account, language)) }
        }
    }
}

fn item(index: usize, account: &Account, language: Language) -> Markup {
    html! {
        li {
            div.any {
                div.row { strong { (account.name) } (mark(account.tone, &account.state)) }
                div.small.soft {
                    (account.provider)
                    @if let Some(upstream) = &account.upstream { " · " (upstream) }
                    @if !account.models.is_empty() { " · " (account.models) }
                }
                @if let Some(reason) = &account.reason { div.small { (reason) } }
            }
            div.row { (actions(index, account, language)) }
        }
    }
}

fn actions(index: usize, account: &Account, language: Language) -> Markup {
    let name = account.name.as_str();
    let about =
        || Button { class: "plain", about: name, body: Some(json!({ "name": name })), ..Button::default() };
    let place = |to: usize| Some(json!({ "name": name, "place": to }));
    html! {
        button.plain type="button" id={ "test-" (index) } data-call="/part/account-test" data-into="test-result" data-body=(json!({ "name": name })) {
            (text!(language, "accounts-test")) span.aside { " " (name) }
        }
        @if account.is_cooling {
            (button(&Button { id: &format!("clear-{index}"), label: &text!(language, "accounts-clear"), call: "/api/accounts/clear-cooldown", ..about() }))
        }
        @if let Some(at) = account.place {
            @if account.is_enabled {
                (button(&Button { id: &format!("disable-{index}"), label: &text!(language, "accounts-disable"), call: "/api/accounts/disable", then: &format!("enable-{index}"), ..about() }))
            } @else {
                (button(&Button { id: &format!("enable-{index}"), label: &text!(language, "accounts-enable"), call: "/api/accounts/enable", then: &format!("disable-{index}"), ..about() }))
            }
            (button(&Button { id: &format!("up-{index}"), label: &text!(language, "accounts-up"), call: "/api/accounts/place", body: place(at.saturating_sub(1)), then: &format!("up-{}", index.saturating_sub(1)), is_disabled: at == 0, ..about() }))
            (button(&Button { id: &format!("down-{index}"), label: &text!(language, "accounts-down"), call: "/api/accounts/place", body: place(at + 1), then: &format!("down-{}", index + 1), is_disabled: account.is_last, ..about() }))
            button.plain type="button" id={ "open-edit-" (index) } data-opens={ "edit-" (index) } { (text!(language, "accounts-edit")) "…" span.aside { " " (name) } }
            button.plain type="button" id={ "open-remove-" (index) } data-opens={ "remove-" (index) } { (text!(language, "accounts-remove")) "…" span.aside { " " (name) } }
        } @else {
            a id={ "zai-" (index) } href="/settings" { (text!(language, "nav-settings")) }
        }
    }
}

fn confirm_removal(index: usize, name: &str, language: Language) -> Markup {
    let yes = Button {
        class: "danger",
        label: &text!(language, "accounts-remove"),
        call: "/api/accounts/remove",
        body: Some(json!({ "name": name })),
        done: &text!(language, "accounts-removed", name = name),
        ..Button::default()
    };
    let question = text!(language, "accounts-remove-question", name = name);
    confirm(
        &format!("remove-{index}"),
        &question,
        &text!(language, "accounts-remove-explanation"),
        &yes,
        language,
    )
}

fn add_form(language: Language) -> Markup {
    html! {
        form data-call="/api/accounts/add" data-done=(text!(language, "accounts-added")) {
            h2 #add-title { (text!(language, "accounts-add")) }
            (field("add", "name", &text!(language, "account-name"), &html! { input id="add-name" name="name" required autocomplete="off" maxlength="64"; }))
            (field("add", "provider", &text!(language, "account-provider"), &html! {
                select id="add-provider" name="provider" {
                    @for provider in Provider::ALL { option value=(provider.name()) { (provider.name()) } }
                }
            }))
            (key_fields("add", language))
            (place_fields("add", "", "", language))
            (form_end("add", language))
        }
    }
}

fn edit_form(index: usize, name: &str, edit: &Edit, language: Language) -> Markup {
    let id = format!("edit-{index}");
    let number = |field: &str, value: String, least: &str| {
        html! { input id={ (id) "-" (field) } name=(field) type="number" step="1" min=(least) value=(value); }
    };
    html! {
        form data-call="/api/accounts/edit" data-fixed=(json!({ "name": name })) data-changes="" data-done=(text!(language, "page-saved")) {
            h2.any id={ (id) "-title" } { (name) }
            (key_fields(&id, language))
            (place_fields(&id, &edit.base_url, &edit.models, language))
            (field(&id, "priority", &text!(language, "account-priority"), &number("priority", edit.priority.to_string(), "-1000000")))
            (field(&id, "weight", &text!(language, "account-weight"), &number("weight", edit.weight.to_string(), "1")))
            (form_end(&id, language))
        }
    }
}

fn key_fields(id: &str, language: Language) -> Markup {
    let elsewhere = [
        ("api_key_env", text!(language, "account-key-env")),
        ("api_key_file", text!(language, "account-key-file")),
        ("api_key_keyring", text!(language, "account-key-keyring")),
    ];
    html! {
        (field(id, "api_key", &text!(language, "account-key"), &secret_input(&format!("{id}-api_key"), "api_key", &text!(language, "account-key"), "", language)))
        details {
            summary.small { (text!(language, "account-key-elsewhere")) }
            @for (name, label) in elsewhere {
                (field(id, name, &label, &html! { input id={ (id) "-" (name) } name=(name) autocomplete="off"; }))
            }
        }
    }
}

fn place_fields(id: &str, base_url: &str, models: &str, language: Language) -> Markup {
    html! {
        (field(id, "base_url", &text!(language, "account-base-url"), &html! { input id={ (id) "-base_url" } name="base_url" type="url" value=(base_url) autocomplete="off"; }))
        (field(id, "models", &text!(language, "account-models"), &html! { textarea id={ (id) "-models" } name="models" rows="2" data-list="" { (models) } }))
    }
}

fn field(id: &str, name: &str, label: &str, input: &Markup) -> Markup {
    html! {
        div.field {
            label for={ (id) "-" (name) } { (label) }
            div { (input) p.problem data-problem=(name) role="alert" {} }
        }
    }
}

fn form_end(id: &str, language: Language) -> Markup {
    html! {
        p.problem data-problem="" role="alert" {}
        div.row {
            button type="button" data-close="" { (text!(language, "page-cancel")) }
            button.main type="submit" id={ (id) "-save" } { (text!(language, "page-save")) }
        }
    }
}

/// The outcome of a test call.
pub fn test_result(outcome: &Result<TestReport, String>, language: Language) -> Markup {
    match outcome {
        Ok(report) if report.ok => {
            let duration = crate::language::duration(report.duration_ms);
            let asked = report.asked.text(language);
            html! { p.callout.good { (text!(language, "accounts-test-works", name = report.account.as_str(), asked = asked, duration = duration)) } }
        }
        Ok(report) => html! {
            div.callout.bad {
                p { strong { (text!(language, "accounts-test-fails", name = report.account.as_str())) } }
                p { @if let Some(status) = report.status { "HTTP " (status) ": " } (report.message.text(language)) }
            }
        },
        Err(error) => html! { p.callout.bad { (error) } },
    }
}
