"""What people may do with mail, and who."""

from __future__ import annotations

from wipsie.auth.rights import Extent, Right

READ = "mail:read"
WRITE_RULES = "mail:rules:write"
MANAGE = "mail:manage"
SEND = "mail:send"

RIGHTS = (
    Right(
        permission=READ,
        about="Read archived mails, whomever they are for.",
        lead=Extent.ALL,
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
    Right(
        permission=WRITE_RULES,
        about="Tag mails, and write the rules for those that come.",
        lead=Extent.ALL,
        admin=Extent.ALL,
    ),
    Right(permission=MANAGE, about="Replay, archive anew, hold and erase mails.", admin=Extent.ALL),
    Right(permission=SEND, about="Bring mail by SMTP, with an API key.", lead=Extent.ALL, admin=Extent.ALL),
)
