//! An account on loan to one attempt of a request.

use std::sync::Arc;
use std::time::Instant;

use super::account::Account;
use super::pool::Pool;
use super::roster::Ticket;
use crate::upstream::Failure;

/// An account on loan for one attempt. It counts as in flight until the lease is dropped.
///
/// Report the outcome as soon as it is known (for a stream, at its first byte): while a lease
/// probes a cooling account, no other request gets that account. A lease that is dropped
/// without an outcome changes nothing.
#[derive(Debug)]
pub struct Lease {
    pool: Pool,
    ticket: Ticket,
}

impl Lease {
    pub(super) const fn new(pool: Pool, ticket: Ticket) -> Self {
        Self { pool, ticket }
    }

    pub const fn account(&self) -> &Arc<Account> {
        &self.ticket.account
    }

    /// The model's name to send upstream.
    pub fn model(&self) -> &str {
        self.ticket.account.sent_model(&self.ticket.model)
    }

    /// Reports that the upstream has answered, which ends the cooldown that the lease probes.
    /// [`Lease::fail`] may still follow, when the answer breaks off.
    pub fn succeed(&mut self) {
        self.ticket.answered = true;
        self.pool.succeeded(&self.ticket);
    }

    /// Reports a failed attempt.
    pub fn fail(&mut self, failure: &Failure) {
        self.fail_at(failure, Instant::now());
    }

    pub(super) fn fail_at(&mut self, failure: &Failure, now: Instant) {
        self.pool.failed(&self.ticket, failure, now);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.released(&self.ticket);
    }
}
