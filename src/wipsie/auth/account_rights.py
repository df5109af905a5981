"""What people may do with accounts and with the audit log, and who."""

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
        about="See who is in the team, by name and role.",
        member=Extent.ALL,
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
    Right(permission=INVITE_USERS, about="Invite people; own: as members.", lead=Extent.OWN, admin=Extent.ALL),
    Right(permission=MANAGE_USERS, about="Make and change accounts and roles.", admin=Extent.ALL),
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
        about="See and end sessions; own: one's own.",
        member=Extent.OWN,
        lead=Extent.OWN,
        admin=Extent.ALL,
        auditor=Extent.OWN,
    ),
    Right(permission=READ_AUDIT, about="Read, verify and export the audit log.", admin=Extent.ALL, auditor=Extent.ALL),
)
