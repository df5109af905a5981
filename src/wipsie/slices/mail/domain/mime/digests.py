"""Digests of text that stay the same when a relay changes line ends."""

from __future__ import annotations

import hashlib

_NEWLINES = b"\n" * 65_536


class LinesDigest:
    """SHA-256 of bytes with CRLF and CR as LF, and without empty lines at the end."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._newlines = 0
        """At the end of what came so far: they count once something follows."""
        self._return_held = False
        """Whether the last byte was a CR, which may have its LF in the next piece."""

    def update(self, chunk: bytes) -> None:
        if self._return_held:
            chunk = b"\r" + chunk
        self._return_held = chunk.endswith(b"\r")
        if self._return_held:
            chunk = chunk[:-1]
        lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        kept = lines.rstrip(b"\n")
        if kept:
            # What was held stands before this; a CR that is held now stands behind it.
            while self._newlines:
                some = min(self._newlines, len(_NEWLINES))
                self._hash.update(_NEWLINES[:some])
                self._newlines -= some
            self._hash.update(kept)
        self._newlines += len(lines) - len(kept)

    def hexdigest(self) -> str:
        """A CR that is held ends a line, so it does not count."""
        return self._hash.hexdigest()
