"""What people may do with accounts, and who. "Own" is said beside each right."""

from __future__ import annotations

from wipsie.auth.rights import Extent, Right

READ_USERS = "users:read"
INVITE_USERS = "users:invite"
MANAGE_USERS = "users:manage"
MANAGE_KEYS = "keys:manage"
MANAGE_SESSIONS = "sessions:manage"
READ_AUDIT = "audit:read"

ACCOUNT_RIGHTS = (
    Right(
        permission=READ_USERS,
        about="See colleagues: their names, roles and time zones.",
        member=Extent.ALL,
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
    Right(
        permission=INVITE_USERS,
        about="Invite people in any role; own: members, and see and take back one's own invitations.",
        lead=Extent.OWN,
        admin=Extent.ALL,
    ),
    Right(
        permission=MANAGE_USERS,
        about="Make, change and deactivate accounts, give roles, see addresses, unlock, hand out links for new passwords.",
        admin=Extent.ALL,
    ),
    Right(
        permission=MANAGE_KEYS,
        about="Make, see and revoke API keys; own: one's own.",
        member=Extent.OWN,
        lead=Extent.OWN,
        admin=Extent.ALL,
        auditor=Extent.OWN,
    ),
    Right(
        permission=MANAGE_SESSIONS,
        about="See and end logins; own: one's own.",
        member=Extent.OWN,
        lead=Extent.OWN,
        admin=Extent.ALL,
        auditor=Extent.OWN,
    ),
    Right(
        permission=READ_AUDIT,
        about="Read, verify and export the audit log.",
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
)
