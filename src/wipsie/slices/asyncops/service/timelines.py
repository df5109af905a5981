"""Timelines as they are read: with names, and with what comments say now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.clock import iso_utc_ms
from wipsie.slices.asyncops.people import Person, names_of
from wipsie.slices.asyncops.schemas.timeline import ActorView, FieldChange, TimelineEventView
from wipsie.slices.asyncops.store.comments import bodies_of
from wipsie.slices.asyncops.store.timeline import COMMENT, TimelineEvent

_USER = "usr_"


async def timeline_views(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[TimelineEventView]:
    """Rows of a list of events, as they are shown."""
    return await _views(
        connection, [TimelineEvent(**{name: row[name] for name in TimelineEvent.__struct_fields__}) for row in rows]
    )


async def event_view(connection: AsyncConnection, event: TimelineEvent) -> TimelineEventView:
    """One event, as it is shown."""
    (shown,) = await _views(connection, [event])
    return shown


async def _views(connection: AsyncConnection, events: Sequence[TimelineEvent]) -> list[TimelineEventView]:
    comments = await bodies_of(connection, [one for one in map(_comment_of, events) if one is not None])
    ids = {user_id for event in events for user_id in _user_ids(event.data)}
    ids.update(actor_id for event in events if (actor_id := _actor(event)[1]).startswith(_USER))
    names = await names_of(connection, ids)
    return [_view(event, names, comments) for event in events]


def _view(event: TimelineEvent, names: dict[str, Person], comments: dict[str, str]) -> TimelineEventView:
    actor_kind, actor_id = _actor(event)
    data = dict(event.data or {})
    changes: dict[str, list[Any]] = data.pop("changes", {})
    named = sorted(set(_user_ids(event.data)))
    comment = _comment_of(event)
    return TimelineEventView(
        id=event.id,
        kind=event.kind,
        at=iso_utc_ms(event.at_ms),
        recorded_at=iso_utc_ms(event.recorded_at_ms),
        actor=ActorView(kind=actor_kind, id=actor_id, name=names[actor_id].name if actor_id in names else ""),
        body=event.body if comment is None else comments.get(comment),
        changes=[FieldChange(field=field, before=before, after=after) for field, (before, after) in changes.items()],
        data=data,
        people=[names[user_id] for user_id in named if user_id in names],
        pinned=event.pinned,
        corrects=event.corrects,
    )


def _actor(event: TimelineEvent) -> tuple[str, str]:
    kind, _, actor_id = event.actor.partition(":")
    return kind, actor_id


def _comment_of(event: TimelineEvent) -> str | None:
    return (event.data or {}).get("comment") if event.kind == COMMENT else None


def _user_ids(value: Any) -> Iterator[str]:
    """Every id of a user in what an event holds."""
    if isinstance(value, str):
        if value.startswith(_USER):
            yield value
        return
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        parts = cast("list[Any]", value)
    for part in parts:
        yield from _user_ids(part)
