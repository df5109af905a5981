"""Keys that whoever starts the process hands over, as the value of a variable or as bytes."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.blobs.sealing.errors import KeyMissing
from wipsie.blobs.sealing.key_ring import KeyRing
from wipsie.kernel.errors import ConfigurationError


class GivenKeys:
    """The same at every look."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first is in use. None at all is stand-by. ConfigurationError when one cannot be used."""
        self._ring = KeyRing(keys) if keys else None

    @classmethod
    def from_text(cls, text: str) -> GivenKeys:
        """From hex digits, 64 for each key, parted by commas or white space. ConfigurationError."""
        return cls(read_keys(text))

    async def load(self) -> KeyRing:
        """KeyMissing when none was given."""
        if self._ring is None:
            raise KeyMissing("No key-encryption key was given to this process.")
        return self._ring


def read_keys(text: str) -> list[bytes]:
    """Keys as they stand in a setting or a file: 64 hex digits each, parted by commas or white space. ConfigurationError."""
    try:
        return [bytes.fromhex(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ConfigurationError(
            "Key-encryption keys are written as 64 hex digits each, parted by commas or lines."
        ) from None
