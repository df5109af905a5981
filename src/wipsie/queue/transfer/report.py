"""What a move did, as people and programs read it."""

from __future__ import annotations

import msgspec

from wipsie.kernel.ids import QueueName


class Difference(msgspec.Struct, frozen=True):
    """A setting in which a queue that existed at the destination differs; the destination keeps its own."""

    setting: str
    source: object
    destination: object


class QueueReport(msgspec.Struct, frozen=True, kw_only=True):
    """One queue after the move."""

    queue: QueueName
    moved: int
    left: int
    """Messages still in the source: delayed ones it cannot hand over yet, or sent during the move."""
    created: bool
    """The queue did not exist at the destination before."""
    differences: tuple[Difference, ...] = ()


class TransferReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole move."""

    queues: tuple[QueueReport, ...]
    seconds: float
    interrupted: bool = False
    """`Transfer.cancel` ended it between two batches; nothing is in both stores."""
    notes: tuple[str, ...] = ()
    """Sentences worth reading: what may be there twice, what was left."""

    @property
    def moved(self) -> int:
        return sum(one.moved for one in self.queues)

    @property
    def left(self) -> int:
        return sum(one.left for one in self.queues)
