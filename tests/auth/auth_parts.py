"""The room `auth` alone over a database: no HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import msgspec

from wipsie.audit import AuditKeys, AuditLog
from wipsie.auth import accounts
from wipsie.auth.account_rights import ACCOUNT_RIGHTS
from wipsie.auth.accounts import User
from wipsie.auth.keyring import Keyring
from wipsie.auth.principal import Principal
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.login import LoggedIn
from wipsie.auth.service.office import fresh_user
from wipsie.auth.service.services import AccountServices, build_services
from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.kernel.ids import new_object_id
from wipsie.slices.tasks.rights import RIGHTS as QUEUE_RIGHTS
from wipsie.testing.clock import FakeClock

SECRET = bytes(range(32))
RIGHTS = (*ACCOUNT_RIGHTS, *QUEUE_RIGHTS)
PASSWORD = "seven pears 4 breakfast"
OTHER_PASSWORD = "nine plums 7 supper"
ADDRESS = "192.0.2.7"


@dataclass
class AuthParts:
    """One process."""

    database: Database
    clock: FakeClock
    keyring: Keyring
    services: AccountServices

    async def add(self, name: str, role: str = "member", *, password: str | None = PASSWORD, **fields: Any) -> User:
        """An account ``name@example.org``."""
        hashed = None if password is None else await self.services.office.hasher.hash(password)
        user = fresh_user(
            user_id=new_object_id(accounts.ID_PREFIX, self.clock.now_ms()),
            email=f"{name}@example.org",
            name=name.capitalize(),
            role=role,
            now_ms=self.clock.now_ms(),
            created_by=None,
            password=hashed,
        )
        async with self.database.begin() as connection:
            await accounts.add(connection, msgspec.structs.replace(user, **fields))
        return await self.get(user)

    async def log_in(self, name: str, password: str = PASSWORD, address: str = ADDRESS) -> LoggedIn:
        return await self.services.login.log_in(
            email=f"{name}@example.org", password=password, address=address, user_agent="tests"
        )

    async def get(self, user: User) -> User:
        """The account as it is now."""
        async with self.database.read() as connection:
            return await accounts.get(connection, user.id)

    def as_user(self, user: User) -> Principal:
        """What the authenticator makes of them."""
        return Principal(
            kind="user",
            id=user.id,
            user_id=user.id,
            role=user.role,
            extents=RightsTable(RIGHTS).of(user.role),
        )

    def other_process(self, keyring: Keyring | None = None) -> AccountServices:
        """The same accounts, seen by a process with a memory of its own."""
        return _services(self.database, keyring or self.keyring, self.clock, "invited")


def _services(database: Database, keyring: Keyring, clock: FakeClock, registration: Any) -> AccountServices:
    rights = RightsTable(RIGHTS)
    return build_services(
        database=database,
        shared=DatabaseSharedStore(database, clock=clock),
        keyring=lambda: keyring,
        rights=lambda: rights,
        clock=clock,
        public_url=lambda: "https://wipsie.example.org",
        registration=registration,
        password_cost=4,
    )


@contextlib.asynccontextmanager
async def open_auth_parts(database_url: str, *, registration: str = "invited") -> AsyncGenerator[AuthParts]:
    """Over a migrated, empty database."""
    clock = FakeClock()
    database = Database(database_url, clock=clock, pool_size=6, max_overflow=6)
    database.record_with(AuditLog(lambda: AuditKeys([SECRET]), clock))
    await database.start()
    keyring = Keyring([SECRET])
    services = _services(database, keyring, clock, registration)
    try:
        yield AuthParts(database, clock, keyring, services)
    finally:
        await services.stop()
        await database.stop()
