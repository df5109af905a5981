"""The one table of rights: which role may do what, and whether to everything or only to what is its own.

Each room and slice brings its rows; `app` puts them together. API, OpenAPI document and console ask the same table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType

import msgspec

from wipsie.kernel.errors import ConfigurationError

MEMBER, LEAD, ADMIN, AUDITOR = ROLES = ("member", "lead", "admin", "auditor")


class Extent(IntEnum):
    """How far a permission reaches. Ordered: the larger one includes the smaller."""

    NONE = 0
    OWN = 1
    """Only what belongs to whoever asks; what "own" means says the right."""
    ALL = 2


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. A role that is not named gets nothing."""

    permission: str
    """``subject:verb``, for example ``incidents:steer``."""
    about: str
    """What it allows, for people."""
    member: Extent = Extent.NONE
    lead: Extent = Extent.NONE
    admin: Extent = Extent.NONE
    auditor: Extent = Extent.NONE

    def extent(self, role: str) -> Extent:
        """What `role` gets; nothing for one that is unknown."""
        return getattr(self, role) if role in ROLES else Extent.NONE


class RightsTable:
    """All rows, by permission."""

    def __init__(self, rights: Iterable[Right]) -> None:
        """ConfigurationError when a permission stands in it twice."""
        self._rights: dict[str, Right] = {}
        for right in rights:
            if right.permission in self._rights:
                raise ConfigurationError(f"The permission {right.permission} is declared twice.")
            self._rights[right.permission] = right
        self._by_role = {
            role: MappingProxyType({name: right.extent(role) for name, right in self._rights.items()}) for role in ROLES
        }

    @property
    def rights(self) -> tuple[Right, ...]:
        """All rows, in the order in which they were declared."""
        return tuple(self._rights.values())

    def __contains__(self, permission: str) -> bool:
        return permission in self._rights

    def of(self, role: str) -> Mapping[str, Extent]:
        """Every permission and how far it reaches for `role`; empty for a role that is unknown."""
        return self._by_role.get(role, MappingProxyType({}))
