"""Blockers as they are shown: with names and ages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.slices.asyncops.domain import blockers as states
from wipsie.slices.asyncops.domain.working_time import HOUR_MS
from wipsie.slices.asyncops.people import Colleague, Person, known_colleagues
from wipsie.slices.asyncops.schemas.blockers import BlockerView, WaitingOnView
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.store.blockers import BLOCKERS, Blocker


class BlockerViews:
    """Makes what is shown of blockers."""

    def __init__(self, clock: Clock, rules: BlockerRules) -> None:
        self._clock = clock
        self._rules = rules

    async def view(self, connection: AsyncConnection, blocker: Blocker) -> BlockerView:
        """One, as it is shown."""
        return (await self._all(connection, [blocker]))[0]

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[BlockerView]:
        """Rows of a list, as they are shown."""
        return await self._all(connection, [BLOCKERS.of_row(row) for row in rows])

    async def _all(self, connection: AsyncConnection, blockers: list[Blocker]) -> list[BlockerView]:
        ids = [one.blocked for one in blockers]
        ids += [one.waiting_on for one in blockers if one.waiting_kind == "user"]
        ids += [one.created_by for one in blockers if one.created_by is not None]
        people = await known_colleagues(connection, ids)
        now_ms = self._clock.now_ms()
        return [self._view(one, people, now_ms) for one in blockers]

    def _view(self, blocker: Blocker, people: dict[str, Colleague], now_ms: int) -> BlockerView:
        until_ms = blocker.closed_at_ms or now_ms
        waited = people.get(blocker.waiting_on) if blocker.waiting_kind == "user" else None
        words: dict[str, Any] = {
            "severity": blocker.severity,
            "status": blocker.status,
            "next_statuses": list(states.BLOCKERS.legal(blocker.status)),
        }
        return BlockerView(
            id=blocker.id,
            number=BLOCKERS.kind.number_text(blocker.number),
            title=blocker.title,
            details=blocker.details,
            blocked=_person(people, blocker.blocked),
            waiting_on=WaitingOnView(
                kind=blocker.waiting_kind,  # pyright: ignore[reportArgumentType]  checked when it was written
                id=blocker.waiting_on,
                name=blocker.waiting_name if waited is None else waited.name,
            ),
            **words,
            since=iso_utc_ms(blocker.since_ms),
            age_hours=round(max(0, until_ms - blocker.since_ms) / HOUR_MS, 2),
            age_working_hours=self._rules.age_working_h(blocker.since_ms, until_ms, people.get(blocker.blocked)),
            stale=blocker.status in states.STANDING and blocker.stale_at_ms <= now_ms,
            acknowledged_at=_time(blocker.acknowledged_at_ms),
            closed_at=_time(blocker.closed_at_ms),
            resolution=blocker.resolution,
            escalated_at=_time(blocker.escalated_at_ms),
            created_by=None if blocker.created_by is None else _person(people, blocker.created_by),
            created_at=iso_utc_ms(blocker.created_at_ms),
            updated_at=iso_utc_ms(blocker.updated_at_ms),
            version=blocker.version,
        )


def _person(people: dict[str, Colleague], user_id: str) -> Person:
    found = people.get(user_id)
    return Person(id=user_id, name="" if found is None else found.name)


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_utc_ms(at_ms)
