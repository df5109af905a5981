"""What somebody wants to be told: read and chosen by themselves."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.answers import Made
from wipsie.api.versions import check_version
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock
from wipsie.slices.asyncops.desk import SLICE, given
from wipsie.slices.asyncops.people import person_behind
from wipsie.slices.asyncops.schemas.preferences import PreferenceChanges, PreferencesView
from wipsie.slices.asyncops.store.preferences import Preferences, preferences_of, put_preferences


class PreferenceService:
    """Use cases of preferences."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def show(self, connection: AsyncConnection, principal: Principal) -> PreferencesView:
        """One's own."""
        user_id = person_behind(principal)
        return view(await self._of(connection, user_id))

    async def change(
        self, unit: UnitOfWork, principal: Principal, changes: PreferenceChanges, expected_version: int
    ) -> Made:
        """Choose. PreconditionFailed."""
        user_id = person_behind(principal)
        before = await self._of(unit.connection, user_id)
        check_version(expected_version, before.version, view(before))
        values = given(changes)
        if values.get("summary_sections") is not None:
            values["summary_sections"] = list(dict.fromkeys(values["summary_sections"]))
        after = msgspec.structs.replace(before, **values)
        if after != before:
            after = msgspec.structs.replace(after, updated_at_ms=self._clock.now_ms(), version=before.version + 1)
            if not await put_preferences(unit.connection, after):
                now = await self._of(unit.connection, user_id)
                check_version(before.version, now.version, view(now))
            unit.record(
                AuditEvent(
                    actor=principal.actor,
                    action=f"{SLICE}:preferences:change",
                    object=f"user:{user_id}",
                    facts={"fields": "+".join(sorted(values)), "version": after.version},
                )
            )
        return Made(value=view(after), status=200, version=after.version)

    async def _of(self, connection: AsyncConnection, user_id: str) -> Preferences:
        return (await preferences_of(connection, [user_id]))[user_id]


def view(preferences: Preferences) -> PreferencesView:
    """As they are shown."""
    return msgspec.convert(preferences, PreferencesView, from_attributes=True)
