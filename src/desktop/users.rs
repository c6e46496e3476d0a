//! The user accounts of this computer.

use std::ffi::OsStr;

use uzers::os::unix::GroupExt;
use uzers::{get_group_by_gid, get_user_by_uid};

/// The user's name, or its number if it has no name.
pub fn name(user: u32) -> String {
    get_user_by_uid(user).map_or_else(|| user.to_string(), |user| user.name().to_string_lossy().into_owned())
}

/// Whether a group is the private group of a user who may write anyway: the file's `owner`, the
/// user we run as, or root.
pub fn is_alone_in(group: u32, owner: u32) -> bool {
    const ROOT: u32 = 0;
    let us = rustix::process::geteuid().as_raw();
    [owner, us, ROOT].into_iter().any(|user| is_private(group, user))
}

/// The user's own by name; or without one, as in containers, where it is the user's by its
/// number or we are in it. And it has no other member.
fn is_private(group: u32, user: u32) -> bool {
    let account = get_user_by_uid(user);
    let is_own = match (&account, get_group_by_gid(group)) {
        (Some(account), Some(group)) => {
            account.primary_group_id() == group.gid()
                && account.name() == group.name()
                && group.members().iter().all(|member| member == account.name())
        }
        (_, None) => group == user || we_are_in(group),
        (None, Some(_)) => false,
    };
    is_own && !others_are_in(group, account.as_ref().map(uzers::User::name))
}

fn we_are_in(group: u32) -> bool {
    let further = rustix::process::getgroups().unwrap_or_default();
    further.into_iter().chain([rustix::process::getegid()]).any(|of| of.as_raw() == group)
}

/// Users whose primary group it is are not in the group's member list.
fn others_are_in(group: u32, but: Option<&OsStr>) -> bool {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    accounts.lines().any(|account| {
        let mut fields = account.split(':');
        let name = fields.next().map(OsStr::new);
        fields.nth(2).is_some_and(|of| of.parse() == Ok(group)) && name != but
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_many_are_in_is_nobodys_own() {
        assert_eq!(name(0), "root");
        assert_eq!(name(4_000_000_000), "4000000000");
        assert!(!is_private(4_000_000_000, 0), "it has no name, and is not ours");
        assert!(is_private(4_000_000_000, 4_000_000_000), "it has no name, and the owner's number");
        if get_group_by_gid(0).is_some_and(|group| group.name() == "root") {
            assert!(is_private(0, 0));
        }
        // Debian's `users`, and `nogroup`, which many services use.
        for group in [100, 65_534] {
            assert!(!is_alone_in(group, 0), "{group}");
        }
    }
}
