"""What becomes of a message that another store kept before: the rules of `TransferPort.adopt` for every backend."""

from __future__ import annotations

from wipsie.kernel.errors import Conflict
from wipsie.queue.backend_kit.admission import deduplication_key
from wipsie.queue.backend_kit.extras import Extras
from wipsie.queue.contract import MessageState, NewMessage, QueueSettings, StoredMessage

NOTE_KEPT_S = 400 * 24 * 3600
"""How long the note of the last batch is kept: a move that was interrupted may be taken up after the holidays."""


def note_key(transfer: str) -> str:
    """The key under which the note of a transfer stands among the deduplication ids of a queue."""
    return f"transfer:{transfer}"


def adopted_at_ms(message: StoredMessage, now_ms: int) -> int:
    """From when on the message may be delivered, or since when it waits."""
    if message.state is MessageState.LEASED:
        return now_ms
    return min(message.visible_at_ms, now_ms) if message.state is MessageState.READY else message.visible_at_ms


def adopted_extras(message: StoredMessage) -> Extras:
    """The rarely used fields, as they were."""
    return Extras(
        attributes=dict(message.attributes),
        deduplication_id=message.deduplication_id,
        redrive_count=message.redrive_count,
        origin=message.origin,
        dead_letter=message.dead_letter,
    )


def remembered(settings: QueueSettings, message: StoredMessage, now_ms: int) -> tuple[str, int] | None:
    """(Deduplication key, when it is forgotten in ms) of a message whose window is still open."""
    if message.dead_letter is not None:
        return None
    expires_at_ms = message.sent_at_ms + int(settings.deduplication_window_s * 1000)
    if expires_at_ms <= now_ms:
        return None
    key = deduplication_key(
        settings,
        NewMessage(
            queue=message.queue,
            body=message.body,
            message_id=message.message_id,
            deduplication_id=message.deduplication_id,
            group_id=message.group_id,
        ),
    )
    return None if key is None else (key, expires_at_ms)


def another_mover(queue: str) -> Conflict:
    """The refusal when the note is not the one this mover wrote last."""
    return Conflict(
        f"Another `wipsie queue migrate` moves '{queue}' at the same time; let one of the two finish.",
        details={"queue_name": queue},
    )
