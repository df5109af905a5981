"""Changing a password that is known, and setting a new one by a link when it is not."""

from __future__ import annotations

from wipsie.auth import accounts, one_time_links, sessions
from wipsie.auth.account_fields import refused
from wipsie.auth.account_rights import MANAGE_USERS
from wipsie.auth.accounts import User
from wipsie.auth.events import ANONYMOUS, event, login_failed
from wipsie.auth.password_hasher import PasswordHash
from wipsie.auth.principal import Principal
from wipsie.auth.service.office import Office, stored_hash
from wipsie.auth.service.registration import MadeLink, Registration
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict, Forbidden

_SOMEBODY = Principal(kind="system", id=ANONYMOUS)
"""Who asks for a link without having shown who they are."""


class Passwords:
    """Use cases of passwords."""

    def __init__(self, office: Office, registration: Registration) -> None:
        self._office = office
        self._registration = registration

    async def change(self, principal: Principal, *, current: str, new: str, address: str) -> None:
        """Set a new password with the present one; all other sessions end. Forbidden for a key, LoginThrottled, InvalidInput."""
        office = self._office
        if principal.kind != "user" or principal.user_id is None:
            raise Forbidden("A password is changed by its person; log in for it.")
        async with office.database.read() as connection:
            user = await accounts.get(connection, principal.user_id)
        # Whoever found somebody's console open guesses no faster than at the login.
        await office.throttle.begin(user.email, address)
        verdict = await office.hasher.verify(current, stored_hash(user))
        if not verdict.ok:
            async with office.database.unit_of_work() as unit:
                unit.record(login_failed(office.throttle.name_of(user.email), user.id))
            raise refused("current_password", "is not your present password")
        await office.throttle.forget(user.email)
        fresh = await office.hashed(new, [user.name, user.email], field="new_password")
        async with office.database.unit_of_work() as unit:
            await self.keep(unit, principal.actor, user.id, fresh, "change", but=principal.session_id)

    async def forgot(self, *, email: str, address: str) -> None:
        """Mail a link for a new password, if there is such an account; whether there is, nobody learns, not even by the time
        this takes. LoginThrottled, Unavailable."""
        office = self._office
        await office.throttle.check_address(address)
        async with office.database.read() as connection:
            user = await accounts.find_by_email(connection, email)

        async def mail_link() -> None:
            # To the address of the account, which need not be written like the one that was typed.
            if user is not None and user.is_active and await office.throttle.may_mail(user.email):
                async with office.database.unit_of_work() as unit:
                    await self._fresh_link(unit, _SOMEBODY, user)

        office.errands.send(mail_link)

    async def reset(self, *, token: str, password: str) -> User:
        """Set a new password by a link; all sessions and other such links end. Unauthorized, InvalidInput, Unavailable."""
        office = self._office
        now_ms = office.clock.now_ms()
        async with office.database.read() as connection:
            link = await one_time_links.find(connection, token, now_ms)
            user = None if link.user_id is None else await accounts.find(connection, link.user_id)
        if link.kind != "reset" or user is None or not user.is_active:
            raise one_time_links.spent()
        fresh = await office.hashed(password, [user.name, user.email])
        async with office.database.unit_of_work() as unit:
            await one_time_links.use(unit.connection, token, ("reset",), office.clock.now_ms())
            user = await self.keep(unit, f"user:{user.id}", user.id, fresh, "reset")
        await office.throttle.forget(user.email)
        return user

    async def reset_link(self, unit: UnitOfWork, principal: Principal, user_id: str) -> MadeLink:
        """A link with which somebody sets a new password, mailed too; older ones end. Forbidden, NotFound, Conflict."""
        principal.check(MANAGE_USERS)
        user = await accounts.get(unit.connection, user_id)
        if not user.is_active:
            raise Conflict("This account is not active; activate it first.", details={"user": user.id})
        return await self._fresh_link(unit, principal, user)

    async def set(self, principal: Principal, user_id: str, password: str) -> User:
        """Set somebody's password by hand; all their sessions end. Forbidden, NotFound, Conflict, InvalidInput."""
        principal.check(MANAGE_USERS)
        office = self._office
        async with office.database.read() as connection:
            user = await accounts.get(connection, user_id)
        if user.erased_at_ms is not None:
            raise Conflict("This account was erased; make a new one.", details={"user": user.id})
        fresh = await office.hashed(password, [user.name, user.email])
        async with office.database.unit_of_work() as unit:
            user = await self.keep(unit, principal.actor, user.id, fresh, "set")
        await office.throttle.forget(user.email)
        return user

    async def _fresh_link(self, unit: UnitOfWork, principal: Principal, user: User) -> MadeLink:
        await one_time_links.revoke(unit.connection, kind="reset", user_id=user.id)
        return await self._registration.make_link(unit, principal, "reset", user_id=user.id, mail_to=user.email)

    async def keep(
        self, unit: UnitOfWork, actor: str, user_id: str, fresh: PasswordHash, verb: str, *, but: str | None = None
    ) -> User:
        """Write a new hash and end the sessions that came by the old one, but for `but`."""
        now_ms = self._office.clock.now_ms()
        before = await accounts.hold(unit.connection, user_id)
        user = await accounts.change(
            unit.connection,
            before,
            now_ms,
            {"password_hash": fresh.text, "password_key_id": fresh.key_id, "password_changed_at_ms": now_ms},
        )
        ended = await sessions.revoke(unit.connection, user.id, "password", now_ms, but=but)
        await one_time_links.revoke(unit.connection, kind="reset", user_id=user.id)
        unit.record(event(actor, "password", verb, user.id, sessions_ended=ended))
        unit.after_commit(lambda: self._office.authenticator.forget(user.id))
        return user
