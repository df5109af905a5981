"""All use cases of accounts, composed: one of these per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wipsie.auth.authenticator import AccountAuthenticator
from wipsie.auth.errands import Errands
from wipsie.auth.keyring import Keyring
from wipsie.auth.password_hasher import COST, PasswordHasher
from wipsie.auth.rights import RightsTable
from wipsie.auth.service.keys import Keys
from wipsie.auth.service.login import Login
from wipsie.auth.service.office import Office
from wipsie.auth.service.passwords import Passwords
from wipsie.auth.service.people import People
from wipsie.auth.service.registration import Registration, RegistrationMode
from wipsie.auth.throttle import LoginThrottle
from wipsie.auth.tokens import Tokens
from wipsie.database import Database
from wipsie.database.shared_store import SharedStore
from wipsie.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class AccountServices:
    """What routes and commands ask of accounts."""

    office: Office
    login: Login
    registration: Registration
    passwords: Passwords
    people: People
    keys: Keys

    @property
    def authenticator(self) -> AccountAuthenticator:
        """Says who stands behind a token."""
        return self.office.authenticator

    async def stop(self) -> None:
        """Wait for what is on its way, and end the threads."""
        await self.office.errands.stop()
        await self.office.hasher.stop()


def build_services(
    *,
    database: Database,
    shared: SharedStore,
    keyring: Callable[[], Keyring],
    rights: Callable[[], RightsTable],
    clock: Clock,
    public_url: Callable[[], str],
    registration: RegistrationMode,
    password_cost: int = COST,
) -> AccountServices:
    """Opens nothing and starts no thread. `rights` is asked when somebody first signs in. `password_cost` is bcrypt's; lower
    ones are for tests."""
    tokens = Tokens(keyring, clock)
    office = Office(
        database=database,
        clock=clock,
        hasher=PasswordHasher(keyring, cost=password_cost),
        throttle=LoginThrottle(shared, keyring, clock),
        tokens=tokens,
        authenticator=AccountAuthenticator(database, tokens, keyring, rights, clock),
        errands=Errands(),
        public_url=public_url,
    )
    login = Login(office)
    registrar = Registration(office, login, registration)
    return AccountServices(
        office=office,
        login=login,
        registration=registrar,
        passwords=Passwords(office, registrar),
        people=People(office),
        keys=Keys(office, rights, keyring),
    )
