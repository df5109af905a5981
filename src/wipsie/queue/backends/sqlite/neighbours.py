"""Wake-ups between processes that share a queue file: one datagram socket per process in a private folder.

A process that commits ready messages tells the others which queues have some; their waiting receivers look at once. It is
a hint, never the truth: a lost datagram costs a waiting receiver at most `waiters.RECHECK_S` (backend_kit).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from wipsie.kernel.ids import QueueName

_DATAGRAM_BYTES_MAX = 8192
_decoder = msgspec.json.Decoder(dict[QueueName, int])
_encoder = msgspec.json.Encoder()


class Neighbours:
    """The other processes on the same file. Lives on the event loop."""

    def __init__(self, queue_file: Path, on_ready: Callable[[QueueName, int], None]) -> None:
        self._queue_file = queue_file
        self._on_ready = on_ready
        self._socket: socket.socket | None = None
        self._own_path: Path | None = None
        self._folder: Path | None = None
        self._folder_stamp = -1
        self._peers: list[str] = []

    def start(self) -> None:
        """Open our socket. Where that cannot be done, receivers of other processes find messages by looking again."""
        with contextlib.suppress(OSError):
            folder = _private_folder(self._queue_file)
            own_path = folder / f"{os.getpid()}-{os.urandom(4).hex()}"
            receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                receiver.setblocking(False)
                receiver.bind(str(own_path))
            except OSError:
                receiver.close()
                raise
            self._folder, self._own_path, self._socket = folder, own_path, receiver
            asyncio.get_running_loop().add_reader(receiver, self._read)

    def stop(self) -> None:
        """Close our socket and remove its file."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._own_path is not None:
            self._own_path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                # Only succeeds when no other process is left in it.
                self._own_path.parent.rmdir()
            self._own_path = self._folder = None

    def tell(self, ready: dict[QueueName, int]) -> None:
        """Tell all others that these queues have so many new ready messages."""
        if self._socket is None or self._folder is None:
            return
        try:
            # The folder's time changes when a process comes or goes: most commits need no listing.
            stamp = self._folder.stat().st_mtime_ns
            if stamp != self._folder_stamp:
                self._peers = [str(path) for path in self._folder.iterdir() if path != self._own_path]
                self._folder_stamp = stamp
        except OSError:
            return
        if not self._peers:
            return
        datagram = _encoder.encode(ready)
        if len(datagram) > _DATAGRAM_BYTES_MAX:
            return
        for peer in self._peers:
            try:
                self._socket.sendto(datagram, peer)
            except (BlockingIOError, InterruptedError):
                # Its buffer is full of wake-ups already.
                continue
            except OSError:
                # Its process died without cleaning up.
                with contextlib.suppress(OSError):
                    Path(peer).unlink()

    def _read(self) -> None:
        # Bounded, so that a flood of hints cannot keep the loop from its work; the rest is read in the next turn.
        for _ in range(64):
            if self._socket is None:
                return
            try:
                datagram = self._socket.recv(_DATAGRAM_BYTES_MAX)
            except OSError:
                return
            with contextlib.suppress(msgspec.DecodeError):
                for queue, count in _decoder.decode(datagram).items():
                    self._on_ready(queue, count)


def _private_folder(queue_file: Path) -> Path:
    """A folder for this file and this user. Socket paths are limited to about 100 bytes, so it cannot lie beside the file."""
    name = hashlib.sha256(str(queue_file.resolve()).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"wipsie-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if info.st_uid != os.getuid() or not stat.S_ISDIR(info.st_mode) or info.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to somebody else.")
    return folder
