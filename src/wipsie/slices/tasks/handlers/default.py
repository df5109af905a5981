"""Messages of the default queue: filed with a summary of what they hold, whatever their task type."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from wipsie.blobs import BlobStore
from wipsie.kernel import json
from wipsie.queue.message import StandardMessage
from wipsie.workers.handler import TaskContext

INLINE_BYTES_MAX = 16 * 1024
_SHOWN_CHARS = 200
_SHOWN_KEYS = 100


class DefaultHandlers:
    """`process_default_message` and `echo`."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def process_default_message(self, message: StandardMessage[Any], context: TaskContext) -> dict[str, Any]:
        """File a message of any task type. The result holds a summary and the data itself: inline up to 16 KiB, else as
        an object, whose key it names. So nothing sent to Wipsie is gone once its queue is empty."""
        content = json.encode(message.data)
        digest = hashlib.sha256(content).hexdigest()
        data = message.data
        result: dict[str, Any] = {
            "task_type": message.task_type,
            "message": message.message[:_SHOWN_CHARS],
            "source": message.source[:_SHOWN_CHARS],
            "keys": _keys(data),
            "size_bytes": len(context.delivery.body.encode("utf-8", "replace")),
            "data_sha256": digest,
        }
        if len(content) <= INLINE_BYTES_MAX:
            return {**result, "data": data}
        key = f"messages/{digest[:2]}/{digest}.json"
        # The key is made from the content: a repeated delivery writes the same object again.
        await self._blobs.put(key, content, "application/json")
        return {**result, "blob_key": key}

    async def echo(self, message: StandardMessage[Any], context: TaskContext) -> Any:
        """Return the data as it came: the shortest way to see that a message travels through everything."""
        return message.data


def _keys(data: Any) -> list[str]:
    names = sorted(cast("dict[str, Any]", data)) if isinstance(data, dict) else []
    return [name[:_SHOWN_CHARS] for name in names[:_SHOWN_KEYS]]
