"""Who asks: a signed-in person, a key that acts for one, or somebody at this very machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from wipsie.auth.rights import Extent
from wipsie.kernel.errors import Forbidden


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Made by whoever checked the credentials; trusted by everybody else."""

    kind: Literal["user", "key", "local", "cli", "system"]
    id: str
    """Of the user or the key; of `system`, the part of Wipsie that acts by itself; empty for `local` and `cli`."""
    user_id: str | None = None
    """The person behind it: the key's owner for a key."""
    role: str | None = None
    extents: Mapping[str, Extent] = {}
    """How far each permission reaches. What is missing is not allowed."""
    session_id: str | None = None

    @property
    def actor(self) -> str:
        """As the audit log names it, for example ``user:usr_0193…``."""
        return f"{self.kind}:{self.id}" if self.id else self.kind

    def extent(self, permission: str) -> Extent:
        """How far `permission` reaches."""
        return self.extents.get(permission, Extent.NONE)

    def may(self, permission: str, *, own: bool = False) -> bool:
        """Whether it reaches a thing; `own`: the thing belongs to whoever asks."""
        return self.extent(permission) >= (Extent.OWN if own else Extent.ALL)

    def check(self, permission: str, *, own: bool = False) -> None:
        """Forbidden unless `may`."""
        if not self.may(permission, own=own):
            raise refusal(self, permission)


LOCAL = Principal(kind="local", id="")
"""Somebody at this machine, without credentials, while the API listens on loopback only. May do what is open there."""


def refusal(principal: Principal, permission: str) -> Forbidden:
    """What is told to somebody whose rights do not reach."""
    reach = " to what is not your own" if principal.extent(permission) is Extent.OWN else ""
    who = "This key" if principal.kind == "key" else f"The role {principal.role}"
    return Forbidden(
        f"{who} may not do this{reach}: it takes {permission}. Ask an admin.",
        details={"permission": permission, "role": principal.role},
    )
