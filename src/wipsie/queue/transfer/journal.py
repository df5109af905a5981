"""What is known about the last batch of a move into a store that cannot note it itself: a small file, always on disk.

It is replaced as a whole before and after each batch, so a crash finds either text. One mover at a time holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from wipsie.kernel.errors import Conflict, StorageUnavailable
from wipsie.kernel.ids import QueueName


class Entry(msgspec.Struct):
    """One queue in the journal."""

    arrived: list[str] = []
    """Keys the destination accepted; they may still be in the source."""
    underway: list[str] = []
    """Keys that were being sent: whether they arrived nobody knows."""
    doubtful: list[str] = []
    """Keys that were under way when a run ended, and were sent again by the next: to be told at the end."""


_decoder = msgspec.json.Decoder(dict[str, Entry])
_encoder = msgspec.json.Encoder()


class Journal:
    """The file of one move, named after both ends. Blocking: call in a thread."""

    def __init__(self, folder: Path, source: str, destination: str) -> None:
        digest = hashlib.sha256(f"{source}\n{destination}".encode()).hexdigest()[:16]
        self._path = folder / f"{digest}.json"
        self._lock: BinaryIO | None = None
        self._entries: dict[str, Entry] = {}

    def open(self) -> None:
        """Read what an earlier run left. Conflict while another run holds it; StorageUnavailable."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._path.with_suffix(".lock").open("wb")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                raise Conflict("Another `wipsie queue migrate` makes the same move; let it finish.") from None
            self._lock = lock
            with contextlib.suppress(FileNotFoundError):
                self._entries = _decoder.decode(self._path.read_bytes())
        except (OSError, msgspec.MsgspecError) as error:
            self.close()
            raise StorageUnavailable(
                f"The journal {self._path} cannot be read ({error}); see to the data folder, then try again.",
                retry_after_s=5,
            ) from None

    def close(self) -> None:
        """Let go; the file goes away when there is nothing to remember."""
        if self._lock is not None:
            if not any(entry.arrived or entry.underway for entry in self._entries.values()):
                self._path.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def entry(self, queue: QueueName) -> Entry:
        """What is known of a queue."""
        return self._entries.get(queue) or Entry()

    def write(self, queue: QueueName, entry: Entry) -> None:
        """Remember, durably. StorageUnavailable."""
        self._entries[queue] = entry
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                file.write(_encoder.encode(self._entries))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StorageUnavailable(
                f"The journal {self._path} cannot be written ({error}); see to the data folder, then try again.",
                retry_after_s=5,
            ) from None
