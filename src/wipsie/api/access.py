"""Who may use a route. Every route says so, in its description; there is no default, so nothing is open by mistake."""

from __future__ import annotations

import msgspec


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to use a route."""

    permission: str | None = None
    """A permission of the rights table that must reach at least to one's own. None: being signed in is enough."""
    public: bool = False
    """Nobody is asked who they are."""
    open_on_loopback: bool = False
    """While only this machine can reach the API, nobody need say who they are."""


PUBLIC = Access(public=True)
SIGNED_IN = Access()


def needs(permission: str, *, open_on_loopback: bool = False) -> Access:
    """Access for whoever has `permission`, at least to what is their own: the use case looks at the object itself."""
    return Access(permission=permission, open_on_loopback=open_on_loopback)
