"""Export and erasure of a person over all parts: the accounts, what all share, and each slice by its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wipsie.api.privacy import Erasure, PersonalDataExport
from wipsie.app.parts import Parts
from wipsie.app.shared_personal_data import SharedData
from wipsie.auth import accounts
from wipsie.auth.personal_data import AccountData
from wipsie.database import Database
from wipsie.database.free_space import overwrite_free_space
from wipsie.database.personal_data import PersonalData
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import iso_utc_ms
from wipsie.slices.manifest import Slice

ACCOUNTS = "accounts"


class _OnlyLooked(Exception):
    """Ends the transaction of a dry run, so that nothing is kept."""


class PeoplesPrivacy:
    """The `Privacy` of this composition."""

    def __init__(
        self,
        database: Database,
        database_url: str,
        holders: Mapping[str, PersonalData],
        *,
        forget: Callable[[str], None] | None = None,
    ) -> None:
        """`holders` in the order in which they forget: the accounts last, whose names the others look for. `forget` is told
        whom no authenticator may remember any longer."""
        self._database = database
        self._url = database_url
        self._holders = holders
        self._forget = forget

    async def export(self, actor: str, person: str) -> PersonalDataExport:
        """Everything held of a person, by id or address, at one moment. NotFound."""
        user_id = await self._user_id(person)
        async with self._database.read() as connection:
            data: dict[str, Any] = {
                name: found
                for name, holder in self._holders.items()
                if (found := await holder.export(connection, user_id))
            }
        async with self._database.unit_of_work() as unit:
            unit.record(AuditEvent(actor=actor, action="privacy:person:export", object=f"user:{user_id}"))
        return PersonalDataExport(user=user_id, exported_at=iso_utc_ms(self._database.clock.now_ms()), data=data)

    async def erase(self, actor: str, person: str, *, dry_run: bool = False) -> Erasure:
        """End what is held of a person, by id or address, in one commit; done again it changes nothing. NotFound; Conflict for
        the last active admin; StorageUnavailable, also when all is erased but the free space of the file is not overwritten:
        its message says so."""
        user_id = await self._user_id(person)
        rows: dict[str, dict[str, int]] = {}
        try:
            async with self._database.unit_of_work() as unit:
                now_ms = self._database.clock.now_ms()
                for name, holder in self._holders.items():
                    counts = await holder.erase(unit.connection, user_id, now_ms=now_ms)
                    if any(counts.values()):
                        rows[name] = {table: count for table, count in counts.items() if count}
                if dry_run:
                    raise _OnlyLooked
                count = sum(sum(counts.values()) for counts in rows.values())
                unit.record(
                    AuditEvent(
                        actor=actor, action="privacy:person:erase", object=f"user:{user_id}", facts={"rows": count}
                    )
                )
                if self._forget is not None:
                    forget = self._forget
                    unit.after_commit(lambda: forget(user_id))
        except _OnlyLooked:
            pass
        overwritten = False if dry_run else await overwrite_free_space(self._url)
        return Erasure(user=user_id, rows=rows, dry_run=dry_run, free_space_overwritten=overwritten)

    async def _user_id(self, person: str) -> str:
        async with self._database.read() as connection:
            found = await accounts.find_by_email(connection, person) if "@" in person else None
            return (found or await accounts.get(connection, person)).id


def holders_of(slices: Iterable[Slice]) -> dict[str, PersonalData]:
    """Every part that holds something of people, the accounts last."""
    found: dict[str, PersonalData] = {one.name: one.personal_data for one in slices if one.personal_data is not None}
    return {**found, "shared": SharedData(), ACCOUNTS: AccountData()}


def privacy_of(parts: Parts) -> PeoplesPrivacy:
    """Over the parts of a running process."""
    return PeoplesPrivacy(
        parts.database,
        parts.settings.database.url,
        holders_of(parts.slices),
        forget=parts.accounts.authenticator.forget,
    )
