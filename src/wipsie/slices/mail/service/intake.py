"""Takes mail in, whatever door it came by: durable first, then the answer.

letter ────────────────────────────────────► queue
MIME ──► object store, under a key of its own ► queue, with the place
bucket of a provider ───────────────────────► queue, with the place there

A mail whose bytes are stored and whose message is not was never accepted, and its door said so: the bytes go again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from wipsie.blobs import BlobStore
from wipsie.kernel.clock import iso_utc_ms
from wipsie.kernel.errors import MessageTooLarge, QueueFull, QueueNotFound, StorageUnavailable, TooManyRequests
from wipsie.kernel.ids import MessageId, new_message_id
from wipsie.queue.contract import Attribute, NewMessage
from wipsie.queue.engine import QueueEngine
from wipsie.slices.mail.domain.archive_key import ArchiveName, name_of, sender_digits
from wipsie.slices.mail.domain.arrival import (
    BucketObject,
    Door,
    Envelope,
    RawArrival,
    RawMail,
    incoming_key,
    letter_body,
    raw_body,
)
from wipsie.slices.mail.domain.letter import Letter

MAIL_QUEUE = "mail"
RAW_TYPE = "message/rfc822"
DOOR_ATTRIBUTE = "door"
"""Tells letters of the API, and replays, from those that others put on the queue: their bodies are alike."""
LetterDoor = Literal["api", "replay"]
WAITING_MAX = 2_000
"""Letters on their way to the queue in one process; more are told to come again."""


def letter_door(attributes: Mapping[str, Attribute]) -> Door:
    """By which door a letter came, by the attributes of its message. Whoever may put messages on the queue may write them."""
    given = attributes.get(DOOR_ATTRIBUTE)
    return "queue" if given is None else "replay" if given.value == "replay" else "api"


class AcceptedLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that will not be lost any more."""

    message_id: MessageId
    """Of the queue's message."""
    name: ArchiveName
    """The names it will have in the archive."""


class MailIntake:
    """One per process. Errors of all its calls: QueueFull, MessageTooLarge, StorageUnavailable; nothing is accepted then."""

    def __init__(self, engine: QueueEngine, blobs: BlobStore, *, queue: str = MAIL_QUEUE) -> None:
        """`queue`: short name of the queue the archive reads; `blobs` keeps what comes as MIME."""
        self._engine = engine
        self._blobs = blobs
        self._queue = queue
        self._waiting = 0

    async def accept_letter(self, letter: Letter, *, door: LetterDoor = "api") -> AcceptedLetter:
        """Put a letter on the queue, with the door it came by. Hot. TooManyRequests while too many wait for the queue already."""
        if self._waiting >= WAITING_MAX:
            raise TooManyRequests("Too many e-mails are being accepted at once; send again shortly.", retry_after_s=1.0)
        name = name_of(sender=letter.sender, timestamp_s=letter.timestamp_s, identity=letter.document())
        self._waiting += 1
        try:
            attributes = {DOOR_ATTRIBUTE: Attribute(door)}
            message_id = await self._send(letter_body(letter), letter.sender, new_message_id(), attributes)
        finally:
            self._waiting -= 1
        return AcceptedLetter(message_id=message_id, name=name)

    async def accept_raw(self, content: bytes | Path, envelope: Envelope) -> MessageId:
        """Store a mail as it came, in memory or in a file, and put it on the queue. The file stays the caller's."""
        message_id = new_message_id()
        key = incoming_key(iso_utc_ms(envelope.received_at_ms)[:10], message_id)
        stored = await self._blobs.put_by_digest(lambda _: key, content, RAW_TYPE)
        source = RawMail(key=key, sha256=stored.sha256, size=stored.size)
        try:
            body = raw_body(RawArrival(source=source, envelope=envelope))
            return await self._send(body, envelope.sender or envelope.door, message_id)
        except (QueueFull, QueueNotFound, MessageTooLarge):
            # Surely not accepted; where that is unsure, the bytes stay.
            with contextlib.suppress(StorageUnavailable):
                await self._blobs.delete(key)
            raise

    async def accept_stored(
        self, source: RawMail | BucketObject, envelope: Envelope, *, again: bool = False
    ) -> MessageId:
        """Put a mail on the queue whose bytes are kept already: here, or in a bucket from where the worker fetches them.
        `again`: its document is written anew."""
        body = raw_body(RawArrival(source=source, envelope=envelope, again=again))
        return await self._send(body, envelope.sender or envelope.door, new_message_id())

    async def _send(
        self, body: str, sender: str, message_id: MessageId, attributes: dict[str, Attribute] | None = None
    ) -> MessageId:
        queue = self._engine.resolve(self._queue)
        message = NewMessage(queue=queue, body=body, message_id=message_id, attributes=attributes)
        # As Amazon SQS names its queues that keep an order; those of ours have none.
        if queue.endswith(".fifo"):
            message.group_id = sender_digits(sender)
            # Repeats are the archive's to know: here one would vanish unseen.
            message.deduplication_id = message_id
        try:
            return (await self._engine.send(message)).message_id
        except MessageTooLarge:
            raise MessageTooLarge(
                "The e-mail is larger than the queue takes in one message; send it by SMTP, or as a provider's webhook.",
                details={"bytes": len(body)},
            ) from None
