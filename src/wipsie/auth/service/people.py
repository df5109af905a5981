"""Accounts of others and one's own profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wipsie.auth import accounts, one_time_links, sessions
from wipsie.auth.account_rights import MANAGE_USERS
from wipsie.auth.accounts import User
from wipsie.auth.events import event
from wipsie.auth.principal import Principal
from wipsie.auth.service.office import Office, checked_email, checked_name, checked_timezone, checked_work_days
from wipsie.auth.service.registration import checked_role
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict

PROFILE_FIELDS = frozenset({"name", "timezone", "work_days", "reader_only"})
"""What people change of themselves."""


class People:
    """Use cases of accounts that exist."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def change_profile(self, unit: UnitOfWork, principal: Principal, changes: Mapping[str, Any]) -> User:
        """Change one's own name, time zone or work days. InvalidInput."""
        before = await accounts.get(unit.connection, principal.user_id or "", hold=True)
        return await self._change(unit, principal, before, _checked(changes))

    async def change(self, unit: UnitOfWork, principal: Principal, before: User, changes: Mapping[str, Any]) -> User:
        """Change somebody's account, which this unit holds: role, activity, address, profile. Forbidden, Conflict for the last
        active admin, InvalidInput."""
        principal.check(MANAGE_USERS)
        if before.erased_at_ms is not None:
            raise Conflict("This account was erased; make a new one.", details={"user": before.id})
        return await self._change(unit, principal, before, _checked(changes))

    async def unlock(self, unit: UnitOfWork, principal: Principal, user_id: str) -> User:
        """Let somebody log in at once who failed too often. Forbidden, NotFound."""
        principal.check(MANAGE_USERS)
        user = await accounts.get(unit.connection, user_id)
        unit.record(event(principal.actor, "user", "unlock", user.id))
        return user

    async def _change(self, unit: UnitOfWork, principal: Principal, before: User, changes: dict[str, Any]) -> User:
        changes = {name: value for name, value in changes.items() if getattr(before, name) != value}
        if not changes:
            return before
        now_ms = self._office.clock.now_ms()
        after = await accounts.change(unit.connection, before, now_ms, changes)
        facts: dict[str, Any] = {"fields": "+".join(sorted(changes))}
        if "role" in changes:
            facts |= {"role_before": before.role, "role": after.role}
        if "is_active" in changes:
            facts["is_active"] = after.is_active
        if before.is_active and not after.is_active:
            facts["sessions_ended"] = await sessions.revoke(unit.connection, after.id, "deactivated", now_ms)
            await one_time_links.revoke(unit.connection, user_id=after.id)
        unit.record(event(principal.actor, "user", "change", after.id, **facts))
        unit.after_commit(lambda: self._office.authenticator.forget(after.id))
        return after


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    if "name" in checked:
        checked["name"] = checked_name(checked["name"])
    if "email" in checked:
        checked["email"] = checked_email(checked["email"])
        checked["email_key"] = accounts.email_key(checked["email"])
    if "timezone" in checked:
        checked["timezone"] = checked_timezone(checked["timezone"])
    if "work_days" in checked:
        checked["work_days"] = checked_work_days(checked["work_days"])
    if "role" in checked:
        checked["role"] = checked_role(checked["role"])
    return checked
