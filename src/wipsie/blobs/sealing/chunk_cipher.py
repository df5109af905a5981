"""Seals and opens the chunks of one object (see `format`)."""

from __future__ import annotations

from wipsie.blobs.sealing.errors import SealBroken
from wipsie.blobs.sealing.format import Header, object_id_bytes
from wipsie.kernel.errors import InvalidInput

DATA_KEY_BYTES = 32
_NUMBER_BYTES = 4


class ChunkCipher:
    """For one data key, one object and one header. Blocks for a tenth of a millisecond for each chunk."""

    def __init__(self, data_key: bytes, object_id: str, header: Header) -> None:
        """InvalidInput for an id that cannot be one."""
        # Where it is used: a process that seals nothing does not load the library.
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(data_key) != DATA_KEY_BYTES:
            # AESGCM would take a shorter key, and use a weaker cipher.
            raise ValueError("A data key has 32 bytes.")
        self._gcm = AESGCM(data_key)
        self._invalid = InvalidTag
        self._header = header.encode()
        self._prefix = header.prefix
        self._chunks_max = header.chunks_max
        self._object_id = object_id
        self._id_bytes = object_id_bytes(object_id)

    def seal(self, number: int, content: bytes, *, last: bool) -> bytes:
        """One chunk with its tag. Each number once: `streams.PieceSealer` counts. InvalidInput when the object is too large."""
        if number >= self._chunks_max:
            raise InvalidInput("The object is larger than one key may seal; seal it in parts.")
        return self._gcm.encrypt(self._nonce(number), content, self._associated(number, last))

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """The content of a chunk. SealBroken unless it is chunk `number` of this object, and the last one if `last`."""
        try:
            if number < self._chunks_max:
                return self._gcm.decrypt(self._nonce(number), sealed, self._associated(number, last))
        except self._invalid:
            pass
        raise SealBroken(
            "The sealed object was changed, or is another one; restore it from a copy.",
            details={"object_id": self._object_id, "chunk": number},
        )

    def _nonce(self, number: int) -> bytes:
        return self._prefix + number.to_bytes(_NUMBER_BYTES, "big")

    def _associated(self, number: int, last: bool) -> bytes:
        return b"%b%b%c%b" % (self._header, number.to_bytes(_NUMBER_BYTES, "big"), last, self._id_bytes)
