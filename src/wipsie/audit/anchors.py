"""Anchors: notes, kept outside the database, of where the log once ended. They find what no chain can: an end cut off
together with every trace of it in the database, for example by an older backup.
"""

from __future__ import annotations

import hmac
from typing import Protocol

import msgspec

from wipsie.audit.chain import GENESIS
from wipsie.audit.keys import AuditKeys
from wipsie.audit.log import AuditLog, read_head
from wipsie.database import Database
from wipsie.kernel import json
from wipsie.kernel.clock import Clock

FOLDER = "audit/anchors"
_PURPOSE = b"anchor"
_ANCHORS_MAX = 1_000_000


class AnchorPlace(Protocol):
    """Where anchors lie: an object store, as far as it is needed here. Raises StorageUnavailable."""

    async def put(self, key: str, content: bytes) -> object:
        """Store, durably."""
        ...

    async def get(self, key: str) -> bytes:
        """What was stored."""
        ...

    async def list(self, prefix: str, *, limit: int) -> list[str]:
        """Keys under a prefix."""
        ...


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """At `at_ms` the log was `seq` events long and ended with `seal`."""

    seq: int
    seal: str
    at_ms: int
    key_id: str
    anchor_seal: str

    def is_genuine(self, keys: AuditKeys) -> bool:
        """Whether a holder of the key made it."""
        if not keys.knows(self.key_id):
            return False
        return hmac.compare_digest(self.anchor_seal, _seal(keys, self.key_id, self.seq, self.seal, self.at_ms))


class Anchors:
    """The anchors of one log."""

    def __init__(self, place: AnchorPlace, log: AuditLog, clock: Clock) -> None:
        self._place = place
        self._log = log
        self._clock = clock
        self._last: tuple[int, str] = (0, GENESIS)

    async def drop(self, database: Database) -> Anchor | None:
        """Note where the log ends now; None when that was noted already. StorageUnavailable; ConfigurationError when the log
        is sealed with a key we do not have: our anchor would look forged to those who have it."""
        async with database.read() as connection:
            head = await read_head(connection)
        if head is None or not head.seq or (head.seq, head.seal) == self._last:
            return None
        self._log.check_head(head)
        at_ms, keys = self._clock.now_ms(), self._log.keys
        anchor = Anchor(
            seq=head.seq,
            seal=head.seal,
            at_ms=at_ms,
            key_id=keys.current,
            anchor_seal=_seal(keys, keys.current, head.seq, head.seal, at_ms),
        )
        # The seal in the name: a log that was rewritten cannot overwrite the anchors of the one before.
        await self._place.put(f"{FOLDER}/{head.seq:012d}-{head.seal[:16]}.json", json.encode(anchor))
        self._last = (head.seq, head.seal)
        return anchor

    async def all(self) -> list[tuple[str, Anchor | None]]:
        """Every anchor with its key, None for one that cannot be read, by length of the log. StorageUnavailable."""
        found: list[tuple[str, Anchor | None]] = []
        for key in await self._place.list(FOLDER, limit=_ANCHORS_MAX):
            try:
                found.append((key, msgspec.json.decode(await self._place.get(key), type=Anchor)))
            except msgspec.DecodeError:
                found.append((key, None))
        return found


def _seal(keys: AuditKeys, key_id: str, seq: int, seal: str, at_ms: int) -> str:
    return keys.seal(key_id, _PURPOSE, str(seq).encode(), seal.encode(), str(at_ms).encode())
