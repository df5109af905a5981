"""What staff may do in the vault. What people may do with their own reports is not here: they do it over WhatsApp."""

from __future__ import annotations

from wipsie.auth.rights import Extent, Right

READ = "vault:read"
MANAGE = "vault:manage"
BREAK_GLASS = "vault:break_glass"
UNLOCK = "vault:unlock"

RIGHTS = (
    Right(
        permission=READ,
        about="See whom the vault serves, masked, what became of their messages and files, never what is in them; and which reports "
        "were opened in need, and why.",
        admin=Extent.ALL,
        auditor=Extent.ALL,
    ),
    Right(
        permission=MANAGE,
        about="Send messages again, let a paused number send, and have a file looked at again.",
        admin=Extent.ALL,
    ),
    Right(
        permission=BREAK_GLASS,
        about="Read one report of somebody, for a reason that is recorded, and that its owner sees.",
        admin=Extent.ALL,
    ),
    Right(
        permission=UNLOCK,
        about="Let somebody in again whose number or telephone changed, once it is sure who they are, for a reason that is recorded, and "
        "that they are told of.",
        admin=Extent.ALL,
    ),
)
