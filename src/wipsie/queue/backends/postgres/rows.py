"""How messages look in the tables: packed keys, receipts and states."""

from __future__ import annotations

import re
from enum import IntEnum

from wipsie.kernel.ids import Receipt
from wipsie.queue.backend_kit.refusals import receipt_invalid
from wipsie.queue.contract import MessageState

NUMBER_BITS = 44
"""17 million million messages: ten years at fifty thousand each second."""
NUMBER_MASK = (1 << NUMBER_BITS) - 1
LEASE_BITS = 62
_RECEIPT = re.compile("[0-9a-f]{1,16}-[0-9a-f]{1,16}")
_KEY_MAX = (1 << 63) - 1


class State(IntEnum):
    """Stored form of `MessageState`."""

    READY = 0
    DELAYED = 1
    LEASED = 2
    BLOCKED = 3


PUBLIC_STATES = (MessageState.READY, MessageState.DELAYED, MessageState.LEASED, MessageState.BLOCKED)
STORED_STATES = {public: State(place) for place, public in enumerate(PUBLIC_STATES)}


def make_receipt(key: int, lease: int) -> Receipt:
    """The receipt of one delivery."""
    return Receipt(f"{key:x}-{lease:x}")


def parse_receipt(receipt: str) -> tuple[int, int]:
    """(key, lease); InvalidReceipt for text that no delivery ever carried."""
    if _RECEIPT.fullmatch(receipt):
        key, _, lease = receipt.partition("-")
        numbers = int(key, 16), int(lease, 16)
        if max(numbers) <= _KEY_MAX:
            return numbers
    raise receipt_invalid(receipt)
