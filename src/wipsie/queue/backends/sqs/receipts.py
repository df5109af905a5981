"""Our receipt: the receipt handle of SQS, the key of a large body, and a sum that tells it from any other text."""

from __future__ import annotations

import base64
import re
import zlib

from wipsie.kernel.ids import QueueName, Receipt
from wipsie.queue.backend_kit.refusals import receipt_invalid

_RECEIPT = re.compile(r"s1\.([0-9a-f]{8})\.([A-Za-z0-9_-]*)\.(.+)", re.DOTALL)


def write_receipt(queue: QueueName, handle: str, large_body: str | None) -> Receipt:
    """The receipt of one delivery. `large_body` is the key of the object that goes when the message goes."""
    key = "" if large_body is None else base64.urlsafe_b64encode(large_body.encode()).decode().rstrip("=")
    return Receipt(f"s1.{_sum(queue, key, handle):08x}.{key}.{handle}")


def read_receipt(queue: QueueName, receipt: Receipt) -> tuple[str, str | None]:
    """(receipt handle, key of the large body). InvalidReceipt for text that no delivery of this queue ever carried: SQS
    itself cannot be asked about it without harm."""
    found = _RECEIPT.fullmatch(receipt)
    if found is not None:
        total, key, handle = found.groups()
        if int(total, 16) == _sum(queue, key, handle):
            return handle, base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)).decode() if key else None
    raise receipt_invalid(receipt)


def _sum(queue: QueueName, key: str, handle: str) -> int:
    return zlib.crc32(f"{queue}\n{key}\n{handle}".encode("utf-8", "surrogatepass"))
