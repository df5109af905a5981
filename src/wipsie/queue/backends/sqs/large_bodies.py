"""Bodies that do not fit into an SQS message: kept elsewhere under a key, which travels in the message.

The object is written before the message and removed after the message was deleted. A crash in between leaves an object
that no message names; it costs its bytes and nothing else. A crash between the copy and the delete of a move leaves two
messages that name one object: the one acknowledged first takes it along, and the other is never delivered without its
body but left to the receive limit of its queue.
"""

from __future__ import annotations

from typing import Protocol

from wipsie.kernel.ids import MessageId, QueueName, new_uuid

PLACEHOLDER = "The body of this message is larger than Amazon SQS takes; Wipsie keeps it in its object store."
KEY_FOLDER = "queue-bodies"


class LargeBodies(Protocol):
    """A place for bodies by key. Raises StorageUnavailable when it cannot be reached."""

    async def put(self, key: str, body: bytes) -> None:
        """Store, durably."""
        ...

    async def get(self, key: str) -> bytes | None:
        """What was stored; None when there is nothing under this key."""
        ...

    async def delete(self, key: str) -> None:
        """Remove; nothing there is fine."""
        ...


def new_key(queue: QueueName, message_id: MessageId) -> str:
    """A key no other message has, even when two of the same id are under way."""
    readable = "".join(character if character.isalnum() or character in "-_" else "-" for character in message_id)
    return f"{KEY_FOLDER}/{queue.removesuffix('.fifo')}/{readable[:80]}-{new_uuid()[:13]}"
