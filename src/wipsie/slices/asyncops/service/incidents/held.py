"""An incident somebody is about to change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict
from wipsie.slices.asyncops.desk import reference_of
from wipsie.slices.asyncops.domain.incidents import FINAL
from wipsie.slices.asyncops.store.incidents import INCIDENTS, Incident


async def held(unit: UnitOfWork, principal: Principal, reference: str) -> Incident:
    """The incident, if they may see it; nobody else changes it until this unit ends. NotFound."""
    return await INCIDENTS.get(unit.connection, reference, principal, hold=True)


async def check_seen(
    connection: AsyncConnection,
    incident: Incident,
    expected_version: int,
    view: Callable[[AsyncConnection, Incident], Awaitable[Any]],
) -> None:
    """PreconditionFailed when it changed since it was read."""
    check_version(expected_version, incident.version, await view(connection, incident))


def refuse_final(incident: Incident) -> None:
    """Conflict for one that is over for good."""
    if incident.status in FINAL:
        raise Conflict(
            f"{reference_of(INCIDENTS.kind, incident)} is {incident.status}: nothing about it is changed any more.",
            details={"status": incident.status, "duplicate_of": incident.duplicate_of},
        )
