"""Each token of a provider is good for one mail, over all processes.

    (nothing) ── claimed ──► under way ── the mail is on the queue ──► accepted, with its message
        ▲                     │    ▲
        └── not accepted ─────┘    └── `UNDER_WAY_S` are over: its process died, whoever comes takes over

A token counts as used only once its mail is on the queue: a try that failed leaves nothing behind that could make a lost mail
of the next one. A process that dies after the queue has the mail and before the note says so leaves a claim; the provider,
which got no answer, comes again and brings the mail a second time. The archive knows it by its content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable, WipsieError
from wipsie.kernel.ids import MessageId
from wipsie.slices.mail.doors.webhooks.refusals import NotGenuine
from wipsie.telemetry.logging import get_logger

UNDER_WAY_S = 20.0
"""Shorter than the shortest series of tries, three of SNS with 20 seconds between them: a claim that outlived them would lose
the mail. A try that takes longer may be overtaken by the next; then the mail is on the queue twice, and archived once."""

_log = get_logger(__name__)


class Accepted(msgspec.Struct, frozen=True):
    """A mail that will not be lost any more."""

    message_id: MessageId
    duplicate: bool = False
    """It was on the queue before this request came."""


class _Note(msgspec.Struct, frozen=True, omit_defaults=True):
    fingerprint: str
    claimed_at_ms: int
    message_id: MessageId | None = None
    """None while it is under way."""


_decoder = msgspec.json.Decoder(_Note)
_encoder = msgspec.json.Encoder()


class Replays:
    """One per process."""

    def __init__(self, store: SharedStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def once(
        self, token: str, fingerprint: str, window_s: float, accept: Callable[[], Awaitable[MessageId]]
    ) -> Accepted:
        """Let `accept` put the mail on the queue, unless this token did so in the last `window_s`. NotGenuine when the token
        brought another mail before, Unavailable while another request with it is under way; or what `accept` raises."""
        key = f"mail:webhook:{hashlib.sha256(token.encode()).hexdigest()[:40]}"
        claim = _Note(fingerprint, self._clock.now_ms())
        claimed = await self._claim(key, claim, window_s)
        if isinstance(claimed, str):
            return Accepted(claimed, duplicate=True)
        try:
            message_id = await accept()
        except BaseException:
            await self._give_up(key, claimed, claim)
            raise
        await self._keep(key, msgspec.structs.replace(claim, message_id=message_id), window_s)
        return Accepted(message_id)

    async def _claim(self, key: str, claim: _Note, window_s: float) -> int | MessageId:
        """The version of our claim, or the message that the token brought before."""
        version = await self._store.compare_and_set(key, 0, _text(claim), ttl_s=window_s)
        if version is not None:
            return version
        found = await self._store.get(key)
        if found is None:
            # It ended at this very moment.
            raise _under_way()
        first = _decoder.decode(found.value)
        if first.message_id is not None:
            if first.fingerprint != claim.fingerprint:
                # Mailgun's signature is over the token alone: with one that was seen, anybody could sign any mail.
                raise NotGenuine("The token of this request has brought another mail already.")
            return first.message_id
        if claim.claimed_at_ms - first.claimed_at_ms < UNDER_WAY_S * 1000:
            raise _under_way()
        version = await self._store.compare_and_set(key, found.version, _text(claim), ttl_s=window_s)
        if version is None:
            raise _under_way()
        return version

    async def _give_up(self, key: str, version: int, claim: _Note) -> None:
        """Whoever comes next may try at once, unless somebody took over already."""
        try:
            given_up = msgspec.structs.replace(claim, claimed_at_ms=0)
            await self._store.compare_and_set(key, version, _text(given_up), ttl_s=UNDER_WAY_S)
        except WipsieError as error:
            # The claim ends by itself.
            _log.warning("Webhook's claim not given up", error=error.message)

    async def _keep(self, key: str, note: _Note, window_s: float) -> None:
        try:
            await self._store.set(key, _text(note), ttl_s=window_s)
        except WipsieError as error:
            # What is on the queue is there: its provider hears so.
            _log.warning("Webhook not noted", message_id=note.message_id, error=error.message)


def _text(note: _Note) -> str:
    return _encoder.encode(note).decode()


def _under_way() -> Unavailable:
    # Not 429: SendGrid drops a mail that was answered so.
    return Unavailable("This very mail is being accepted at this moment; send it again shortly.", retry_after_s=5)
