"""What going to a revision would do, before it is done."""

from __future__ import annotations

import msgspec

from wipsie.database.migrator.losses import Loss, losses
from wipsie.database.migrator.reading import current
from wipsie.database.migrator.revisions import BASE, title, to_apply, to_undo


class Step(msgspec.Struct, frozen=True):
    """One revision."""

    revision: str
    title: str
    """What it brings."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The way of a database from its revision to another one: up, down, or none."""

    current: str | None
    """Its revision now; None for an empty or missing one."""
    would_apply: list[Step]
    """Oldest first."""
    would_undo: list[Step]
    """Newest first."""
    would_remove: list[Loss]
    """What is stored in what would be undone."""


async def plan(url: str, *, to: str | None = None) -> Plan:
    """What is to be done to bring a database to the revision `to`, or to the newest. InvalidInput for a revision that is
    unknown, ConfigurationError for the way down from one. StorageUnavailable when the database cannot be read."""
    at = await current(url)
    if to is None or to >= (at or BASE):
        return Plan(current=at, would_apply=_steps(to_apply(at, to)), would_undo=[], would_remove=[])
    return Plan(current=at, would_apply=[], would_undo=_steps(to_undo(at, to)), would_remove=await losses(url, to=to))


def _steps(revisions: list[str]) -> list[Step]:
    return [Step(revision, title(revision)) for revision in revisions]
