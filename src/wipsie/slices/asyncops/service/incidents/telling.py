"""An incident's timeline and follow-ups, as sentences for a postmortem."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.slices.asyncops.domain.postmortem import Happening, Task
from wipsie.slices.asyncops.people import names_of
from wipsie.slices.asyncops.store import timeline
from wipsie.slices.asyncops.store.follow_ups import NO_DAY, FollowUp
from wipsie.slices.asyncops.store.timeline import TimelineEvent

_USER = "user:"


async def happenings(connection: AsyncConnection, events: Sequence[TimelineEvent]) -> list[Happening]:
    """What is worth a line, in words. What was put right later stands as it was put right, once."""
    corrected = {one.corrects for one in events if one.corrects is not None}
    ids = [one.actor.removeprefix(_USER) for one in events if one.actor.startswith(_USER)]
    ids += [str(one.data["assumed"]) for one in events if one.data and one.data.get("assumed")]
    names = {one.id: one.name for one in (await names_of(connection, ids)).values()}
    told: list[Happening] = []
    for event in events:
        what = None if event.id in corrected else _what(event, names)
        if what is not None:
            who = names.get(event.actor.removeprefix(_USER), "")
            told.append(Happening(at_ms=event.at_ms, id=event.id, who=who, what=what))
    return told


async def tasks(connection: AsyncConnection, follow_ups: Sequence[FollowUp]) -> list[Task]:
    """Follow-ups with names."""
    names = await names_of(connection, (one.owner for one in follow_ups))
    return [
        Task(
            text=one.text,
            owner=names[one.owner].name if one.owner in names else "",
            due_on=None if one.due_on == NO_DAY else one.due_on,
            state=one.state,
            reason=one.reason,
        )
        for one in follow_ups
    ]


def _what(event: TimelineEvent, names: dict[str, str]) -> str | None:
    data = event.data or {}
    match event.kind:
        case timeline.CREATED:
            return "opened the incident"
        case timeline.TRANSITION:
            return _with(f"moved it from {data.get('from')} to {data.get('to')}", event.body)
        case timeline.CHANGED:
            severity = data.get("changes", {}).get("severity")
            return None if severity is None else f"changed the severity from {severity[0]} to {severity[1]}"
        case timeline.ROLE:
            assumed = data.get("assumed")
            role = data.get("role")
            return f"{names.get(str(assumed), 'somebody')} is {role}" if assumed else f"nobody is {role} any more"
        case timeline.UPDATE:
            return _with("update", event.body)
        case timeline.NOTE:
            return event.body
        case timeline.SIGNAL:
            return _with("it was noticed again", event.body)
        case _:
            return None


def _with(what: str, body: str | None) -> str:
    return f"{what}: {body}" if body else what
