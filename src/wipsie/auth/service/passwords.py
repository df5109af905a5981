"""Changing a password that is known, and setting a new one by a link when it is not."""

from __future__ import annotations

from wipsie.auth import accounts, one_time_links, sessions
from wipsie.auth.accounts import User
from wipsie.auth.events import event
from wipsie.auth.password_hasher import PasswordHash
from wipsie.auth.principal import Principal
from wipsie.auth.service.office import Office, stored_hash
from wipsie.auth.service.registration import MadeLink, Registration
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Forbidden, LoginFailed


class Passwords:
    """Use cases of passwords."""

    def __init__(self, office: Office, registration: Registration) -> None:
        self._office = office
        self._registration = registration

    async def change(self, principal: Principal, *, current: str, new: str, address: str) -> None:
        """Set a new password with the present one; all other sessions end. LoginFailed, LoginThrottled, InvalidInput."""
        office = self._office
        if principal.kind != "user" or principal.user_id is None:
            raise Forbidden("A password is changed by its person; log in for it.")
        async with office.database.read() as connection:
            user = await accounts.get(connection, principal.user_id)
        await office.throttle.begin(user.email, address)
        verdict = await office.hasher.verify(current, stored_hash(user))
        if not verdict.ok:
            raise LoginFailed("The present password is wrong.")
        await office.throttle.forget(user.email)
        fresh = await office.hashed(new, [user.name, user.email])
        async with office.database.unit_of_work() as unit:
            await self.keep(unit, principal.actor, user.id, fresh, "change", but=principal.session_id)

    async def forgot(self, *, email: str, address: str) -> None:
        """Mail a link for a new password, if there is such an account; whether there is, nobody learns. LoginThrottled."""
        office = self._office
        await office.throttle.check_address(address)
        async with office.database.read() as connection:
            user = await accounts.find_by_email(connection, email)
        anonymous = Principal(kind="system", id="accounts")
        async with office.database.unit_of_work() as unit:
            if user is None or not user.is_active:
                # As much is written either way.
                unit.record(event(anonymous.actor, "link", "refuse", "none"))
                return
            await one_time_links.revoke(unit.connection, kind="reset", user_id=user.id)
            await self._registration.make_link(unit, anonymous, "reset", user_id=user.id, mail_to=user.email)

    async def reset(self, *, token: str, password: str) -> User:
        """Set a new password by a link; all sessions end. Unauthorized, InvalidInput, Unavailable."""
        office = self._office
        now_ms = office.clock.now_ms()
        async with office.database.read() as connection:
            link = await one_time_links.find(connection, token, now_ms)
            user = None if link.user_id is None else await accounts.find(connection, link.user_id)
        if link.kind != "reset" or user is None or not user.is_active:
            raise one_time_links.spent()
        fresh = await office.hashed(password, [user.name, user.email])
        async with office.database.unit_of_work() as unit:
            await one_time_links.use(unit.connection, token, ("reset",), now_ms)
            user = await self.keep(unit, f"user:{user.id}", user.id, fresh, "reset")
        await office.throttle.forget(user.email)
        return user

    async def reset_link(self, unit: UnitOfWork, principal: Principal, user_id: str) -> MadeLink:
        """A link with which somebody sets a new password; older ones end. NotFound."""
        user = await accounts.get(unit.connection, user_id)
        await one_time_links.revoke(unit.connection, kind="reset", user_id=user.id)
        return await self._registration.make_link(unit, principal, "reset", user_id=user.id, mail_to=user.email)

    async def set(self, principal: Principal, user_id: str, password: str) -> None:
        """Set somebody's password by hand; all their sessions end. NotFound, InvalidInput."""
        office = self._office
        async with office.database.read() as connection:
            user = await accounts.get(connection, user_id)
        fresh = await office.hashed(password, [user.name, user.email])
        async with office.database.unit_of_work() as unit:
            await self.keep(unit, principal.actor, user.id, fresh, "set")
        await office.throttle.forget(user.email)

    async def keep(
        self, unit: UnitOfWork, actor: str, user_id: str, fresh: PasswordHash, verb: str, *, but: str | None = None
    ) -> User:
        """Write a new hash and end the sessions that came by the old one, but for `but`."""
        now_ms = self._office.clock.now_ms()
        before = await accounts.get(unit.connection, user_id, hold=True)
        user = await accounts.change(
            unit.connection,
            before,
            now_ms,
            {"password_hash": fresh.text, "password_key_id": fresh.key_id, "password_changed_at_ms": now_ms},
        )
        ended = await sessions.revoke(unit.connection, user.id, "password", now_ms, but=but)
        unit.record(event(actor, "password", verb, user.id, sessions_ended=ended))
        unit.after_commit(lambda: self._office.authenticator.forget(user.id))
        return user
