"""Links: say how a record stands to another, or to something outside, and take that back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.answers import Made
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.kernel.errors import Conflict, InvalidInput, NotFound
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.domain.outside import OUTSIDE_KINDS, is_of_form
from wipsie.slices.asyncops.domain.relations import inverse
from wipsie.slices.asyncops.kinds import KINDS
from wipsie.slices.asyncops.people import Person, names_of
from wipsie.slices.asyncops.rights import COMMENT
from wipsie.slices.asyncops.schemas.links import Linked, LinkTarget, LinkView, NewLink, ReferenceView
from wipsie.slices.asyncops.store import links as store
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.links import Link, links_table
from wipsie.slices.asyncops.store.records import REFERENCE_CHARACTERS_MAX, Record
from wipsie.slices.asyncops.store.search import search_documents_table
from wipsie.slices.asyncops.subjects import Subject, Subjects


class LinkService:
    """Use cases of links, between records of every kind."""

    def __init__(self, desk: Desk, subjects: Subjects, clock: Clock) -> None:
        self._desk = desk
        self._subjects = subjects
        self._clock = clock

    async def add(
        self, unit: UnitOfWork, principal: Principal, subject: Subject, reference: str, wanted: NewLink
    ) -> Made:
        """Link a record one may read to another such, or to something outside. Conflict when they are linked so already;
        InvalidInput for an end that is none."""
        record = await subject.get(unit.connection, reference, principal)
        principal.check(COMMENT, own=True)
        other = await self._other(unit.connection, principal, wanted.to)
        to_id = wanted.to.id if other is None else other[1].id
        if to_id == record.id:
            raise InvalidInput("A record cannot be linked to itself.", details={"field": "to.id"})
        now_ms = self._clock.now_ms()
        link = Link(
            id=new_object_id(store.ID_PREFIX, now_ms),
            from_kind=subject.kind.name,
            from_id=record.id,
            relation=wanted.relation,
            to_kind=wanted.to.kind,
            to_id=to_id,
            created_at_ms=now_ms,
            created_by=principal.user_id,
        )
        if not await store.add_link(unit.connection, link):
            raise Conflict(
                f"They are linked so already: {wanted.relation}.",
                details={"id": await store.same_link(unit.connection, link)},
            )
        await self._note(unit, principal, link, (subject, record), other, "link")
        (view,) = await self._link_views(unit.connection, [link], record.id)
        return Made(value=view, location=f"/api/links/{link.id}")

    async def remove(self, unit: UnitOfWork, principal: Principal, link_id: str) -> None:
        """Take back a link one made, or, as an admin, anybody's. NotFound, Forbidden."""
        printable = len(link_id) <= REFERENCE_CHARACTERS_MAX and link_id.isprintable()
        link = await store.find_link(unit.connection, link_id, hold=True) if printable else None
        ends: list[tuple[Subject, Record] | None] = []
        if link is not None:
            for kind, object_id in ((link.from_kind, link.from_id), (link.to_kind, link.to_id)):
                ends.append(await self._seen(unit.connection, principal, kind, object_id))
        if link is None or ends[0] is None or (ends[1] is None and link.to_kind in self._subjects):
            raise NotFound(
                f"There is no link '{link_id[:REFERENCE_CHARACTERS_MAX]}'; ids look like lnk_….",
                details={"kind": "link", "reference": link_id[:REFERENCE_CHARACTERS_MAX]},
            )
        principal.check(COMMENT, own=link.created_by is not None and link.created_by == principal.user_id)
        await store.remove_link(unit.connection, link.id)
        await self._note(unit, principal, link, ends[0], ends[1], "unlink")

    async def _other(
        self, connection: AsyncConnection, principal: Principal, to: LinkTarget
    ) -> tuple[Subject, Record] | None:
        """The record a link points to; None when it points outside."""
        if to.kind in self._subjects:
            subject = self._subjects[to.kind]
            return subject, await subject.get(connection, to.id, principal)
        outside = OUTSIDE_KINDS.get(to.kind)
        if outside is None:
            accepted = [*self._subjects.names, *OUTSIDE_KINDS]
            raise InvalidInput(
                f"Field 'to.kind' must be one of {', '.join(accepted)}.",
                details={"field": "to.kind", "accepted": accepted},
            )
        if not is_of_form(outside, to.id):
            raise InvalidInput(f"Field 'to.id' must be {outside.about}.", details={"field": "to.id"})
        return None

    async def _seen(
        self, connection: AsyncConnection, principal: Principal, kind: str, object_id: str
    ) -> tuple[Subject, Record] | None:
        if kind not in self._subjects:
            return None
        subject = self._subjects[kind]
        if not principal.may(subject.read, own=True):
            return None
        record = await subject.table.find(connection, object_id, principal)
        return None if record is None else (subject, record)

    async def _note(
        self,
        unit: UnitOfWork,
        principal: Principal,
        link: Link,
        begin: tuple[Subject, Record],
        end: tuple[Subject, Record] | None,
        verb: str,
    ) -> None:
        removed = {"removed": True} if verb == "unlink" else {}
        sides = [(begin, link.relation, link.to_kind)]
        if end is not None:
            sides.append((end, inverse(link.relation), link.from_kind))
        for (subject, record), relation, kind in sides:
            await self._desk.note(
                unit,
                principal,
                subject.table,
                record,
                timeline.LINK,
                verb=verb,
                # Not which record: whoever reads this timeline may not be one who may see the other.
                data={"link": link.id, "relation": relation, "kind": kind, **removed},
                facts={"link": link.id, "relation": relation, "to_kind": kind},
            )

    async def views_from(
        self, connection: AsyncConnection, rows: Sequence[RowMapping], record_id: str
    ) -> list[LinkView]:
        """Rows of the list of a record's links, seen from this record."""
        return await self._link_views(connection, [_link(row) for row in rows], record_id)

    async def _link_views(self, connection: AsyncConnection, links: Sequence[Link], record_id: str) -> list[LinkView]:
        names = await names_of(connection, (link.created_by for link in links))
        others = [
            (link.to_kind, link.to_id) if link.from_id == record_id else (link.from_kind, link.from_id)
            for link in links
        ]
        shown = await linked(connection, others)
        return [
            LinkView(
                id=link.id,
                relation=link.relation if link.from_id == record_id else inverse(link.relation),
                to=shown[other],
                created_at=iso_utc_ms(link.created_at_ms),
                created_by=_person(names, link.created_by),
            )
            for link, other in zip(links, others, strict=True)
        ]

    async def reference_views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[ReferenceView]:
        """Rows of the list of what refers to something."""
        links = [_link(row) for row in rows]
        names = await names_of(connection, (link.created_by for link in links))
        shown = await linked(connection, [(link.from_kind, link.from_id) for link in links])
        return [
            ReferenceView(
                id=link.id,
                relation=link.relation,
                record=shown[link.from_kind, link.from_id],
                created_at=iso_utc_ms(link.created_at_ms),
                created_by=_person(names, link.created_by),
            )
            for link in links
        ]

    async def thing_id(self, connection: AsyncConnection, principal: Principal, kind: str, reference: str) -> str:
        """The id links to this thing have: of a record by its id or number, for whoever may read it; of what is outside, the
        one given. InvalidInput, NotFound."""
        other = await self._other(connection, principal, LinkTarget(kind=kind, id=reference))
        return reference if other is None else other[1].id


async def linked(connection: AsyncConnection, things: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Linked]:
    """How each (kind, id) is called; what records are called is looked up once for all."""
    wanted = list(dict.fromkeys(things))
    columns = search_documents_table.c
    ids = [object_id for kind, object_id in wanted if kind in KINDS]
    statement = select(columns.object_id, columns.reference, columns.title).where(columns.object_id.in_(ids))
    documents = {row.object_id: row for row in await connection.execute(statement)} if ids else {}
    found: dict[tuple[str, str], Linked] = {}
    for kind, object_id in wanted:
        if kind in KINDS:
            document = documents.get(object_id)
            label = object_id if document is None else document.reference
            title, path = "" if document is None else document.title, f"{KINDS[kind].path}/{label}"
        else:
            outside = OUTSIDE_KINDS.get(kind)
            label, title, path = object_id if outside is None else outside.label(object_id), "", None
        found[kind, object_id] = Linked(kind=kind, id=object_id, label=label, title=title, path=path)
    return found


def _link(row: RowMapping) -> Link:
    return Link(**{column.key: row[column.key] for column in links_table.columns})


def _person(names: dict[str, Person], user_id: str | None) -> Person | None:
    return None if user_id is None else names.get(user_id, Person(id=user_id, name=""))
