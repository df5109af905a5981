"""Repeated sends recognised where the backend cannot: what was sent under a deduplication id is noted in the shared store.

    (nothing) ── claimed, with the id the message gets ──► under way ── stored by the backend ──► sent
        ▲                                                  │    ▲
        └───────────────── refused ────────────────────────┘    └── the claimant died or does not know: taken over, same id

A repeat of a sent message is answered as the first was. Killed between the backend's answer and the note, a process leaves a
claim; who repeats the send after `UNDER_WAY_S` sends the message a second time, under the same message id.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from wipsie.database.shared_store.contract import SharedStore
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import TooManyRequests, WipsieError
from wipsie.kernel.ids import MessageId
from wipsie.queue.backend_kit.refusals import key_reused
from wipsie.queue.contract import NewMessage, SendResult
from wipsie.telemetry.logging import get_logger

UNDER_WAY_S = 30.0
"""A claim this old belongs to nobody any more: longer than any send takes."""
_WINDOW_S = 300.0
"""As queues have it, for messages that name none."""
_CLAIM_TRIES_MAX = 5
_AT_ONCE_MAX = 16

Forward = Callable[[Sequence[NewMessage]], Awaitable[list[SendResult | WipsieError]]]

_log = get_logger(__name__)


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of the first send under an id."""

    message_id: MessageId
    claimed_at_ms: int
    """0: its outcome is unknown, whoever comes may take it over."""
    fingerprint: str | None = None
    sequence_number: int = 0
    sent_at_ms: int | None = None
    """None while it is under way."""


class Claim(msgspec.Struct, frozen=True):
    """The right to send one message."""

    key: str
    version: int
    note: Note
    window_s: float


_decoder = msgspec.json.Decoder(Note)
_encoder = msgspec.json.Encoder()


class Repeats:
    """Sends messages with a deduplication id through a backend that keeps none."""

    def __init__(self, store: SharedStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._at_once = asyncio.Semaphore(_AT_ONCE_MAX)

    async def send(self, messages: Sequence[NewMessage], forward: Forward) -> list[SendResult | WipsieError]:
        """One result or refusal each, in order: IdempotencyKeyReused for another message under a known id, TooManyRequests
        while the first is under way, or what `forward` gives. StorageUnavailable: nothing was sent."""
        firsts: dict[str, int] = {}
        places = [firsts.setdefault(_key(message), index) for index, message in enumerate(messages)]
        claims = await asyncio.gather(*(self._claim(key, messages[index]) for key, index in firsts.items()))
        claimed = dict(zip(firsts.values(), claims, strict=True))
        sent = await self._send(
            {index: one for index, one in claimed.items() if isinstance(one, Claim)}, messages, forward
        )
        answers: dict[int, SendResult | WipsieError] = {
            index: one for index, one in claimed.items() if not isinstance(one, Claim)
        } | sent
        return [
            answers[first] if first == index else _repeat_of(answers[first], messages[first], messages[index])
            for index, first in enumerate(places)
        ]

    async def _claim(self, key: str, message: NewMessage) -> Claim | SendResult | WipsieError:
        window_s = message.deduplication_window_s or _WINDOW_S
        async with self._at_once:
            for _ in range(_CLAIM_TRIES_MAX):
                found = await self._store.get(key)
                now_ms = self._clock.now_ms()
                note = Note(message.message_id, now_ms, message.fingerprint)
                if found is not None:
                    first = _decoder.decode(found.value)
                    if (
                        None not in (first.fingerprint, message.fingerprint)
                        and first.fingerprint != message.fingerprint
                    ):
                        return key_reused(first.message_id)
                    if first.sent_at_ms is not None:
                        return SendResult(first.message_id, first.sequence_number, first.sent_at_ms, duplicate=True)
                    if now_ms - first.claimed_at_ms < UNDER_WAY_S * 1000:
                        return _under_way()
                    note = msgspec.structs.replace(note, message_id=first.message_id)
                version = 0 if found is None else found.version
                if (ours := await self._write(key, version, note, window_s)) is not None:
                    return Claim(key, ours, note, window_s)
        return _under_way()

    async def _send(
        self, claims: dict[int, Claim], messages: Sequence[NewMessage], forward: Forward
    ) -> dict[int, SendResult | WipsieError]:
        if not claims:
            return {}
        try:
            results = await forward([_plain(messages[index], claim.note) for index, claim in claims.items()])
        except BaseException:
            # Sent or not: whoever repeats it may do so at once, under the same id.
            await self._note_all(
                [(claim, msgspec.structs.replace(claim.note, claimed_at_ms=0)) for claim in claims.values()]
            )
            raise
        outcomes: list[tuple[Claim, Note | None]] = []
        for claim, result in zip(claims.values(), results, strict=True):
            done = isinstance(result, SendResult)
            note = (
                msgspec.structs.replace(
                    claim.note, sequence_number=result.sequence_number, sent_at_ms=result.sent_at_ms
                )
                if done
                else None
            )
            outcomes.append((claim, note))
        await self._note_all(outcomes)
        return dict(zip(claims, results, strict=True))

    async def _note_all(self, outcomes: Sequence[tuple[Claim, Note | None]]) -> None:
        async def note_one(claim: Claim, note: Note | None) -> None:
            async with self._at_once:
                try:
                    if note is None:
                        await self._store.delete(claim.key)
                    else:
                        await self._write(claim.key, claim.version, note, claim.window_s)
                except WipsieError as error:
                    # What was sent is sent: its sender hears so, and the claim ends by itself.
                    _log.warning("send_not_noted", message_id=claim.note.message_id, error=error.message)

        await asyncio.gather(*(note_one(claim, note) for claim, note in outcomes))

    async def _write(self, key: str, version: int, note: Note, window_s: float) -> int | None:
        ttl_s = max(window_s, UNDER_WAY_S)
        return await self._store.compare_and_set(key, version, _encoder.encode(note).decode(), ttl_s=ttl_s)


def _key(message: NewMessage) -> str:
    digest = hashlib.sha256((message.deduplication_id or "").encode()).hexdigest()
    return f"sent:{message.queue}:{digest[:40]}"


def _plain(message: NewMessage, note: Note) -> NewMessage:
    """The message as a backend without notes of its own takes it. A FIFO queue of such a backend still wants the id."""
    keeps_id = message.queue.endswith(".fifo")
    return msgspec.structs.replace(
        message,
        message_id=note.message_id,
        deduplication_id=message.deduplication_id if keeps_id else None,
        deduplication_window_s=None,
        fingerprint=None,
    )


def _repeat_of(answer: SendResult | WipsieError, first: NewMessage, message: NewMessage) -> SendResult | WipsieError:
    """The answer to a message that came twice in one call."""
    if isinstance(answer, WipsieError):
        return answer
    if None not in (first.fingerprint, message.fingerprint) and first.fingerprint != message.fingerprint:
        return key_reused(answer.message_id)
    return msgspec.structs.replace(answer, duplicate=True)


def _under_way() -> TooManyRequests:
    return TooManyRequests(
        "A message with this key is being sent at this very moment; try again in a second.", retry_after_s=1
    )
