"""Small values for database columns, sealed so that each opens in its own place only.

    value  =  version (1) ‖ id of the key-encryption key (8) ‖ nonce (24) ‖ sealed content ‖ tag (16)

XAES-256-GCM with a key of the ring for the purpose; associated data is version, key id, and table, row and column with their
lengths. A value that is copied into another row or column does not open. One that is put back from an earlier time does: only a
version in the row, or the audit log, tells that.
"""

from __future__ import annotations

import msgspec

from wipsie.blobs.sealing.errors import SealBroken
from wipsie.blobs.sealing.extended_gcm import OVERHEAD_BYTES
from wipsie.blobs.sealing.key_ring import KeyRing
from wipsie.blobs.sealing.wrapped_key import KEK_ID_BYTES
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.limits import MIB

VERSION = 1
VALUE_BYTES_MAX = 4 * MIB
"""It is sealed on the event loop: this much takes some milliseconds."""
_HEAD_BYTES = 1 + KEK_ID_BYTES
VALUE_OVERHEAD_BYTES = _HEAD_BYTES + OVERHEAD_BYTES
_VALUE = b"wipsie sealed value\0"


class Place(msgspec.Struct, frozen=True):
    """Where a value stands."""

    table: str
    row_id: str
    column: str


def seal_value(ring: KeyRing, value: bytes, place: Place, *, purpose: str) -> bytes:
    """49 bytes more than the value; equal values differ. InvalidInput for one over `VALUE_BYTES_MAX`."""
    if len(value) > VALUE_BYTES_MAX:
        raise InvalidInput(
            f"A sealed value has at most {VALUE_BYTES_MAX} bytes; what is larger is an object.",
            details={"size": len(value), "bytes_max": VALUE_BYTES_MAX},
        )
    head = bytes((VERSION,)) + bytes.fromhex(ring.active)
    return head + ring.cipher(_purpose(purpose)).seal(value, _associated(head, place))


def open_value(ring: KeyRing, sealed: bytes, place: Place, *, purpose: str) -> bytes:
    """The value. SealBroken when it was changed or sealed for another place or purpose; KeyMissing."""
    head = sealed[:_HEAD_BYTES]
    cipher = ring.cipher(_purpose(purpose), key_id_of(sealed))
    value = cipher.open(sealed[_HEAD_BYTES:], _associated(head, place))
    if value is None:
        raise _broken(place)
    return value


def reseal_value(ring: KeyRing, sealed: bytes, place: Place, *, purpose: str) -> bytes:
    """The same value under the key in use; `sealed` itself when it is that already. For rotation. SealBroken, KeyMissing."""
    value = open_value(ring, sealed, place, purpose=purpose)
    return sealed if key_id_of(sealed) == ring.active else seal_value(ring, value, place, purpose=purpose)


def seal_text(ring: KeyRing, text: str, place: Place, *, purpose: str) -> bytes:
    """`seal_value` for text. InvalidInput for text that no store keeps (unpaired surrogates)."""
    try:
        value = text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("The text holds characters that cannot be stored (unpaired surrogates).") from None
    return seal_value(ring, value, place, purpose=purpose)


def open_text(ring: KeyRing, sealed: bytes, place: Place, *, purpose: str) -> str:
    """`open_value` for text. SealBroken too when it is none."""
    try:
        return open_value(ring, sealed, place, purpose=purpose).decode()
    except UnicodeDecodeError:
        raise _broken(place) from None


def key_id_of(sealed: bytes) -> str:
    """Id of the key-encryption key a value was sealed with. SealBroken when it is no sealed value."""
    if len(sealed) < VALUE_OVERHEAD_BYTES or sealed[0] != VERSION:
        raise SealBroken("This is no sealed value, or a newer Wipsie wrote it; restore its row from a copy.")
    return sealed[1:_HEAD_BYTES].hex()


def _purpose(name: str) -> str:
    return f"value: {name}"


def _associated(head: bytes, place: Place) -> bytes:
    parts = [part.encode("utf-8", "surrogatepass") for part in (place.table, place.row_id, place.column)]
    # With their lengths: a table `a` and a row `bc` are not a table `ab` and a row `c`.
    return _VALUE + head + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _broken(place: Place) -> SealBroken:
    return SealBroken(
        "A sealed value was changed, or is that of another place; restore its row from a copy.",
        details={"table": place.table, "row_id": place.row_id, "column": place.column},
    )
