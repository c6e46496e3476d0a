//! Decides what follows a failed attempt, by whose fault it was.
//!
//! | the fault | next |
//! |---|---|
//! | the request's (400, 404, 413, 422) | the client gets the upstream's answer |
//! | the account's (401, 403) | another account |
//! | no credit, 429, 5xx, no connection, no first byte | another account |
//!
//! Clients on this computer get the names of accounts and the upstream's reasons; others do
//! not. What happens to the account is decided in `accounts::health`.

use std::time::Duration;

use super::exchange::Audience;
use super::refusal::Refusal;
use crate::accounts::NoLease;
use crate::language::Message;
use crate::protocol::{ErrorKind, LocalError, Protocol};
use crate::upstream::Fault;
use crate::upstream::failure::{Means, Sentence};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    GiveBack,
    AnotherAccount,
}

pub const fn next(fault: &Fault) -> Next {
    match fault {
        Fault::Request => Next::GiveBack,
        Fault::Account
        | Fault::Spent { .. }
        | Fault::AccountBySentence(_)
        | Fault::RateLimited { .. }
        | Fault::Overloaded { .. }
        | Fault::Unreachable
        | Fault::TimedOut => Next::AnotherAccount,
    }
}

/// The facts that the text of an error depends on.
#[derive(Clone, Copy)]
pub struct ErrorContext<'a> {
    pub protocol: Protocol,
    /// The model as the client asked for it.
    pub model: &'a str,
    pub audience: Audience,
}

/// How a request without an answer ends.
pub enum NoAnswer {
    /// With the upstream's own refusal.
    Upstream(Refusal),
    Local(LocalError),
}

impl From<LocalError> for NoAnswer {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

/// No account is left to try. The client gets the last upstream's failure; or, where that is
/// about the account alone and the others are cooling, how long to wait for one.
pub fn exhausted(no_lease: NoLease, last: Option<Refusal>, context: &ErrorContext<'_>) -> NoAnswer {
    match (no_lease, last) {
        (NoLease::AllCooling { soonest, reason, is_requested: true }, Some(last))
            if is_of_the_account(&last) =>
        {
            NoAnswer::Local(cooling(context, soonest, &reason, true))
        }
        (_, Some(last)) => give_up(last, context.audience),
        (no_lease, None) => NoAnswer::Local(refused_lease(no_lease, context)),
    }
}

/// The attempts are used up. Another account could answer the next request at once, so the
/// client does not have to wait as long as the last account.
pub fn give_up_for_now(mut last: Refusal, audience: Audience) -> NoAnswer {
    if let Fault::RateLimited { retry_after, .. } | Fault::Spent { retry_after } = &mut last.failure.fault {
        *retry_after = None;
    }
    give_up_since(last, "`pool.max_attempts` accounts were tried", audience)
}

/// The client gets the last upstream's failure.
pub fn give_up(last: Refusal, audience: Audience) -> NoAnswer {
    give_up_since(last, "no other account is left", audience)
}

fn give_up_since(last: Refusal, why_no_other: &str, audience: Audience) -> NoAnswer {
    let reason = &last.failure.reason;
    let of_account = |text: &str| match audience {
        Audience::Local => format!("{text}: {reason}"),
        Audience::Network => text.to_owned(),
    };
    match &last.failure.fault {
        // At a 403 Claude Code logs its user out, although the key it sent is good.
        Fault::Request if last.failure.status == Some(403) => NoAnswer::Local(LocalError::new(
            ErrorKind::InvalidRequest,
            format!("the upstream does not allow this request: {reason}"),
        )),
        Fault::Request => match last.reply {
            Some(_) => NoAnswer::Upstream(last),
            None => NoAnswer::Local(LocalError::new(ErrorKind::InvalidRequest, reason.to_string())),
        },
        Fault::AccountBySentence(Sentence { means: Means::Spent { .. } | Means::Limited { .. }, .. }) => {
            NoAnswer::Local(limited(of_account("the upstream limits this account"), None))
        }
        Fault::Account | Fault::AccountBySentence(_) => {
            let text = format!("the upstream refused the account's own credential, and {why_no_other}");
            NoAnswer::Local(LocalError::new(ErrorKind::Unavailable, of_account(&text)))
        }
        Fault::RateLimited { retry_after, .. } => {
            NoAnswer::Local(limited(of_account("the upstream limits this account"), *retry_after))
        }
        Fault::Spent { retry_after } => {
            let text = format!("the account cannot pay, and {why_no_other}");
            NoAnswer::Local(limited(of_account(&text), *retry_after))
        }
        Fault::Overloaded { .. } if last.reply.is_some() => NoAnswer::Upstream(last),
        Fault::Overloaded { .. } => NoAnswer::Local(LocalError::new(
            ErrorKind::Unavailable,
            format!("the upstream is overloaded: {reason}"),
        )),
        Fault::Unreachable => NoAnswer::Local(LocalError::new(
            ErrorKind::BadGateway,
            format!("the upstream could not be reached: {reason}"),
        )),
        Fault::TimedOut => NoAnswer::Local(LocalError::new(
            ErrorKind::GatewayTimeout,
            format!("the upstream did not answer: {reason}"),
        )),
    }
}

const fn is_of_the_account(refusal: &Refusal) -> bool {
    matches!(
        refusal.failure.fault,
        Fault::RateLimited { .. } | Fault::Spent { .. } | Fault::Account | Fault::AccountBySentence(_)
    )
}

fn limited(text: String, retry_after: Option<Duration>) -> LocalError {
    let error = LocalError::new(ErrorKind::RateLimited, text);
    error.retry_after(retry_after.unwrap_or(Duration::from_secs(1)))
}

fn cooling(
    context: &ErrorContext<'_>,
    soonest: Duration,
    reason: &Message,
    is_requested: bool,
) -> LocalError {
    let (model, seconds) = (context.model, soonest.as_secs_f64().ceil());
    let text = format!("every account for {model} is cooling; the first is ready in {seconds} s");
    let text = match context.audience {
        Audience::Local if is_requested => format!("{text}. The upstream said: {reason}"),
        Audience::Local => format!("{text}. {reason}"),
        Audience::Network => text,
    };
    LocalError::new(ErrorKind::RateLimited, text).retry_after(soonest.max(Duration::from_secs(1)))
}

fn refused_lease(no_lease: NoLease, context: &ErrorContext<'_>) -> LocalError {
    let ErrorContext { protocol, model, audience } = *context;
    match no_lease {
        NoLease::NoAccounts { listed } => {
            let fix = if listed == 0 {
                "run `portcullis account add`, or add an [[accounts]] section to the config file"
            } else {
                "those in the config file cannot be used; `portcullis account list` says why"
            };
            let text = format!("No available accounts. Add an account first: {fix}.");
            LocalError::new(ErrorKind::Unavailable, text)
        }
        NoLease::UnknownModel { hint, unnamed } => {
            let hint = if audience == Audience::Local { hint } else { unnamed };
            LocalError::new(ErrorKind::ModelNotFound, format!("no account serves the model {model}: {hint}"))
        }
        NoLease::WrongProtocol { accounts, provider } => {
            let by = match audience {
                Audience::Local => format!("{} ({provider})", accounts.join(", ")),
                Audience::Network => format!("an account of {provider}"),
            };
            let call = protocol.name();
            LocalError::new(
                ErrorKind::InvalidRequest,
                format!(
                    "{model} is served by {by}, which does not support this {call} call: ask for a \
                     model of a provider that does, or map {model} to one under [models]",
                ),
            )
        }
        NoLease::AllCooling { soonest, reason, is_requested } => {
            cooling(context, soonest, &reason, is_requested)
        }
        NoLease::AllDisabled { reason } => {
            let text = format!("every account for {model} was refused by its provider");
            let text = if audience == Audience::Local { format!("{text}: {reason}") } else { text };
            LocalError::new(ErrorKind::Unavailable, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Failure;

    fn refused(fault: Fault) -> Refusal {
        let failure = Failure { fault, status: None, reason: "because".into() };
        Refusal { failure, reply: None, report: None }
    }

    fn context(audience: Audience) -> ErrorContext<'static> {
        ErrorContext { protocol: Protocol::Gemini, model: "m", audience }
    }

    fn text(ended: NoAnswer) -> String {
        match ended {
            NoAnswer::Local(error) => error.message,
            NoAnswer::Upstream(_) => panic!("a local error"),
        }
    }

    fn kind(ended: NoAnswer) -> Option<ErrorKind> {
        match ended {
            NoAnswer::Local(error) => Some(error.kind),
            NoAnswer::Upstream(_) => None,
        }
    }

    #[test]
    fn an_upstreams_credential_failure_never_looks_like_the_clients() {
        assert_eq!(kind(give_up(refused(Fault::Account), Audience::Local)), Some(ErrorKind::Unavailable));
        let none = NoLease::AllDisabled { reason: "401".into() };
        let ended = exhausted(none, Some(refused(Fault::Account)), &context(Audience::Local));
        assert_eq!(kind(ended), Some(ErrorKind::Unavailable));
    }

    #[test]
    fn a_rate_limit_says_when_to_come_back() {
        let none = NoLease::AllCooling {
            soonest: Duration::from_millis(7200),
            reason: "because".into(),
            is_requested: true,
        };
        let last = refused(Fault::RateLimited { retry_after: None, per_model: false });
        let NoAnswer::Local(error) = exhausted(none, Some(last), &context(Audience::Local)) else {
            panic!("a local error")
        };
        assert_eq!(error.retry_after, Some(Duration::from_millis(7200)));
        assert!(error.message.contains("ready in 8 s") && error.message.contains("because"), "{error}");
    }

    #[test]
    fn an_account_without_credit_is_told_as_a_limit() {
        let spent = || refused(Fault::Spent { retry_after: Some(Duration::from_secs(9)) });
        for (ended, wait) in
            [(give_up(spent(), Audience::Local), 9), (give_up_for_now(spent(), Audience::Local), 1)]
        {
            let NoAnswer::Local(error) = ended else { panic!("a local error") };
            assert_eq!(error.kind, ErrorKind::RateLimited);
            assert_eq!(error.retry_after, Some(Duration::from_secs(wait)));
        }
    }

    #[test]
    fn silence_and_no_connection_have_their_own_status() {
        assert_eq!(kind(give_up(refused(Fault::TimedOut), Audience::Local)), Some(ErrorKind::GatewayTimeout));
        assert_eq!(kind(give_up(refused(Fault::Unreachable), Audience::Local)), Some(ErrorKind::BadGateway));
    }

    #[test]
    fn callers_on_the_network_hear_no_account_and_nothing_that_was_said_of_one() {
        let limited = || refused(Fault::RateLimited { retry_after: None, per_model: false });
        let cooling = || NoLease::AllCooling {
            soonest: Duration::ZERO,
            reason: "acc: because".into(),
            is_requested: true,
        };
        let disabled = || NoLease::AllDisabled { reason: "acc: because".into() };
        let unknown = || NoLease::UnknownModel { hint: "acc because".into(), unnamed: "because not".into() };
        let wrong = || NoLease::WrongProtocol {
            accounts: vec!["acc".into()],
            provider: crate::protocol::Provider::Gemini,
        };
        let ways: [&dyn Fn(Audience) -> NoAnswer; 7] = [
            &|audience| exhausted(cooling(), Some(limited()), &context(audience)),
            &|audience| exhausted(cooling(), None, &context(audience)),
            &|audience| exhausted(disabled(), None, &context(audience)),
            &|audience| exhausted(unknown(), None, &context(audience)),
            &|audience| exhausted(wrong(), None, &context(audience)),
            &|audience| give_up(refused(Fault::Account), audience),
            &|audience| give_up_for_now(limited(), audience),
        ];
        for way in ways {
            let (local, network) = (text(way(Audience::Local)), text(way(Audience::Network)));
            assert!(local.contains("acc") || local.contains("because"), "{local}");
            assert!(
                !network.contains("acc:") && !network.contains("because.") && !network.ends_with("because"),
                "{network}"
            );
            assert!(!network.contains("acc ") || network.contains("account"), "{network}");
        }
    }
}
