"""What links are for, and how long and how often they are good."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from wipsie.blobs.sealing import KeyRing
from wipsie.blobs.signed_links import LINK_S_MAX, LinkSigner
from wipsie.slices.vault.service.keeping.events import export_name, report_name
from wipsie.slices.vault.store.links import LinkRow

PATH: Final = "/vault/links"
LinkPurpose = Literal["get", "share", "export", "break_glass"]
"""`get` is an owner's own; only from its page they change something."""
_SIGNING: Final = "signed links"


class LinkRule(msgspec.Struct, frozen=True, kw_only=True):
    """How long links of a purpose are good, and how often."""

    lifetime_s: float
    lifetime_s_max: float
    opens_max: int
    looks_max: int
    """How often its pages may be shown without a download: each showing is a line in the audit log, which is kept for ever."""


RULES: Final[dict[LinkPurpose, LinkRule]] = {
    # Somebody's own, in a chat that others may see later: once, and soon.
    "get": LinkRule(lifetime_s=600, lifetime_s_max=600, opens_max=1, looks_max=300),
    "share": LinkRule(lifetime_s=86_400, lifetime_s_max=LINK_S_MAX, opens_max=20, looks_max=60),
    # Large: a download may be cut off. It has no pages.
    "export": LinkRule(lifetime_s=86_400, lifetime_s_max=86_400, opens_max=5, looks_max=0),
    "break_glass": LinkRule(lifetime_s=600, lifetime_s_max=600, opens_max=1, looks_max=20),
}


def link_signer(ring: KeyRing) -> LinkSigner:
    """Signs with the key in use, and knows what was signed with those before it."""
    return LinkSigner([ring.derived(_SIGNING, kek_id) for kek_id in ring.ids])


def link_purpose(row: LinkRow) -> LinkPurpose:
    """What a stored link is for."""
    return next(one for one in RULES if one == row.purpose)


def audited_name(row: LinkRow) -> str:
    """What the audit log calls that which a link leads to."""
    return export_name(row.object) if row.purpose == "export" else report_name(row.object)
