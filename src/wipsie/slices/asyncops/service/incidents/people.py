"""Who has to do with an incident: roles, who hears of it, whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.people import check_colleague, colleagues
from wipsie.slices.asyncops.store import followers, timeline
from wipsie.slices.asyncops.store.incidents import INCIDENTS, ROLES, Incident

_DOES = {"lead": "leads", "comms": "speaks for", "scribe": "keeps the record of"}


async def check_roles(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """InvalidInput unless whoever is named for a role is an active colleague."""
    for role in ROLES:
        await check_colleague(connection, values.get(role), role)


async def follow_roles(unit: UnitOfWork, incident: Incident, now_ms: int) -> None:
    """Whoever has a role follows."""
    for user_id in role_holders(incident):
        await followers.follow(unit.connection, INCIDENTS.kind.name, incident.id, user_id, now_ms=now_ms)


async def note_roles(
    desk: Desk, unit: UnitOfWork, principal: Principal, before: Incident | None, after: Incident
) -> None:
    """Put on the timeline who took on and who gave up which role."""
    for role in ROLES:
        given_up = None if before is None else getattr(before, role)
        taken_on = getattr(after, role)
        if given_up != taken_on:
            await desk.note(
                unit,
                principal,
                INCIDENTS,
                after,
                timeline.ROLE,
                verb="assign",
                data={"role": role, "assumed": taken_on, "renounced": given_up},
                facts={"role": role, "assumed": taken_on, "renounced": given_up},
            )


async def role_words(connection: AsyncConnection, before: Incident, after: Incident) -> list[str]:
    """What changed in the roles, for people: ``Lea leads it``."""
    changed = {role: getattr(after, role) for role in ROLES if getattr(before, role) != getattr(after, role)}
    names = {one.id: one.name for one in await colleagues(connection, [one for one in changed.values() if one])}
    return [f"{names.get(user_id, 'nobody')} {_DOES[role]} it" for role, user_id in changed.items()]


def role_holders(incident: Incident) -> list[str]:
    """User ids of those with a role, each once."""
    holders = (getattr(incident, role) for role in ROLES)
    return list(dict.fromkeys(one for one in holders if one is not None))


async def leads(connection: AsyncConnection) -> list[str]:
    """User ids of all active leads."""
    return [one.id for one in await colleagues(connection) if one.role == "lead"]
