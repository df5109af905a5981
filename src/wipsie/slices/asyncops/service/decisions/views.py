"""Decisions as they are shown, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.clock import Clock, iso_utc_ms, utc_datetime
from wipsie.slices.asyncops.domain import decisions as states
from wipsie.slices.asyncops.domain.madr import Document, write_markdown
from wipsie.slices.asyncops.people import Person, names_of
from wipsie.slices.asyncops.schemas.decisions import DecisionOptionView, DecisionRef, DecisionView, Party
from wipsie.slices.asyncops.service.decisions.texts import PARTIES, user_ids
from wipsie.slices.asyncops.store.decisions import COLUMNS, DECISIONS, Decision

_AS_IT_IS = ("title", "context", "drivers", "outcome", "consequences", "confirmation", "notes")


class DecisionViews:
    """Makes what is shown of decisions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def view(self, connection: AsyncConnection, decision: Decision) -> DecisionView:
        """One, as it is shown."""
        return (await self._all(connection, [decision]))[0]

    async def views(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[DecisionView]:
        """Rows of a list, as they are shown."""
        return await self._all(connection, [DECISIONS.of_row(row) for row in rows])

    async def markdown(self, connection: AsyncConnection, decision: Decision) -> str:
        """One as MADR 4."""
        people = await names_of(connection, _people(decision))
        refs = await _refs(connection, [] if decision.superseded_by is None else [decision.superseded_by])
        by = refs.get(decision.superseded_by or "")
        return write_markdown(document_of(decision, people, superseded_by=None if by is None else by.number))

    async def _all(self, connection: AsyncConnection, decisions: list[Decision]) -> list[DecisionView]:
        people = await names_of(connection, (one for decision in decisions for one in _people(decision)))
        others = [one for decision in decisions for one in decision.supersedes]
        others += [decision.superseded_by for decision in decisions if decision.superseded_by is not None]
        refs = await _refs(connection, others)
        return [self._view(one, people, refs) for one in decisions]

    def _view(self, decision: Decision, people: Mapping[str, Person], refs: Mapping[str, DecisionRef]) -> DecisionView:
        now_ms = self._clock.now_ms()
        waiting_days = None
        if decision.status == states.PROPOSED and decision.proposed_at_ms is not None:
            waiting_days = max(0, now_ms - decision.proposed_at_ms) // states.DAY_MS
        words: dict[str, Any] = {
            "status": decision.status,
            "next_statuses": list(states.DECISIONS.legal(decision.status)),
            **{name: getattr(decision, name) for name in _AS_IT_IS},
            **{name: [_party(one, people) for one in getattr(decision, name)] for name in PARTIES},
        }
        return DecisionView(
            id=decision.id,
            number=DECISIONS.kind.number_text(decision.number),
            **words,
            frozen=decision.status not in states.WRITABLE,
            options=[DecisionOptionView(**msgspec.structs.asdict(option)) for option in decision.options],
            chosen=decision.chosen,
            chosen_title=None if decision.chosen is None else decision.options[decision.chosen].title,
            decided_on=decision.decided_on,
            revisit_on=decision.revisit_on,
            revisit_due=decision.status == states.ACCEPTED
            and decision.revisit_on is not None
            and decision.revisit_on <= utc_datetime(now_ms).date().isoformat(),
            waiting_days=waiting_days,
            waiting=decision.status == states.PROPOSED
            and decision.proposed_at_ms is not None
            and decision.proposed_at_ms < now_ms - states.WAITING_DAYS * states.DAY_MS,
            supersedes=[refs[one] for one in decision.supersedes if one in refs],
            superseded_by=refs.get(decision.superseded_by or ""),
            superseded_text=decision.superseded_text,
            source=decision.source,
            created_by=None if decision.created_by is None else people.get(decision.created_by),
            created_at=iso_utc_ms(decision.created_at_ms),
            updated_at=iso_utc_ms(decision.updated_at_ms),
            version=decision.version,
        )


def document_of(decision: Decision, people: Mapping[str, Person], *, superseded_by: str | None) -> Document:
    """The record as a text, with names in place of ids."""
    texts: dict[str, Any] = {name: getattr(decision, name) for name in _AS_IT_IS}
    texts |= {name: [_party(one, people).name or one for one in getattr(decision, name)] for name in PARTIES}
    return Document(
        **texts,
        status=decision.status,
        superseded_by=superseded_by or decision.superseded_text,
        decided_on=decision.decided_on,
        revisit_on=decision.revisit_on,
        options=decision.options,
        chosen=decision.chosen,
    )


def _people(decision: Decision) -> list[str | None]:
    parties = [one for name in PARTIES for one in user_ids(getattr(decision, name))]
    return [*parties, decision.created_by]


def _party(text: str, people: Mapping[str, Person]) -> Party:
    if user_ids([text]):
        return Party(id=text, name=people[text].name if text in people else "")
    return Party(id=None, name=text)


async def _refs(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, DecisionRef]:
    if not ids:
        return {}
    wanted = select(COLUMNS.id, COLUMNS.number, COLUMNS.title).where(COLUMNS.id.in_(sorted(set(ids))))
    return {
        row.id: DecisionRef(id=row.id, number=DECISIONS.kind.number_text(row.number), title=row.title)
        for row in await connection.execute(wanted)
    }
