"""Says who stands behind a token or an API key, and what they may do at this moment.

The answer is remembered for some seconds, since every request asks. What this process changes itself it forgets at once; of
what another process changes it learns when its memory ends.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from wipsie.auth import accounts, api_keys, sessions
from wipsie.auth.keyring import Keyring
from wipsie.auth.principal import Principal
from wipsie.auth.rights import Extent, RightsTable
from wipsie.auth.signing_keys import SigningKeys
from wipsie.auth.tokens import Tokens, worthless
from wipsie.database import Database
from wipsie.kernel.clock import Clock

REMEMBERED_S = 5.0
REMEMBERED_MAX = 10_000
SEEN_EVERY_S = 60.0


class _Remembered(msgspec.Struct, frozen=True):
    principal: Principal
    until_s: float
    """On the monotonic clock."""
    ends_at_ms: int
    """When the session or key ends by itself."""


class AccountAuthenticator:
    """One per process."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        keyring: Callable[[], Keyring],
        rights: Callable[[], RightsTable],
        clock: Clock,
    ) -> None:
        """`rights` is asked once, when the first request comes."""
        self._database = database
        self._tokens = tokens
        self._rights = rights
        self._clock = clock
        self._table: RightsTable | None = None
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._forgotten = 0
        """How often something was forgotten: what was read before is not remembered after."""
        self._seen_at_ms: dict[str, int] = {}
        """Uses of sessions and keys that wait to be written."""
        self.signing_keys = SigningKeys(
            database, keyring, self._extents, clock, remembered_s=REMEMBERED_S, note_used=self._note
        )
        """The keys that sign requests instead of coming with them."""

    async def authenticate(self, token: str) -> Principal:
        """Unauthorized for a token or key that is expired, revoked, forged, or of somebody who may no longer sign in."""
        known = self._remembered.get(token)
        now_ms = self._clock.now_ms()
        if known is not None and self._clock.monotonic() < known.until_s and now_ms < known.ends_at_ms:
            return known.principal
        forgotten = self._forgotten
        found = await (self._of_key(token) if token.startswith(api_keys.SCHEME) else self._of_session(token))
        if forgotten == self._forgotten:
            self._remembered[token] = found
            self._remembered.move_to_end(token)
            while len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return found.principal

    def forget(self, user_id: str) -> None:
        """Somebody's role, activity, sessions or keys changed: look again with their next request."""
        self._forgotten += 1
        self.signing_keys.forget(user_id)
        for token in [token for token, known in self._remembered.items() if known.principal.user_id == user_id]:
            del self._remembered[token]

    async def write_seen(self) -> int:
        """Write down which sessions and keys were used since the last time; how many. Once a minute is often enough.
        StorageUnavailable: then nothing is lost but the time of a last use."""
        seen, self._seen_at_ms = self._seen_at_ms, {}
        if not seen:
            return 0
        of_keys = {one: at_ms for one, at_ms in seen.items() if one.startswith(api_keys.ID_PREFIX)}
        async with self._database.begin() as connection:
            await sessions.note_seen(connection, {one: seen[one] for one in seen.keys() - of_keys.keys()})
            await api_keys.note_used(connection, of_keys)
        return len(seen)

    async def _of_session(self, token: str) -> _Remembered:
        claims = self._tokens.read(token)
        now_ms = self._clock.now_ms()
        async with self._database.read() as connection:
            session = await sessions.find(connection, claims.session_id)
            user = await accounts.find(connection, claims.user_id)
        if session is None or session.user_id != claims.user_id or session.revoked_at_ms is not None:
            raise worthless()
        if user is None or not user.is_active or now_ms >= session.expires_at_ms:
            raise worthless()
        self._note(session.id, session.last_seen_at_ms, now_ms)
        return self._remember(
            Principal(
                kind="user",
                id=user.id,
                user_id=user.id,
                role=user.role,
                extents=self._extents(user.role),
                session_id=session.id,
            ),
            session.expires_at_ms,
        )

    async def _of_key(self, secret: str) -> _Remembered:
        now_ms = self._clock.now_ms()
        async with self._database.read() as connection:
            key = await api_keys.find_by_secret(connection, secret)
            user = None if key is None else await accounts.find(connection, key.user_id)
        if key is None or key.revoked_at_ms is not None or user is None or not user.is_active:
            raise worthless()
        ends_at_ms = now_ms + 86_400_000 if key.expires_at_ms is None else key.expires_at_ms
        if now_ms >= ends_at_ms:
            raise worthless()
        self._note(key.id, key.last_used_at_ms or 0, now_ms)
        owned = self._extents(user.role)
        principal = Principal(
            kind="key",
            id=key.id,
            user_id=user.id,
            role=user.role,
            extents={scope: owned[scope] for scope in key.scopes if owned.get(scope, Extent.NONE) is not Extent.NONE},
        )
        return self._remember(principal, ends_at_ms)

    def _extents(self, role: str) -> dict[str, Extent]:
        if self._table is None:
            self._table = self._rights()
        return dict(self._table.of(role))

    def _remember(self, principal: Principal, ends_at_ms: int) -> _Remembered:
        return _Remembered(principal, self._clock.monotonic() + REMEMBERED_S, ends_at_ms)

    def _note(self, one_id: str, last_at_ms: int, now_ms: int) -> None:
        if now_ms - last_at_ms >= SEEN_EVERY_S * 1000 and len(self._seen_at_ms) < REMEMBERED_MAX:
            self._seen_at_ms[one_id] = now_ms
