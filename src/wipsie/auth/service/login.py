"""Logging in and out."""

from __future__ import annotations

import msgspec

from wipsie.auth import accounts, sessions
from wipsie.auth.account_rights import MANAGE_SESSIONS
from wipsie.auth.accounts import User
from wipsie.auth.events import event, login_failed
from wipsie.auth.password_hasher import PasswordHash
from wipsie.auth.principal import Principal
from wipsie.auth.service.office import Office, stored_hash
from wipsie.auth.sessions import Session
from wipsie.auth.tokens import LIFETIME_S
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import LoginFailed, NotFound
from wipsie.kernel.ids import new_object_id


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session."""

    user: User
    session: Session
    token: str


class Login:
    """Use cases of sessions."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def log_in(self, *, email: str, password: str, address: str, user_agent: str | None) -> LoggedIn:
        """Begin a session. LoginThrottled before anything is checked; LoginFailed, which does not say what was wrong, and
        takes as long for an account that is not there; Unavailable."""
        office = self._office
        await office.throttle.begin(email, address)
        async with office.database.read() as connection:
            user = await accounts.find_by_email(connection, email)
        verdict = await office.hasher.verify(password, stored_hash(user))
        if user is None or not verdict.ok:
            async with office.database.unit_of_work() as unit:
                unit.record(login_failed(office.throttle.name_of(email), None if user is None else user.id))
            raise _failed()
        fresh = await office.hasher.hash(password) if verdict.is_old else None
        async with office.database.unit_of_work() as unit:
            # Held, so that a session is never begun while its person is being deactivated.
            current = await accounts.hold(unit.connection, user.id)
            if stored_hash(current) != stored_hash(user):
                # Deactivated, erased or given another password while it was checked.
                raise _failed()
            if fresh is not None:
                await self._keep_fresh_hash(unit, current, fresh)
            logged_in = await self.open_session(unit, current, address=address, user_agent=user_agent)
        await office.throttle.forget(user.email)
        return logged_in

    async def open_session(
        self, unit: UnitOfWork, user: User, *, address: str | None, user_agent: str | None
    ) -> LoggedIn:
        """A session for somebody who has shown who they are."""
        office = self._office
        now_ms = office.clock.now_ms()
        session = Session(
            id=new_object_id(sessions.ID_PREFIX, now_ms),
            user_id=user.id,
            issued_at_ms=now_ms,
            expires_at_ms=now_ms + LIFETIME_S * 1000,
            last_seen_at_ms=now_ms,
            address=_printable(address),
            user_agent=_printable(user_agent),
        )
        await sessions.add(unit.connection, session)
        unit.record(event(f"user:{user.id}", "session", "create", session.id))
        token = office.tokens.make(
            user_id=user.id, session_id=session.id, role=user.role, expires_at_ms=session.expires_at_ms
        )
        return LoggedIn(user=user, session=session, token=token)

    async def log_out(self, unit: UnitOfWork, principal: Principal) -> None:
        """End the session one is in; a key has none, and nothing happens."""
        if principal.session_id is not None and principal.user_id is not None:
            await self._revoke(unit, principal, principal.user_id, "logout", session_id=principal.session_id)

    async def end(self, unit: UnitOfWork, principal: Principal, session_id: str) -> None:
        """End a session. NotFound for one that is not there, has ended, or is not one's own to end."""
        found = await sessions.find(unit.connection, session_id)
        if found is None or not principal.may(MANAGE_SESSIONS, own=found.user_id == principal.user_id):
            raise _no_session(session_id)
        if not await self._revoke(unit, principal, found.user_id, "ended", session_id=found.id):
            raise _no_session(session_id)

    async def end_others(self, unit: UnitOfWork, principal: Principal) -> int:
        """End all one's sessions but the one this is asked in; how many."""
        if principal.user_id is None:
            return 0
        return await self._revoke(unit, principal, principal.user_id, "ended", but=principal.session_id)

    async def _revoke(
        self,
        unit: UnitOfWork,
        principal: Principal,
        user_id: str,
        because: str,
        *,
        session_id: str | None = None,
        but: str | None = None,
    ) -> int:
        ended = await sessions.revoke(
            unit.connection, user_id, because, self._office.clock.now_ms(), session_id=session_id, but=but
        )
        if ended:
            unit.record(
                event(principal.actor, "session", "revoke", session_id or f"of-{user_id}", ended=ended, because=because)
            )
        unit.after_commit(lambda: self._office.authenticator.forget(user_id))
        return ended

    async def _keep_fresh_hash(self, unit: UnitOfWork, user: User, fresh: PasswordHash) -> None:
        await accounts.change(
            unit.connection,
            user,
            self._office.clock.now_ms(),
            {"password_hash": fresh.text, "password_key_id": fresh.key_id},
        )
        unit.record(event(f"user:{user.id}", "password", "rehash", user.id))


def _printable(text: str | None) -> str | None:
    if text is None:
        return None
    bounded = text[: sessions.CLIENT_CHARACTERS_MAX]
    return "".join(character if character.isprintable() else "?" for character in bounded)


def _failed() -> LoginFailed:
    return LoginFailed("E-mail or password is wrong.")


def _no_session(session_id: str) -> NotFound:
    return NotFound("There is no such session, or it has ended.", details={"kind": "session", "id": session_id[:60]})
