"""What all use cases of accounts work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wipsie.auth import accounts
from wipsie.auth.accounts import User
from wipsie.auth.authenticator import AccountAuthenticator
from wipsie.auth.errands import Errands
from wipsie.auth.password_hasher import PasswordHash, PasswordHasher
from wipsie.auth.password_policy import check_password
from wipsie.auth.throttle import LoginThrottle
from wipsie.auth.tokens import Tokens
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import ObjectId


@dataclass(frozen=True, kw_only=True)
class Office:
    """The means of the use cases, composed once."""

    database: Database
    clock: Clock
    hasher: PasswordHasher
    throttle: LoginThrottle
    tokens: Tokens
    authenticator: AccountAuthenticator
    errands: Errands
    public_url: Callable[[], str]
    """What people type to reach this Wipsie, without a slash at its end."""

    async def hashed(self, password: str, hints: Sequence[str], *, field: str = "password") -> PasswordHash:
        """A good password's hash; made before a transaction begins, since it takes its time. InvalidInput, Unavailable."""
        await self.hasher.run(lambda: check_password(password, hints, field=field))
        return await self.hasher.hash(password)

    def link(self, kind: str, token: str) -> str:
        """Where a person opens a one-time link. After the #, so that no server or proxy on the way logs the token."""
        return f"{self.public_url()}/account#{kind}={token}"


def fresh_user(
    *,
    user_id: ObjectId,
    email: str,
    name: str,
    role: str,
    now_ms: int,
    created_by: str | None,
    password: PasswordHash | None,
) -> User:
    """An account that is about to be added."""
    return User(
        id=user_id,
        email=email,
        email_key=accounts.email_key(email),
        name=name,
        role=role,
        is_active=True,
        timezone="UTC",
        work_days=list(accounts.WORK_DAYS),
        reader_only=False,
        password_hash=None if password is None else password.text,
        password_key_id=None if password is None else password.key_id,
        password_changed_at_ms=None if password is None else now_ms,
        created_at_ms=now_ms,
        created_by=created_by,
        updated_at_ms=now_ms,
        version=1,
    )


def stored_hash(user: User | None) -> PasswordHash | None:
    """The hash of an account that can log in."""
    if user is None or not user.is_active or user.password_hash is None or user.password_key_id is None:
        return None
    return PasswordHash(user.password_hash, user.password_key_id)
