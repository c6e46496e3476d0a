//! Whose fault, and what next: the one place that decides after a failed attempt.
//!
//! | the upstream said | the request |
//! |---|---|
//! | its own fault (400, 404, 413, 422) | goes back as it is |
//! | the account's (401, 403) | next account |
//! | no credit, 429, 5xx, no connection, no first byte | next account |
//!
//! Accounts are named, and what an upstream said of one is repeated, to callers on this
//! computer only.
//!
//! What the account suffers is `accounts::health`'s to say.

use std::time::Duration;

use super::attempt::Refused;
use super::exchange::Audience;
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

/// What a request that ends without an answer is told by.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    pub protocol: Protocol,
    /// The model as the client asked for it.
    pub model: &'a str,
    pub audience: Audience,
}

/// How a request ends that no account answered.
pub enum Ended {
    /// The upstream's own answer is the best there is to say.
    Upstream(Refused),
    Local(LocalError),
}

/// No account is left to try. What the last one said counts more than that there is no
/// other, except where it was about the account alone and waiting for another helps.
pub fn exhausted(no_lease: NoLease, last: Option<Refused>, told: &Told<'_>) -> Ended {
    match (no_lease, last) {
        (NoLease::AllCooling { soonest, reason, is_requested: true }, Some(last))
            if is_of_the_account(&last) =>
        {
            Ended::Local(cooling(told, soonest, &reason, true))
        }
        (_, Some(last)) => give_up(last, told.audience),
        (no_lease, None) => Ended::Local(refused_lease(no_lease, told)),
    }
}

/// Another account could answer the next request at once, whatever this one has to wait.
pub fn give_up_for_now(mut last: Refused, audience: Audience) -> Ended {
    if let Fault::RateLimited { retry_after, .. } | Fault::Spent { retry_after } = &mut last.failure.fault {
        *retry_after = None;
    }
    give_up_since(last, "as many accounts were tried as `pool.max_attempts` allows", audience)
}

/// What the last account said is the answer.
pub fn give_up(last: Refused, audience: Audience) -> Ended {
    give_up_since(last, "no other account is left", audience)
}

fn give_up_since(last: Refused, why_no_other: &str, audience: Audience) -> Ended {
    let reason = &last.failure.reason;
    let of_account = |text: &str| match audience {
        Audience::Local => format!("{text}: {reason}"),
        Audience::Network => text.to_owned(),
    };
    match &last.failure.fault {
        // Claude Code logs its user out at a 403, though the key it sent is a good one.
        Fault::Request if last.failure.status == Some(403) => Ended::Local(LocalError::new(
            ErrorKind::InvalidRequest,
            format!("the upstream does not allow this request: {reason}"),
        )),
        Fault::Request => match last.reply {
            Some(_) => Ended::Upstream(last),
            None => Ended::Local(LocalError::new(ErrorKind::InvalidRequest, reason.to_string())),
        },
        Fault::AccountBySentence(Sentence { means: Means::Spent { .. } | Means::Limited { .. }, .. }) => {
            Ended::Local(limited(of_account("the upstream limits this account"), None))
        }
        Fault::Account | Fault::AccountBySentence(_) => {
            let text = format!("the upstream refused the account's own credential, and {why_no_other}");
            Ended::Local(LocalError::new(ErrorKind::Unavailable, of_account(&text)))
        }
        Fault::RateLimited { retry_after, .. } => {
            Ended::Local(limited(of_account("the upstream limits this account"), *retry_after))
        }
        Fault::Spent { retry_after } => {
            let text = format!("the account can pay no more, and {why_no_other}");
            Ended::Local(limited(of_account(&text), *retry_after))
        }
        Fault::Overloaded { .. } if last.reply.is_some() => Ended::Upstream(last),
        Fault::Overloaded { .. } => Ended::Local(LocalError::new(
            ErrorKind::Unavailable,
            format!("the upstream is overloaded: {reason}"),
        )),
        Fault::Unreachable => Ended::Local(LocalError::new(
            ErrorKind::BadGateway,
            format!("the upstream could not be reached: {reason}"),
        )),
        Fault::TimedOut => Ended::Local(LocalError::new(
            ErrorKind::GatewayTimeout,
            format!("the upstream did not answer: {reason}"),
        )),
    }
}

const fn is_of_the_account(refused: &Refused) -> bool {
    matches!(
        refused.failure.fault,
        Fault::RateLimited { .. } | Fault::Spent { .. } | Fault::Account | Fault::AccountBySentence(_)
    )
}

fn limited(text: String, retry_after: Option<Duration>) -> LocalError {
    let error = LocalError::new(ErrorKind::RateLimited, text);
    error.retry_after(retry_after.unwrap_or(Duration::from_secs(1)))
}

fn cooling(told: &Told<'_>, soonest: Duration, reason: &Message, is_requested: bool) -> LocalError {
    let (model, seconds) = (told.model, soonest.as_secs_f64().ceil());
    let text = format!("every account for {model} is cooling; the first is ready in {seconds} s");
    let text = match told.audience {
        Audience::Local if is_requested => format!("{text}. The upstream said: {reason}"),
        Audience::Local => format!("{text}. {reason}"),
        Audience::Network => text,
    };
    LocalError::new(ErrorKind::RateLimited, text).retry_after(soonest.max(Duration::from_secs(1)))
}

fn refused_lease(no_lease: NoLease, told: &Told<'_>) -> LocalError {
    let Told { protocol, model, audience } = *told;
    match no_lease {
        NoLease::NoAccounts { listed } => {
            let fix = if listed == 0 {
                "run `portcullis account add`, or add an [[accounts]] section to the config file"
            } else {
                "those in the config file are not usable; `portcullis account list` says why"
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
                    "{model} is served by {by}, which has no answer to this {call} call: ask for a model \
                     of a provider that has one, or map {model} to one under [models]",
                ),
            )
        }
        NoLease::AllCooling { soonest, reason, is_requested } => {
            cooling(told, soonest, &reason, is_requested)
        }
        NoLease::AllDisabled { reason } => {
            let text = format!("every account for {model} is out of the pool");
            let text = if audience == Audience::Local { format!("{text}: {reason}") } else { text };
            LocalError::new(ErrorKind::Unavailable, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Failure;

    fn refused(fault: Fault) -> Refused {
        let failure = Failure { fault, status: None, reason: "because".into() };
        Refused { failure, reply: None, report: None }
    }

    fn told(audience: Audience) -> Told<'static> {
        Told { protocol: Protocol::Gemini, model: "m", audience }
    }

    fn text(ended: Ended) -> String {
        match ended {
            Ended::Local(error) => error.message,
            Ended::Upstream(_) => panic!("a local error"),
        }
    }

    fn kind(ended: Ended) -> Option<ErrorKind> {
        match ended {
            Ended::Local(error) => Some(error.kind),
            Ended::Upstream(_) => None,
        }
    }

    #[test]
    fn an_upstreams_credential_failure_never_looks_like_the_clients() {
        assert_eq!(kind(give_up(refused(Fault::Account), Audience::Local)), Some(ErrorKind::Unavailable));
        let none = NoLease::AllDisabled { reason: "401".into() };
        let ended = exhausted(none, Some(refused(Fault::Account)), &told(Audience::Local));
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
        let Ended::Local(error) = exhausted(none, Some(last), &told(Audience::Local)) else {
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
            let Ended::Local(error) = ended else { panic!("a local error") };
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
        let ways: [&dyn Fn(Audience) -> Ended; 7] = [
            &|audience| exhausted(cooling(), Some(limited()), &told(audience)),
            &|audience| exhausted(cooling(), None, &told(audience)),
            &|audience| exhausted(disabled(), None, &told(audience)),
            &|audience| exhausted(unknown(), None, &told(audience)),
            &|audience| exhausted(wrong(), None, &told(audience)),
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
