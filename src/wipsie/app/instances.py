"""Which processes of Wipsie run on a data folder: one small file each, held by a file lock.

The lock ends with its process, however that ends, so a file nobody locks is a leftover and no process needs to be asked.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

import wipsie
from wipsie.kernel import json
from wipsie.kernel.clock import Clock


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """A running process as its file describes it."""

    pid: int
    roles: tuple[str, ...]
    address: str | None
    """``http://host:port`` of the API, None without one."""
    started_at_ms: int
    version: str


class InstanceFile:
    """The file of this process; `write` when it serves, `remove` when it ends."""

    def __init__(self, data_dir: Path, *, roles: tuple[str, ...], address: str | None, clock: Clock) -> None:
        self._path = _folder(data_dir) / f"{os.getpid()}.json"
        self._instance = Instance(
            pid=os.getpid(),
            roles=roles,
            address=address,
            started_at_ms=clock.now_ms(),
            version=wipsie.__version__,
        )
        self._file: BinaryIO | None = None

    def write(self) -> None:
        """Make the file and hold it."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        # Locked before it holds anything: a reader never takes a new file for a leftover.
        file = self._path.open("wb", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.encode(self._instance))
        self._file = file

    def remove(self) -> None:
        """Take the file away."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def running_instances(data_dir: Path) -> list[Instance]:
    """Processes that run on this folder now, oldest first; leftovers of killed ones are removed."""
    found: list[Instance] = []
    for path in _folder(data_dir).glob("*.json"):
        try:
            with path.open("rb") as file:
                content = file.read()
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    found.append(msgspec.json.decode(content, type=Instance))
                else:
                    if content:
                        path.unlink(missing_ok=True)
        except (OSError, msgspec.MsgspecError):
            # Gone or being written at this moment.
            continue
    return sorted(found, key=lambda instance: instance.started_at_ms)


def running_address(data_dir: Path) -> str | None:
    """Where the API of this folder answers, or None when none runs."""
    return next((one.address for one in running_instances(data_dir) if one.address is not None), None)


def _folder(data_dir: Path) -> Path:
    return data_dir / "run"
