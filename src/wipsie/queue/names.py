"""Short names people type (`data_polling`) and stored names backends keep (`wipsie-data-polling`)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wipsie.kernel import limits
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.ids import QueueName

_STORED = re.compile(r"[A-Za-z0-9_-]+(\.fifo)?")
DEAD_LETTER_SUFFIX = "-dlq"


class QueueNames:
    """Maps between short and stored names for one prefix."""

    def __init__(self, prefix: str = "wipsie-", *, adopted: Mapping[str, QueueName] | None = None) -> None:
        """`adopted`: by short name, the stored names of queues that somebody else made and named."""
        self.prefix = prefix
        self.adopted = dict(adopted or {})
        self._short_of_adopted: dict[str, str] = {stored: short for short, stored in self.adopted.items()}

    def stored(self, name: str) -> QueueName:
        """Stored name for a short or stored one: prefix + name with dashes. InvalidInput when no queue can be called so."""
        if name in self.adopted:
            return self.adopted[name]
        stored = name if name.startswith(self.prefix) else self.prefix + name.replace("_", "-")
        if len(stored) > limits.QUEUE_NAME_LENGTH_MAX or not _STORED.fullmatch(stored):
            raise InvalidInput(
                f"'{name}' cannot name a queue; use up to {limits.QUEUE_NAME_LENGTH_MAX} letters, digits, '-' and '_'.",
                details={"queue_name": name},
            )
        return QueueName(stored)

    def short(self, stored: str) -> str:
        """Short name for a stored one; a foreign name is returned as it is."""
        if stored in self._short_of_adopted:
            return self._short_of_adopted[stored]
        if not stored.startswith(self.prefix):
            return stored
        return stored[len(self.prefix) :].replace("-", "_")

    def dead_letter(self, stored: QueueName) -> QueueName:
        """Name of the dead-letter queue made for a queue."""
        if stored.endswith(".fifo"):
            return QueueName(stored.removesuffix(".fifo") + DEAD_LETTER_SUFFIX + ".fifo")
        return QueueName(stored + DEAD_LETTER_SUFFIX)
