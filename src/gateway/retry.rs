//! Whose fault, and what next: the one place that decides after a failed attempt.
//!
//! | the upstream said | the request |
//! |---|---|
//! | its own fault (400, 404, 413, 422) | goes back as it is |
//! | the account's (401, 403, no credit) | next account |
//! | 429, 5xx, no connection, no first byte | next account |
//!
//! What the account suffers is `accounts::health`'s to say.

use std::time::Duration;

use super::attempt::Refused;
use crate::accounts::NoLease;
use crate::protocol::{ErrorKind, LocalError, Protocol};
use crate::upstream::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    GiveBack,
    AnotherAccount,
}

pub const fn next(fault: &Fault) -> Next {
    match fault {
        Fault::Request => Next::GiveBack,
        Fault::Account
        | Fault::RateLimited { .. }
        | Fault::Overloaded { .. }
        | Fault::Unreachable
        | Fault::TimedOut => Next::AnotherAccount,
    }
}

/// How a request ends that no account answered.
pub enum Ended {
    /// The upstream's own answer is the best there is to say.
    Upstream(Refused),
    Local(LocalError),
}

/// No account is left to try. What the last one said counts more than that there is no
/// other, except where it was about the account alone and waiting for another helps.
pub fn exhausted(no_lease: NoLease, last: Option<Refused>, protocol: Protocol, model: &str) -> Ended {
    match (no_lease, last) {
        (NoLease::AllCooling { soonest, reason }, Some(last)) if is_of_the_account(&last) => {
            let reason = if reason.is_empty() { last.failure.reason.to_string() } else { reason };
            Ended::Local(cooling(model, soonest, &reason))
        }
        (_, Some(last)) => give_up(last),
        (no_lease, None) => Ended::Local(refused_lease(no_lease, protocol, model)),
    }
}

/// Another account could answer the next request at once, whatever this one has to wait.
pub fn give_up_for_now(mut last: Refused) -> Ended {
    if let Fault::RateLimited { retry_after, .. } = &mut last.failure.fault {
        *retry_after = None;
    }
    give_up_since(last, "as many accounts were tried as `pool.max_attempts` allows")
}

/// What the last account said is the answer.
pub fn give_up(last: Refused) -> Ended {
    give_up_since(last, "no other account is left")
}

fn give_up_since(last: Refused, why_no_other: &str) -> Ended {
    let reason = &last.failure.reason;
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
        Fault::Account => Ended::Local(LocalError::new(
            ErrorKind::Unavailable,
            format!("the upstream refused the account's own credential, and {why_no_other}: {reason}"),
        )),
        Fault::RateLimited { retry_after, .. } => Ended::Local(
            LocalError::new(ErrorKind::RateLimited, format!("the upstream limits this account: {reason}"))
                .retry_after(retry_after.unwrap_or(Duration::from_secs(1))),
        ),
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
    matches!(refused.failure.fault, Fault::RateLimited { .. } | Fault::Account)
}

fn cooling(model: &str, soonest: Duration, reason: &str) -> LocalError {
    let seconds = soonest.as_secs_f64().ceil();
    LocalError::new(
        ErrorKind::RateLimited,
        format!("every account for {model} is cooling; the first is ready in {seconds} s. The upstream said: {reason}"),
    )
    .retry_after(soonest.max(Duration::from_secs(1)))
}

fn refused_lease(no_lease: NoLease, protocol: Protocol, model: &str) -> LocalError {
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
        NoLease::UnknownModel { hint } => {
            LocalError::new(ErrorKind::ModelNotFound, format!("no account serves the model {model}: {hint}"))
        }
        NoLease::WrongProtocol { accounts, provider } => LocalError::new(
            ErrorKind::InvalidRequest,
            format!(
                "{model} is served by {} ({provider}), which has no answer to this {} call: ask for \
                 a model of a provider that has one, or map {model} to one under [models]",
                accounts.join(", "),
                protocol.name(),
            ),
        ),
        NoLease::AllCooling { soonest, reason } => cooling(model, soonest, &reason),
        NoLease::AllDisabled { reason } => LocalError::new(
            ErrorKind::Unavailable,
            format!("every account for {model} is out of the pool: {reason}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Failure;

    fn refused(fault: Fault) -> Refused {
        let failure = Failure { fault, status: None, reason: "because".into() };
        Refused { failure, reply: None }
    }

    fn kind(ended: Ended) -> Option<ErrorKind> {
        match ended {
            Ended::Local(error) => Some(error.kind),
            Ended::Upstream(_) => None,
        }
    }

    #[test]
    fn an_upstreams_credential_failure_never_looks_like_the_clients() {
        assert_eq!(kind(give_up(refused(Fault::Account))), Some(ErrorKind::Unavailable));
        let none = NoLease::AllDisabled { reason: "401".to_owned() };
        let ended = exhausted(none, Some(refused(Fault::Account)), Protocol::Anthropic, "m");
        assert_eq!(kind(ended), Some(ErrorKind::Unavailable));
    }

    #[test]
    fn a_rate_limit_says_when_to_come_back() {
        let none = NoLease::AllCooling { soonest: Duration::from_millis(7200), reason: String::new() };
        let last = refused(Fault::RateLimited { retry_after: None, per_model: false });
        let Ended::Local(error) = exhausted(none, Some(last), Protocol::Gemini, "m") else {
            panic!("a local error")
        };
        assert_eq!(error.retry_after, Some(Duration::from_millis(7200)));
        assert!(error.message.contains("ready in 8 s") && error.message.contains("because"), "{error}");
    }

    #[test]
    fn silence_and_no_connection_have_their_own_status() {
        assert_eq!(kind(give_up(refused(Fault::TimedOut))), Some(ErrorKind::GatewayTimeout));
        assert_eq!(kind(give_up(refused(Fault::Unreachable))), Some(ErrorKind::BadGateway));
    }
}
