"""Password hashes: bcrypt over a keyed digest, made in threads of their own, with a bound on how many wait.

    bcrypt(cost, base64(HMAC-SHA-384(pepper, NFC(password))))

The digest lets passwords be longer than the 72 bytes bcrypt looks at; its key is not in the database, so stolen hashes
alone are worth nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from wipsie.auth.keyring import Keyring
from wipsie.kernel.errors import Unavailable

COST = 12
WAITING_MAX = 50
_PURPOSE = "password"
_DUMMY = "$2b${cost:02}$" + "u" * 22 + "o" * 31
"""In the form of a hash, of no password: what is checked where there is none."""
ResultT = TypeVar("ResultT")


class PasswordHash(msgspec.Struct, frozen=True):
    """As it is stored."""

    text: str
    """bcrypt's usual form, ``$2b$12$…``."""
    key_id: str
    """Of the secret behind its pepper."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a password is the right one, and whether its hash should be made anew."""

    ok: bool
    is_old: bool = False
    """Made with another secret or cost than today's."""


class PasswordHasher:
    """One per process. Starts no thread before the first password."""

    def __init__(self, keyring: Callable[[], Keyring], *, cost: int = COST, threads: int | None = None) -> None:
        self._keyring = keyring
        self._cost = cost
        self._threads = threads or os.cpu_count() or 1
        self._pool: ThreadPoolExecutor | None = None
        self._at_work = 0

    async def hash(self, password: str) -> PasswordHash:
        """A fresh hash. Unavailable when too many wait already."""
        return await self.run(lambda: self._hash(password))

    async def verify(self, password: str, stored: PasswordHash | None) -> Verdict:
        """Whether `password` is the stored one. None, for an account that is not there, takes the same time and is never
        right. Unavailable."""
        return await self.run(lambda: self._verify(password, stored))

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """Run something heavy beside the hashing, under the same bound. Unavailable."""
        if self._at_work >= self._threads + WAITING_MAX:
            raise Unavailable("Too many passwords are being checked; try again in some seconds.", retry_after_s=5)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="password")
        self._at_work += 1
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        running.add_done_callback(self._done)
        # Shielded: who stops waiting does not stop the thread, which counts until it is done.
        return await asyncio.shield(running)

    async def stop(self) -> None:
        """End the threads."""
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
            self._pool = None

    def _done(self, running: asyncio.Future[Any]) -> None:
        self._at_work -= 1
        if not running.cancelled():
            running.exception()

    def _hash(self, password: str) -> PasswordHash:
        keyring = self._keyring()
        return PasswordHash(self._bcrypt().hash(_digest(keyring, keyring.current, password)), keyring.current)

    def _verify(self, password: str, stored: PasswordHash | None) -> Verdict:
        keyring, bcrypt = self._keyring(), self._bcrypt()
        if stored is None or stored.key_id not in keyring.ids:
            bcrypt.verify(_digest(keyring, keyring.current, password), _DUMMY.format(cost=self._cost))
            return Verdict(ok=False)
        ok = bcrypt.verify(_digest(keyring, stored.key_id, password), stored.text)
        return Verdict(ok=ok, is_old=stored.key_id != keyring.current or bcrypt.check_needs_rehash(stored.text))

    def _bcrypt(self) -> Any:
        from pwdlib.hashers.bcrypt import BcryptHasher

        return BcryptHasher(rounds=self._cost)


def _digest(keyring: Keyring, key_id: str, password: str) -> bytes:
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(keyring.derive(_PURPOSE, key_id), text, "sha384"))
