"""What comments, links, followers, timelines and the search need to know of a kind of record: one `Subject` for each kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.auth.rights import RightsTable
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.findable import Findable
from wipsie.slices.asyncops.kinds import Kind
from wipsie.slices.asyncops.people import Colleague
from wipsie.slices.asyncops.rights import RIGHTS
from wipsie.slices.asyncops.store.records import Record, RecordTable

_PEOPLE_PER_STATEMENT = 200

Findables = Callable[[AsyncConnection, Sequence[Any]], Awaitable[Sequence[Findable]]]
"""What records of one kind are found by, in their order."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A kind of record people talk about."""

    table: RecordTable[Any]
    read: str
    """The permission it takes to read one."""
    findables: Findables
    """For `wipsie search reindex`."""
    note: str | None = None
    """The permission it takes to add to its timeline by hand; None for kinds whose timeline only their changes write."""

    @property
    def kind(self) -> Kind:
        """Its kind."""
        return self.table.kind

    async def get(
        self, connection: AsyncConnection, reference: str, principal: Principal, *, hold: bool = False
    ) -> Record:
        """The record of an id or number for somebody who may read it. Forbidden, NotFound."""
        principal.check(self.read, own=True)
        return await self.table.get(connection, reference, principal, hold=hold)


class Subjects:
    """All of them, by the name of their kind."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._by_kind = {subject.kind.name: subject for subject in subjects}
        self._rights = RightsTable(RIGHTS)

    def __iter__(self) -> Iterator[Subject]:
        return iter(self._by_kind.values())

    def __contains__(self, kind: str) -> bool:
        return kind in self._by_kind

    def __getitem__(self, kind: str) -> Subject:
        return self._by_kind[kind]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the kinds."""
        return tuple(self._by_kind)

    def of(self, kind: str, field: str) -> Subject:
        """InvalidInput, naming `field`, for a kind nobody registered."""
        if kind not in self._by_kind:
            raise InvalidInput(
                f"Field '{field}' must be one of {', '.join(self.names)}.",
                details={"field": field, "accepted": list(self.names)},
            )
        return self._by_kind[kind]

    def readable(self, principal: Principal) -> tuple[str, ...]:
        """Names of the kinds of which somebody may read at least some."""
        return tuple(one.kind.name for one in self if principal.may(one.read, own=True))

    def visible(
        self, principal: Principal, kind: ColumnElement[str], object_id: ColumnElement[str]
    ) -> ColumnElement[bool]:
        """The condition of rows that name, by these two columns, a record somebody may read, or one that is gone."""
        open_kinds: list[str] = []
        some: list[ColumnElement[bool]] = []
        for subject in self:
            if not principal.may(subject.read, own=True):
                continue
            rows = subject.table.visible_to(principal)
            if _is_true(rows):
                open_kinds.append(subject.kind.name)
            else:
                # Asked the other way round: few are hidden, and a database that first makes a list of them is done at once.
                hidden = subject.table.hidden_from(principal)
                those = select(subject.table.table.c.id).where(subject.table.table.c.id == object_id, hidden)
                some.append(and_(kind == subject.kind.name, ~those.exists()))
        return or_(false(), *([kind.in_(open_kinds)] if open_kinds else []), *some)

    async def who_may_see(
        self, connection: AsyncConnection, kind: str, object_id: str, people: Sequence[Colleague]
    ) -> list[Colleague]:
        """Those of `people` who may read a record, with the rights of their roles."""
        subject = self._by_kind[kind]
        conditions: dict[str, ColumnElement[bool]] = {}
        seeing: set[str] = set()
        for one in people:
            principal = self.principal_of(one)
            if not principal.may(subject.read, own=True):
                continue
            condition = subject.table.visible_to(principal)
            if _is_true(condition):
                seeing.add(one.id)
            else:
                conditions[one.id] = condition
        asked = list(conditions.items())
        for start in range(0, len(asked), _PEOPLE_PER_STATEMENT):
            some = asked[start : start + _PEOPLE_PER_STATEMENT]
            wanted = select(*(condition.label(user_id) for user_id, condition in some)).where(
                subject.table.table.c.id == object_id
            )
            row = (await connection.execute(wanted)).mappings().one_or_none()
            if row is not None:
                seeing.update(user_id for user_id, _ in some if row[user_id])
        return [one for one in people if one.id in seeing]

    def principal_of(self, colleague: Colleague) -> Principal:
        """A colleague as if they asked: for what is sent to them without their asking."""
        return Principal(
            kind="user",
            id=colleague.id,
            user_id=colleague.id,
            role=colleague.role,
            extents=self._rights.of(colleague.role),
        )


def _is_true(condition: ColumnElement[bool]) -> bool:
    return condition is true() or condition.compare(true())
