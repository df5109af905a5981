"""Following: hear of a record's changes, or no longer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.slices.asyncops.desk import SLICE
from wipsie.slices.asyncops.kinds import KINDS
from wipsie.slices.asyncops.people import Person, names_of, person_behind
from wipsie.slices.asyncops.schemas.followers import FollowedView, FollowerView
from wipsie.slices.asyncops.store import followers
from wipsie.slices.asyncops.store.records import Record
from wipsie.slices.asyncops.store.search import search_documents_table
from wipsie.slices.asyncops.subjects import Subject


class FollowingService:
    """Use cases of followers, of records of every kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def follow(self, unit: UnitOfWork, principal: Principal, subject: Subject, reference: str) -> None:
        """Follow a record one may read; once is enough. NotFound."""
        user_id = person_behind(principal)
        record = await subject.get(unit.connection, reference, principal)
        now_ms = self._clock.now_ms()
        if await followers.follow(unit.connection, subject.kind.name, record.id, user_id, now_ms=now_ms):
            _audit(unit, principal, subject, record, "follow")

    async def unfollow(self, unit: UnitOfWork, principal: Principal, subject: Subject, reference: str) -> None:
        """Follow it no longer. NotFound."""
        user_id = person_behind(principal)
        record = await subject.get(unit.connection, reference, principal)
        if await followers.unfollow(unit.connection, record.id, user_id):
            _audit(unit, principal, subject, record, "unfollow")

    async def follower_views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[FollowerView]:
        """Rows of a list of followers, as they are shown."""
        names = await names_of(connection, (row["user_id"] for row in rows))
        return [
            FollowerView(
                person=names.get(row["user_id"], Person(id=row["user_id"], name="")),
                since=iso_utc_ms(row["since_ms"]),
            )
            for row in rows
        ]

    async def followed_views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[FollowedView]:
        """Rows of a list of followed records, as they are shown."""
        columns = search_documents_table.c
        wanted = select(columns.object_id, columns.reference, columns.title).where(
            columns.object_id.in_([row["object_id"] for row in rows])
        )
        documents = {row.object_id: row for row in await connection.execute(wanted)} if rows else {}
        found: list[FollowedView] = []
        for row in rows:
            document = documents.get(row["object_id"])
            reference = row["object_id"] if document is None else document.reference
            found.append(
                FollowedView(
                    kind=row["object_kind"],
                    id=row["object_id"],
                    reference=reference,
                    title="" if document is None else document.title,
                    path=f"{KINDS[row['object_kind']].path}/{reference}",
                    since=iso_utc_ms(row["since_ms"]),
                )
            )
        return found


def _audit(unit: UnitOfWork, principal: Principal, subject: Subject, record: Record, verb: str) -> None:
    unit.record(
        AuditEvent(
            actor=principal.actor,
            action=f"{SLICE}:{subject.kind.name}:{verb}",
            object=f"{subject.kind.name}:{record.id}",
        )
    )
