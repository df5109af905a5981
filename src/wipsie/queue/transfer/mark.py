"""The mark of an unfinished move: a tag on the source queue, so that the next run goes on where the last one stopped."""

from __future__ import annotations

import hashlib

import msgspec

from wipsie.kernel import json
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueSettings

MARK_TAG = "wipsie-transfer"


class Mark(msgspec.Struct, frozen=True):
    """What a queue being moved says about it."""

    transfer: str
    """Name of the note at the destination; the same in every run until the move is finished."""
    to: str
    paused: bool
    """Whether the queue was paused before the move."""


def new_mark(queue: QueueName, source: str, destination: str, *, paused: bool) -> Mark:
    """The mark of a first run. Two first runs at the same moment make the same one, so that only one of them gets on."""
    digest = hashlib.sha256(f"{source}\n{queue}".encode()).hexdigest()
    return Mark(transfer=digest[:32], to=destination, paused=paused)


def read_mark(settings: QueueSettings) -> Mark | None:
    """The mark of an unfinished move, if the queue carries one."""
    text = settings.tags.get(MARK_TAG)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Mark)
    except msgspec.MsgspecError:
        return None


def marked(settings: QueueSettings, mark: Mark) -> QueueSettings:
    """The queue while it is being moved: it delivers nothing."""
    tags = {**settings.tags, MARK_TAG: json.encode_text(mark)}
    return msgspec.structs.replace(settings, paused=True, tags=tags)


def unmarked(settings: QueueSettings) -> QueueSettings:
    """The queue as it was before the move."""
    mark = read_mark(settings)
    tags = {name: value for name, value in settings.tags.items() if name != MARK_TAG}
    return msgspec.structs.replace(settings, paused=settings.paused if mark is None else mark.paused, tags=tags)
