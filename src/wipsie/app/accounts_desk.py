"""The desk where commands ask for accounts and keys: beside a running Wipsie or without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import select

from wipsie.api.accounts.schemas import KeyView, LinkView, MadeKeyView, MadeUser, UserView
from wipsie.api.accounts.views import key_view, link_view, made_key_view, user_view
from wipsie.app.instances import running_instances
from wipsie.app.parts import Parts, build_parts
from wipsie.app.serve import prepare_database
from wipsie.app.settings import Settings
from wipsie.auth import accounts, api_keys
from wipsie.auth.accounts import User, user_of, users_table
from wipsie.auth.principal import Principal
from wipsie.auth.rights import ADMIN
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import NotFound


class AccountsDesk:
    """What commands may do with accounts: all that an admin may. People are named by address or id."""

    def __init__(self, parts: Parts) -> None:
        self._database = parts.database
        self._services = parts.accounts
        # Whoever may use the data folder.
        self._principal = Principal(kind="cli", id="", extents=parts.rights.of(ADMIN))

    async def list(self, *, role: str | None, limit: int) -> Sequence[UserView]:
        """People by name, those who left aside."""
        columns = users_table.c
        wanted = (
            select(users_table).where(columns.erased_at_ms.is_(None)).order_by(columns.name, columns.id).limit(limit)
        )
        if role is not None:
            wanted = wanted.where(columns.role == role)
        async with self._database.read() as connection:
            return [self._view(user_of(row)) for row in (await connection.execute(wanted)).mappings()]

    async def _find(self, person: str) -> User:
        async with self._database.read() as connection:
            if "@" not in person:
                return await accounts.get(connection, person)
            found = await accounts.find_by_email(connection, person)
        if found is None:
            raise NotFound("There is no account with this address; see: wipsie users list", details={"kind": "user"})
        return found

    async def create(self, *, email: str, name: str, role: str) -> MadeUser:
        """An account, and the link with which its person sets the password. Conflict, InvalidInput."""
        async with self._database.unit_of_work() as unit:
            user, made = await self._services.registration.create(
                unit, self._principal, email=email, name=name, role=role
            )
        return MadeUser(user=self._view(user), link=link_view(made))

    async def invite(self, *, email: str | None, role: str) -> LinkView:
        """A link with which somebody makes an account. RegistrationClosed, Conflict, InvalidInput."""
        async with self._database.unit_of_work() as unit:
            made = await self._services.registration.invite(unit, self._principal, email=email, role=role)
        return link_view(made)

    async def change(self, person: str, **changes: object) -> UserView:
        """Role or activity of somebody. NotFound, Conflict for the last active admin, InvalidInput."""
        user = await self._find(person)
        async with self._database.unit_of_work() as unit:
            user = await self._services.people.change(unit, self._principal, user.id, changes)
        return self._view(user)

    async def unlock(self, person: str) -> UserView:
        """Let somebody log in at once who failed too often. NotFound."""
        user = await self._find(person)
        await self._services.people.unlock(self._principal, user.id)
        return self._view(user)

    async def reset_link(self, person: str) -> LinkView:
        """A link with which somebody sets a new password. NotFound, Conflict."""
        user = await self._find(person)
        async with self._database.unit_of_work() as unit:
            made = await self._services.passwords.reset_link(unit, self._principal, user.id)
        return link_view(made)

    async def set_password(self, person: str, password: str) -> UserView:
        """Set somebody's password; all their sessions end. NotFound, Conflict, InvalidInput."""
        user = await self._find(person)
        return self._view(await self._services.passwords.set(self._principal, user.id, password))

    async def list_keys(self, person: str | None) -> Sequence[KeyView]:
        """Keys that were not revoked, of somebody or of all, the newest first. NotFound."""
        user = None if person is None else await self._find(person)
        async with self._database.read() as connection:
            return [key_view(key) for key in await api_keys.unrevoked(connection, None if user is None else user.id)]

    async def create_key(
        self, person: str, *, name: str, scopes: Sequence[str], allow: Sequence[str], lifetime_days: int | None
    ) -> MadeKeyView:
        """A key that acts for somebody, by scopes or by rules for queues. NotFound, Conflict, InvalidInput."""
        user = await self._find(person)
        async with self._database.unit_of_work() as unit:
            made = await self._services.keys.create(
                unit,
                self._principal,
                owner_id=user.id,
                name=name,
                scopes=scopes,
                allow=allow,
                lifetime_days=lifetime_days,
            )
        return made_key_view(made)

    async def revoke_key(self, key_id: str) -> KeyView:
        """Take a key back. NotFound."""
        async with self._database.unit_of_work() as unit:
            return key_view(await self._services.keys.revoke(unit, self._principal, key_id))

    def _view(self, user: User) -> UserView:
        return user_view(user, self._principal)


@asynccontextmanager
async def opened_accounts_desk(settings: Settings, clock: Clock) -> AsyncGenerator[AccountsDesk]:
    """The desk of this data folder. Another process learns of a change within seconds."""
    await prepare_database(settings, migrate=False)
    parts = build_parts(settings, clock)
    for one in running_instances(settings.data_dir):
        if one.address is not None:
            parts.public_url.listens_at(one.address)
    await parts.database.start()
    try:
        await parts.shared.start()
        yield AccountsDesk(parts)
    finally:
        await parts.accounts.stop()
        await parts.shared.stop()
        await parts.database.stop()
