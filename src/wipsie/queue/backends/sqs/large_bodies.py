"""Bodies that do not fit into an SQS message: kept elsewhere under a key, which travels in the message.

The object is written before the message and removed after the message was deleted. A crash in between leaves an object
that no message names; it costs its bytes and nothing else. A crash between the copy and the delete of a move leaves two
messages that name one object: the one acknowledged first takes it along, and the other is never delivered without its
body but left to the receive limit of its queue.
"""

from __future__ import annotations

import re
from typing import Protocol

from wipsie.kernel.ids import MessageId, QueueName, new_uuid

PLACEHOLDER = "The body of this message is larger than Amazon SQS takes; Wipsie keeps it in its object store."
KEY_FOLDER = "queue-bodies"
_KEY = re.compile(KEY_FOLDER + "/[A-Za-z0-9_-]{1,80}/[A-Za-z0-9_-]{1,120}")
_UNREADABLE = re.compile("[^A-Za-z0-9_-]")


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
    readable = _UNREADABLE.sub("-", message_id)[:80]
    return f"{KEY_FOLDER}/{queue.removesuffix('.fifo')}/{readable}-{new_uuid()}"


def is_key(text: str) -> bool:
    """Whether we could have made this key. Whoever may send to a queue can name a key in an envelope; no other object of the
    store may be read or removed that way, and those of other messages cannot be guessed."""
    return _KEY.fullmatch(text) is not None
