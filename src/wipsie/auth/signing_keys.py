"""Says, for a request signed as for Amazon, with which secret it has to be signed and what its key may do at this moment.

As of tokens, the answer is remembered for some seconds; what this process changes itself it forgets at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from wipsie.auth import accounts, api_keys
from wipsie.auth.keyring import Keyring
from wipsie.auth.queue_rights import QueueRights
from wipsie.auth.rights import Extent
from wipsie.auth.signing_secrets import is_access_key_id, signing_secret
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.telemetry.logging import get_logger

_REMEMBERED_MAX = 10_000
_TOLD_MAX = 1_000

_log = get_logger(__name__)


class SigningKey(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A key that is good now."""

    id: str
    access_key_id: str
    user_id: str
    secret: str
    rights: QueueRights
    until_s: float
    """Remembered until then, on the monotonic clock."""
    ends_at_ms: int | None
    """When it ends by itself."""
    last_used_at_ms: int


class SigningKeys:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keyring: Callable[[], Keyring],
        extents: Callable[[str], Mapping[str, Extent]],
        clock: Clock,
        *,
        remembered_s: float,
        note_used: Callable[[str, int, int], None],
    ) -> None:
        """`extents`: what a role may do. `note_used` is told of the id of a key, of when it was last used as far as the database
        knows, and of now."""
        self._database = database
        self._keyring = keyring
        self._extents = extents
        self._clock = clock
        self._remembered_s = remembered_s
        self._note_used = note_used
        self._remembered: OrderedDict[str, SigningKey] = OrderedDict()
        self._forgotten = 0
        self._told: set[str] = set()
        """Keys whose secret is lost, as the log says already."""

    async def find(self, access_key_id: str) -> SigningKey | None:
        """The key of an id; None for one that is unknown, ended, or of somebody who may no longer sign in.
        StorageUnavailable."""
        now_ms = self._clock.now_ms()
        known = self._remembered.get(access_key_id)
        if known is None or self._clock.monotonic() >= known.until_s:
            if not is_access_key_id(access_key_id):
                return None
            forgotten = self._forgotten
            known = await self._look(access_key_id)
            if known is None:
                self._remembered.pop(access_key_id, None)
                return None
            if forgotten == self._forgotten:
                self._remember(known)
        return known if known.ends_at_ms is None or now_ms < known.ends_at_ms else None

    def note_used(self, key: SigningKey) -> None:
        """Somebody signed with it."""
        self._note_used(key.id, key.last_used_at_ms, self._clock.now_ms())

    def forget(self, user_id: str) -> None:
        """Somebody's role, activity or keys changed: look again with the next request."""
        self._forgotten += 1
        for access_key_id in [one for one, known in self._remembered.items() if known.user_id == user_id]:
            del self._remembered[access_key_id]

    def _remember(self, key: SigningKey) -> None:
        self._remembered[key.access_key_id] = key
        self._remembered.move_to_end(key.access_key_id)
        while len(self._remembered) > _REMEMBERED_MAX:
            self._remembered.popitem(last=False)

    async def _look(self, access_key_id: str) -> SigningKey | None:
        async with self._database.read() as connection:
            key = await api_keys.find_by_access_key(connection, access_key_id)
            user = None if key is None else await accounts.find(connection, key.user_id)
        if key is None or key.revoked_at_ms is not None or user is None or not user.is_active:
            return None
        try:
            secret = signing_secret(self._keyring(), key.secret_key_id or "", access_key_id)
        except KeyError:
            # Whoever holds it can do nothing about it; whoever runs this can, told once.
            if key.id not in self._told and len(self._told) < _TOLD_MAX:
                self._told.add(key.id)
                advice = "It was made with another SECRET_KEY: put that behind the one in use, or make a new key."
                _log.warning("access_key_of_a_lost_secret", key=key.id, advice=advice)
            return None
        return SigningKey(
            id=key.id,
            access_key_id=access_key_id,
            user_id=user.id,
            secret=secret,
            rights=QueueRights(key.allow or (), self._extents(user.role)),
            until_s=self._clock.monotonic() + self._remembered_s,
            ends_at_ms=key.expires_at_ms,
            last_used_at_ms=key.last_used_at_ms or 0,
        )
