"""Accounts of others and one's own profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wipsie.auth import accounts, one_time_links, sessions
from wipsie.auth.account_fields import clean_email, clean_name, clean_role, clean_timezone, clean_work_days
from wipsie.auth.account_rights import MANAGE_USERS
from wipsie.auth.accounts import User
from wipsie.auth.events import event
from wipsie.auth.principal import Principal
from wipsie.auth.service.office import Office
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict, Forbidden

PROFILE_FIELDS = frozenset({"name", "timezone", "work_days", "reader_only"})
"""What people change of themselves."""

Check = Callable[[User], None]


def _any(_user: User) -> None:
    """Whatever version there is."""


class People:
    """Use cases of accounts that exist."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def change_profile(
        self, unit: UnitOfWork, principal: Principal, changes: Mapping[str, Any], check: Check = _any
    ) -> User:
        """Change one's own name, time zone or work days. Forbidden for a key, InvalidInput, and what `check` raises of the
        account as it is."""
        if principal.kind != "user" or principal.user_id is None:
            raise Forbidden("A profile is changed by its person; log in for it.")
        before = await accounts.hold(unit.connection, principal.user_id)
        check(before)
        return await self._change(unit, principal, before, _checked(changes))

    async def change(
        self, unit: UnitOfWork, principal: Principal, user_id: str, changes: Mapping[str, Any], check: Check = _any
    ) -> User:
        """Change somebody's account: role, activity, address, profile. Forbidden, NotFound, Conflict for the last active
        admin, InvalidInput, and what `check` raises of the account as it is."""
        principal.check(MANAGE_USERS)
        before = await accounts.hold(unit.connection, user_id, with_admins=True)
        check(before)
        if before.erased_at_ms is not None:
            raise Conflict("This account was erased; make a new one.", details={"user": before.id})
        return await self._change(unit, principal, before, _checked(changes))

    async def unlock(self, principal: Principal, user_id: str) -> None:
        """Let somebody log in at once who failed too often. Forbidden, NotFound."""
        principal.check(MANAGE_USERS)
        async with self._office.database.unit_of_work() as unit:
            user = await accounts.get(unit.connection, user_id)
            unit.record(event(principal.actor, "user", "unlock", user.id))
        await self._office.throttle.forget(user.email)

    async def _change(self, unit: UnitOfWork, principal: Principal, before: User, changes: dict[str, Any]) -> User:
        changes = {name: value for name, value in changes.items() if getattr(before, name) != value}
        if not changes:
            return before
        now_ms = self._office.clock.now_ms()
        after = await accounts.change(unit.connection, before, now_ms, changes)
        if "role" in changes:
            unit.record(
                event(principal.actor, "user", "change_role", after.id, role_before=before.role, role=after.role)
            )
        if before.is_active and not after.is_active:
            ended = await sessions.revoke(unit.connection, after.id, "deactivated", now_ms)
            await one_time_links.revoke(unit.connection, user_id=after.id)
            unit.record(event(principal.actor, "user", "deactivate", after.id, sessions_ended=ended))
        elif after.is_active and not before.is_active:
            unit.record(event(principal.actor, "user", "activate", after.id))
        others = sorted(changes.keys() - {"role", "is_active", "email_key"})
        if others:
            unit.record(event(principal.actor, "user", "change", after.id, fields="+".join(others)))
        if "email" in changes:
            # They lie in the old mailbox.
            await one_time_links.revoke(unit.connection, kind="reset", user_id=after.id)
        unit.after_commit(lambda: self._office.authenticator.forget(after.id))
        return after


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    if "name" in checked:
        checked["name"] = clean_name(checked["name"])
    if "email" in checked:
        checked["email"] = clean_email(checked["email"])
        checked["email_key"] = accounts.email_key(checked["email"])
    if "timezone" in checked:
        checked["timezone"] = clean_timezone(checked["timezone"])
    if "work_days" in checked:
        checked["work_days"] = clean_work_days(checked["work_days"])
    if "role" in checked:
        checked["role"] = clean_role(checked["role"])
    return checked
